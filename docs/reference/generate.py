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
from boots.api import openapi
from boots.api.reading import Param
from boots.api.route import Route, Tag
from boots.api.routes import TABLE
from boots.app.reloading import AT_START
from boots.cli import app
from boots.journal import events
from boots.model.limits import LIMITS
from boots.model.quirk import Behaviour, Match
from boots.policy import quirks
from boots.settings.meanings import OF_SUBNETS
from boots.timeline import knowledge
from boots.timeline.case import TITLES
from boots.timeline.patience import PATIENCE
from boots.workflow.gotemplate.functions import REFUSED, SUBJECTS
from boots.workflow.native import KINDS

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import dependencies  # noqa: E402  # it stands beside this file

TABLES = {"subnets"}  # a variable holds no table
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
        variable = f"`BOOTS_{key.replace('.', '_').upper()}`" if key not in TABLES else "—"
        lines.append(
            f"| `{key}` | {_kind(kind)} | `{msgspec.json.encode(default).decode()}`"
            f" | {variable} | {settings.MEANINGS[key]} |"
        )
    return "\n".join([*lines, "", *_subnets_section()])


def _subnets_section() -> list[str]:
    """The keys of each ``[[subnets]]``."""
    lines = [
        "## `[[subnets]]`",
        "",
        "What is known of a network that machines are in: a table for each, in the file only.",
        "[Networks](../howto/networks.md) says what it is good for, [pool](../howto/pool.md) too.",
        "",
        "| key | kind | default | meaning |",
        "|---|---|---|---|",
    ]
    for field in msgspec.structs.fields(settings.Subnet):
        shown = "must be there"
        if not field.required:
            shown = f"`{msgspec.json.encode(_default(field)).decode()}`"
        kind = "table" if typing.get_origin(field.type) is dict else _kind(field.type)
        lines.append(f"| `{field.name}` | {kind} | {shown} | {OF_SUBNETS[field.name]} |")
    return [*lines, ""]


def _default(field: msgspec.structs.FieldInfo) -> object:
    made = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()


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


def quirks_page() -> str:
    """Every quirk that is shipped, what all get for the sake of a few, and how to add one."""
    lines = [
        _MADE,
        "# Quirks",
        "",
        "Some clients must be answered otherwise than the standards say.",
        "What is done for them stands in a table, and a file of yours can add to it.",
        "`boots explain` shows the outcome.",
        "",
        "## Shipped",
        "",
        "| name | who | what is done | needed by |",
        "|---|---|---|---|",
    ]
    for quirk in quirks.SHIPPED:
        who, what = _said(quirk.match), _said(quirk.behaviour)
        lines.append(f"| `{quirk.name}` | {who} | {what} | {quirk.needed_by} |")
    lines += ["", "## For everybody, for the sake of a few", ""]
    lines += ["Who needs these cannot be told from others.", ""]
    lines += ["| name | what all get | needed by |", "|---|---|---|"]
    for habit in quirks.HABITS:
        lines.append(f"| `{habit.name}` | {habit.what} | {habit.needed_by} |")
    lines += ["", "## Your own", "", *_OWN_QUIRKS]
    for kind in (Match, Behaviour):
        meaning = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[2]
        lines += [f"### `{kind.__name__.lower()}`", ""]
        lines += [" ".join(meaning.replace("``", "`").split()).replace(". `", ".\n`"), ""]
    return "\n".join(lines)


_OWN_QUIRKS = [
    "`dhcp.quirks` names a YAML file, or a folder of them.",
    "Your rows come after those shipped; where two say different things, the later wins.",
    "A mistake is told with file, line and field, and leaves everything as it was.",
    "",
    "```yaml",
    "quirks:",
    "  - name: lab-switches",
    '    match: {ouis: ["00:11:22"], programs: [pxe-rom]}',
    "    behaviour:",
    "      broadcast: true",
    "      options: {tftp-server-address: 192.168.1.5}",
    "      omit: [host-name]",
    "    needed_by: the switches of rack 3 hear no unicast before they have an address",
    "```",
    "",
    "Programs are `pxe-rom`, `uefi-http`, `ipxe` and `os`.",
    (
        "Options are written as in [records](records.md#further-dhcp-options),"
        " sub-options of 43 with numbers and `text:`, `number:`, `hex:` or `address:`."
    ),
    "",
]


def _said(word: Match | Behaviour) -> str:
    """The fields of a row that are not empty, for people."""
    said = []
    for field in word.__struct_fields__:
        value = getattr(word, field)
        if value not in (None, "", 0, (), {}):
            shown = _plain(value)
            if field.startswith("program"):
                shown = shown.lower().replace("_", "-")
            said.append(f"{field}: `{shown}`")
    return "<br>".join(said)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(getattr(each, "value", each)) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{code}: {raw.hex()}" for code, raw in value.items())
    return str(getattr(value, "value", value)).replace("True", "true")


def findings_page() -> str:
    """What can be found wrong with a boot, in the order in which it is looked for."""
    lines = [
        _MADE,
        "# Findings",
        "",
        "What can be found wrong with a boot; the first row that holds is told.",
        "Words in braces stand for what was seen: an address, a file, a reason.",
        "A boot that a row is about `stays` what it is, or becomes `stuck`, `failed`, `held`.",
        "[How boots are followed](../explain/timeline.md) says how these are found.",
        "",
        "| code | boot | when | what is told | what to do | met with at |",
        "|---|---|---|---|---|---|",
    ]
    for row in knowledge.ROWS:
        state = row.state.value if row.state else "stays"
        cells = [row.when.words(), row.title, row.advice, row.seen]
        shown = " | ".join(cell.replace("|", "\\|") for cell in cells)
        lines.append(f"| `{row.code}` | {state} | {shown} |")
    lines += ["", "## How long a step may take", ""]
    lines += ["After so many seconds without a word a boot is stuck.", ""]
    lines += ["| step | under way | after its end |", "|---|---|---|"]
    for stage, patience in PATIENCE.items():
        if patience.after:
            lines.append(f"| {TITLES[stage]} | {patience.within:.0f} | {patience.after:.0f} |")
    lines += [
        "",
        "Two findings are about no boot.",
        "`stranger` is a MAC that no record has, with the nearest one that a record has.",
        "`store-troubled` is a server that cannot write down what happens.",
        "",
    ]
    return "\n".join(lines)


def api_page() -> str:
    """Everything that the API can be asked, and the words of its bodies."""
    lines = [
        _MADE,
        "# The API",
        "",
        "What operators and their programs can ask; [how to use it](../howto/api.md).",
        "A running server gives the same as OpenAPI 3.1 at `/v1/openapi.json`.",
        "Bodies are JSON; what is wrong is told as `application/problem+json` (RFC 9457).",
        "Moments are in seconds since 1970 UTC, sizes in bytes.",
        "",
        "| ask | answer | role | |",
        "|---|---|---|---|",
    ]
    for route in TABLE:
        role = f"`{route.role.value}`" if route.role else "—"
        ask = f"[`{route.method} {_route_path(route)}`](#{_anchor(route)})"
        lines.append(f"| {ask} | {_answered(route)} | {role} | {route.summary} |")
    for route in TABLE:
        lines += ["", *_route_section(route)]
    lines += ["", "## Words", ""]
    for name, schema in openapi.document()["components"]["schemas"].items():
        lines += _word_section(name, schema)
    return "\n".join(lines)


def _route_path(route: Route) -> str:
    return route.path.replace("...}", "}")


def _anchor(route: Route) -> str:
    """What pages call the section of a route by."""
    words = f"{route.method} {_route_path(route)}".lower().replace(" ", "-")
    return "".join(each for each in words if each.isalnum() or each in "-_")


def _answered(route: Route) -> str:
    """What a route gives, as the table has it."""
    if route.gives is None:
        return "nothing"
    if isinstance(route.gives, str):
        return f"`{route.gives}`"
    word = f"[`{route.gives.__name__}`](#{route.gives.__name__.lower()})"
    return f"a stream of {word}" if route.feed is not None else word


def _route_section(route: Route) -> list[str]:
    lines = [f"## {route.method} {_route_path(route)}", "", f"{route.summary}.", ""]
    if route.takes is not None:
        spare = ", or none" if route.spare else ""
        lines.append(f"Body: [`{route.takes.__name__}`](#{route.takes.__name__.lower()}){spare}.")
    lines.append(f"Answer: {route.status}, {_answered(route)}.")
    if route.tag is not Tag.NONE and route.method == "GET":
        lines.append("It has an `ETag`, and heeds `If-None-Match`.")
    if route.matched:
        lines.append("`If-Match` with the `ETag` of the machine: 412 where it was changed since.")
    if route.once:
        lines.append("Heeds `Idempotency-Key`.")
    refused = ", ".join(map(str, openapi.refusals(route)))
    lines.append(f"Refused with {refused}.")
    named = [(name, "in the path", meaning) for name, meaning in openapi.parameters(route)]
    asked = [
        (param.name, f"`{param.default}`" if param.default != "" else "—", _meant(param))
        for param in route.query
    ]
    if named or asked:
        lines += ["", "| parameter | without it | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | {usual} | {what} |" for name, usual, what in [*named, *asked]]
    return lines


def _meant(param: Param) -> str:
    words = f": {', '.join(f'`{word}`' for word in param.words)}" if param.words else ""
    return f"{param.meaning}{words}"


def _word_section(name: str, schema: dict[str, typing.Any]) -> list[str]:
    lines = [f"### {name}", "", schema.get("description", "").replace("``", "`"), ""]
    if "enum" in schema:
        return [*lines, ", ".join(f"`{word}`" for word in schema["enum"]) + ".", ""]
    lines += ["| field | kind | default |", "|---|---|---|"]
    for field, below in schema.get("properties", {}).items():
        default = "must be there"
        if field not in schema.get("required", ()):
            default = f"`{msgspec.json.encode(below.get('default')).decode()}`"
        lines.append(f"| `{field}` | {_json_kind(below)} | {default} |")
    return [*lines, ""]


def _json_kind(schema: dict[str, typing.Any]) -> str:
    """The kind of a field, as people write it."""
    if "$ref" in schema:
        word = schema["$ref"].rpartition("/")[2]
        return f"[`{word}`](#{word.lower()})"
    if "anyOf" in schema:
        return " or ".join(_json_kind(each) for each in schema["anyOf"])
    if "prefixItems" in schema:
        return "pairs of " + _json_kind(schema["prefixItems"][0])
    if schema.get("type") == "array":
        return f"list of {_json_kind(schema['items'])}"
    kinds = {"string": "text", "integer": "number", "number": "number", "null": "nothing"}
    kinds |= {"boolean": "true or false", "object": "object"}
    return kinds.get(schema.get("type", ""), "anything")


def functions_page() -> str:
    """What templates of workflows may call, and what they may not."""
    lines = [
        _MADE,
        "# Functions of workflow templates",
        "",
        "[Workflows](workflows.md) says what templates are.",
        "These functions are Go's, Sprig's and Tinkerbell's; they mean what they mean there.",
        "`[x]` may be left out, `x…` may stand several times; what comes by a `|` is last.",
        "",
    ]
    for subject, table in SUBJECTS.items():
        lines += [f"## {subject}", "", "| function | takes | gives |", "|---|---|---|"]
        lines += [f"| `{each.name}` | {each.signature} | {each.meaning} |" for each in table]
        lines.append("")
    lines += ["## Refused", "", "| function | why |", "|---|---|"]
    whys: dict[str, list[str]] = {}
    for name, why in REFUSED.items():
        whys.setdefault(why, []).append(f"`{name}`")
    lines += [f"| {' '.join(names)} | {why} |" for why, names in whys.items()]
    return "\n".join([*lines, ""])


def actions_page() -> str:
    """The native actions, what they take and which disks they write."""
    lines = [
        _MADE,
        "# Actions",
        "",
        "The last part of an image's name, without its tag and digest, says which action it is.",
        "[Workflows](workflows.md) says what a template makes of them.",
        "",
    ]
    for kind in KINDS:
        ends = " It ends OSIE: netboot is turned off before." if kind.terminal else ""
        lines += [f"## `{kind.name}`", "", f"It {kind.meaning}.{ends}", ""]
        if kind.commands:
            uses = (
                f"`{word}` ({use.value if use else 'no disk'})"
                for word, use in kind.commands.items()
            )
            lines += [f"Its `command` is one of {', '.join(uses)}.", ""]
        if kind.env:
            lines += ["| variable | default | meaning | the device |", "|---|---|---|---|"]
        for env in kind.env:
            default = (
                "must be there" if env.required else f"`{env.default}`" if env.default else "—"
            )
            use = env.use.value if env.use else "—"
            lines.append(f"| `{env.name}` | {default} | {env.meaning} | {use} |")
        lines += [""] if kind.env else []
    return "\n".join(lines)


def limits_page() -> str:
    """Every limit, its default, what happens at it, its metric."""
    lines = [
        _MADE,
        "# Limits",
        "",
        "What one client may have of each door, and what all may have together.",
        (
            "Known machines come first: a machine with a record, or with a lease of the pool, has"
            " a share of its own that nobody else can use up."
        ),
        "",
        (
            "What is beyond a limit is counted in `boots_limited_total`, with the `door` and the"
            " `limit` of this table as labels ([metrics](metrics.md)), and told by the event"
            " [`LimitReached`](events.md): the first at once, with who it was, and then how many"
            " there were in each second."
        ),
        "What is dropped so leaves no other event.",
        "[Load](../explain/load.md) says what known machines notice of a flood.",
        "",
        "| door | limit | how much | what becomes of more | setting |",
        "|---|---|---|---|---|",
    ]
    for limit in LIMITS:
        burst = f", {limit.burst:,} at once" if limit.burst else ""
        setting = f"`{limit.setting}`" if limit.setting else "—"
        much = f"{limit.most:,} {limit.what}{burst}"
        lines.append(f"| {limit.door} | `{limit.name}` | {much} | {limit.then} | {setting} |")
    return "\n".join([*lines, "", *_LIMITS_BESIDE, ""])


_LIMITS_BESIDE = [
    "## Beside these",
    "",
    """\
- A block of TFTP is never larger than what fits the interface's MTU, a window never longer than 64 blocks, and a block that is not acknowledged is sent eight times.
  Before a client has said a word it is one packet, the acknowledgement of its options or a block of 512 bytes, four times: that is all that a forged request brings its victim.
- A head of a request over HTTP may have 128 fields of 8 KiB, an inventory 256 KiB, a report 800 KiB, the ends of a disk 3 MiB; one that is larger is refused before it is read.
- An HTTP client that acknowledges nothing for five minutes, or answers no probe of a connection that is idle so long, is given up.
- An address of a pool that nobody asked for after its OFFER is given to the next when there is no other.
- What DECLINEs block is out of the pool for a day, and for a minute once a quarter of the pool is blocked.
- The log has `log.lines` a second, the store a share of events for each kind and machine ([the store](../howto/store.md)).
- Of the kernel's: a machine on one of our networks takes a place in its table of neighbours ([networks](../howto/networks.md)), a connection a file descriptor: `boots serve` takes as many of those as it may (`LimitNOFILE`). Where they are few, there may be fewer transfers and connections than this table has, so that some are left for the server itself; its log says how many as it starts.""",  # noqa: E501
]


PAGES = {
    "limits.md": limits_page,
    "workflow-functions.md": functions_page,
    "workflow-actions.md": actions_page,
    "api.md": api_page,
    "quirks.md": quirks_page,
    "findings.md": findings_page,
    "settings.md": settings_page,
    "commands.md": commands_page,
    "events.md": events_page,
    "dependencies.md": lambda: _MADE + "\n" + dependencies.page(),
}


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (HERE / name).write_text(page())


if __name__ == "__main__":
    sys.exit(main())
