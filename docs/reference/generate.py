"""Makes the reference pages that must not drift: settings, commands, events.

``make docs`` writes them; ``tests/test_docs.py`` fails where they are not what the code says.
"""

import inspect
import sys
import typing
from pathlib import Path

import msgspec
import typer

from boots import settings
from boots.app.server import AT_START
from boots.cli import app
from boots.journal import events

HERE = Path(__file__).parent
_MADE = "<!-- Made by docs/reference/generate.py from the code; `make docs` writes it anew. -->\n"


def settings_page() -> str:
    """Every setting: its key, kind, default, environment variable and meaning."""
    lines = [
        _MADE,
        "# Settings",
        "",
        (
            "Settings come from a TOML file (`--config FILE` or `BOOTS_CONFIG`),"
            " then from the environment, then from flags; the later wins."
        ),
        "A relative path in the file is taken from the file's own directory.",
        "An unknown key is refused, with the nearest one that exists.",
        "SIGHUP makes a running server read them again.",
        f"Only a restart brings these into force: {', '.join(f'`{key}`' for key in AT_START)}.",
        "In the environment, lists are separated by commas.",
        "",
        "| key | kind | default | in the environment | meaning |",
        "|---|---|---|---|---|",
    ]
    for key, kind, default in settings.all_keys():
        variable = f"BOOTS_{key.replace('.', '_').upper()}"
        lines.append(
            f"| `{key}` | {_kind(kind)} | `{msgspec.json.encode(default).decode()}`"
            f" | `{variable}` | {settings.MEANINGS[key]} |"
        )
    return "\n".join([*lines, ""])


def _kind(kind: object) -> str:
    if typing.get_origin(kind) is typing.Literal:
        return " or ".join(f"`{word}`" for word in typing.get_args(kind))
    return {str: "text", int: "number", bool: "true or false"}.get(kind, "list")  # type: ignore[call-overload, no-any-return]


def commands_page() -> str:
    """Every command with its arguments and options, as its own ``--help`` has them."""
    lines = [_MADE, "# Commands", "", "`boots COMMAND --help` says the same.", ""]
    group = typer.main.get_command(app)
    lines += _command(group, group.make_context("boots", [], resilient_parsing=True))
    return "\n".join(lines)


def _command(command: typing.Any, context: typing.Any) -> list[str]:
    lines: list[str] = []
    names = command.list_commands(context) if hasattr(command, "list_commands") else []
    if not names:
        lines += [f"## {context.command_path}", "", (command.help or "").strip(), ""]
        lines += ["| | meaning |", "|---|---|"]
        for parameter in command.params:
            words = "`, `".join([*parameter.opts, *parameter.secondary_opts])
            if parameter.param_type_name == "argument":
                words = parameter.name.upper()
            lines.append(f"| `{words}` | {getattr(parameter, 'help', '') or ''} |")
        lines.append("")
    for name in names:
        below = command.get_command(context, name)
        inside = below.make_context(name, [], parent=context, resilient_parsing=True)
        lines += _command(below, inside)
    return lines


def events_page() -> str:
    """Every event with its fields."""
    lines = [
        _MADE,
        "# Events",
        "",
        (
            'Every line of the journal (setting `journal`) is `{"at": SECONDS, "event": {…}}`: the'
            " moment in seconds since 1970 UTC, and one of the following by its name in `event`."
        ),
        "",
        "`mac` is the machine's, like `52:54:00:12:34:56`, or empty when unknown.",
        "`peer` is `address:port` of the program that asked, `door` the protocol it asked by.",
        "`why` is the reason, for people.",
        "Sizes are in bytes, durations in seconds.",
        "",
    ]
    for kind in typing.get_args(events.AnyEvent):
        fields = msgspec.structs.fields(kind)
        lines += [f"## {kind.__name__}", "", inspect.getdoc(kind) or "", ""]
        lines += ["Fields: " + ", ".join(f"`{field.name}`" for field in fields) + ".", ""]
    return "\n".join(lines)


PAGES = {
    "settings.md": settings_page,
    "commands.md": commands_page,
    "events.md": events_page,
}


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (HERE / name).write_text(page())


if __name__ == "__main__":
    sys.exit(main())
