"""``boots boots`` and ``boots logs``: what a machine went through, and what it said."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from boots.cli.asking import (
    CaOption,
    JsonOption,
    MachineArgument,
    ServerOption,
    TokenFileOption,
    asking,
    print_json,
)
from boots.cli.common import ConfigOption

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from boots.client.words import EventLine
    from boots.timeline.words import Boot

_LEFT_OUT = {"mac", "event", "script", "inventory"}  # long, or said already


def boots(
    key: MachineArgument,
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, max=1000, help="How many are listed.")
    ] = 10,
    boot: Annotated[
        str, typer.Option("--boot", help="The id of the one to show; else the latest.")
    ] = "",
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """List a machine's boots, and show one step by step: times, reasons, what was found."""
    from boots.cli import shown

    with asking(server, token_file, ca, config) as client:
        found = client.boots_of(key, limit=number).boots
        whole = client.boot(boot) if boot else found[0] if found else None
        if as_json:
            print_json(whole if boot else found)
            return
        out = shown.console()
        if whole is None:
            out.print("none of its boots is known")
            return
        if not boot:
            _print_list(out, found)
            out.print()
        shown.print_boot(out, whole)


def _print_list(out: "Console", boots: "tuple[Boot, ...]") -> None:
    from boots.cli import shown

    made = shown.table("state", "started", "took", "came to", "profile", "found", wide=5)
    for each in boots:
        step = each.step
        took = f"{each.ended - each.started:.0f}s" if each.ended else ""
        made.add_row(
            shown.sign(each.state, plain=not shown.unicode(out)),
            shown.moment(each.started),
            took,
            step.stage.value if step else "",
            shown.text(each.profile),
            shown.text(each.finding.title if each.finding else "", "yellow"),
        )
    out.print(made)


def logs(
    key: MachineArgument,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as more happens, until Ctrl-C.")
    ] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=1, max=1000, help="How many of the latest.")
    ] = 100,
    kind: Annotated[
        str, typer.Option(help="Only events of this class: ConsoleLine is what it said itself.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each event as a line of JSON.")
    ] = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Print what happened to a machine, and what it said on its console."""
    from boots.cli import shown

    with asking(server, token_file, ca, config) as client, suppress(KeyboardInterrupt):
        out = shown.console()
        page = client.events(key=key, kind=kind, latest=True, limit=lines).events
        for each in page:
            _print(out, each, as_json=as_json)
        if follow:
            after = page[-1].id if page else None
            for each in client.follow_events(key=key, kind=kind, after=after):
                _print(out, each, as_json=as_json)


def _print(out: "Console", line: "EventLine", *, as_json: bool) -> None:
    import msgspec

    if as_json:
        print(msgspec.json.encode(line).decode(), flush=True)
    else:
        out.print(told(line), soft_wrap=True)


def told(line: "EventLine") -> "Text":
    """One event as a line: when, what, its fields; what the machine said as it said it."""
    from rich.text import Text

    from boots.cli import shown

    made = Text(f"{shown.moment(line.at)}  ", "dim")
    if line.kind == "ConsoleLine":
        return made.append_text(shown.text(f"| {line.event.get('text', '')}"))
    made.append_text(shown.text(line.kind, "bold"))
    for name, value in line.event.items():
        if name not in _LEFT_OUT and value not in ("", [], None):
            made.append_text(shown.text(f"  {name}=", "dim"))
            made.append_text(shown.text(str(value)))
    return made


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (boots, logs):
        app.command()(command)
