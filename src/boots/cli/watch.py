"""``boots watch``: all machines of a running server, while they boot."""

import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from boots.cli.asking import (
    CaOption,
    ServerOption,
    TokenFileOption,
    asking,
    print_json,
    put_into,
)
from boots.cli.common import ConfigOption

if TYPE_CHECKING:
    from rich.console import Group

    from boots.client.client import Client
    from boots.client.words import MachineLine

_EVERY = 0.5  # seconds between two pictures, at most
_FRAME = 4  # rows that are no machines


def watch(
    once: Annotated[bool, typer.Option(help="Print it once, for scripts.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each change as a line of JSON; with --once all.")
    ] = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Watch all machines boot: state, stage, how much is fetched, when it was last heard of.

    Those that need a look stand first.  Where there is no terminal it prints once.
    """
    with asking(server, token_file, ca, config) as client, suppress(KeyboardInterrupt):
        if as_json and not once:
            _lines(client)
        elif once or not sys.stdout.isatty():
            _once(client, as_json=as_json)
        else:
            _live(client)


def _once(client: "Client", *, as_json: bool) -> None:
    from boots.cli import shown

    found = shown.urgent(client.all_machines())
    if as_json:
        print_json(found)
        return
    out = shown.console()
    out.print(shown.counted(found), style="bold")
    out.print(shown.fleet(found, time.time(), plain=not shown.unicode(out)))


def _lines(client: "Client") -> None:
    """Each change as a line of JSON."""
    import msgspec

    for changed in client.follow_machines():
        for line in changed or client.all_machines():
            print(msgspec.json.encode(line).decode(), flush=True)


def _live(client: "Client") -> None:
    """A picture that is drawn anew, until somebody has seen enough."""
    from queue import Empty, SimpleQueue

    from rich.live import Live

    from boots.cli import shown

    known = {line.name: line for line in client.all_machines()}
    changes: SimpleQueue[Sequence[MachineLine] | Exception] = SimpleQueue()
    put_into(changes, client.follow_machines)
    out = shown.console()
    with Live(console=out, auto_refresh=False, screen=True) as live:
        while True:
            live.update(picture(known.values(), time.time(), out.height), refresh=True)
            with suppress(Empty):
                got = changes.get(timeout=_EVERY)
                if isinstance(got, Exception):
                    raise got
                if not got:
                    known = {line.name: line for line in client.all_machines()}
                known.update({line.name: line for line in got})


def picture(lines: Iterable["MachineLine"], now: float, height: int) -> "Group":
    """What is shown: how many are in which state, and as many machines as there is room for."""
    from rich.console import Group
    from rich.text import Text

    from boots.cli import shown

    found = shown.urgent(lines)
    room = max(1, height - _FRAME)
    head = Text(f"{shown.counted(found)}   ", "bold")
    head.append("Ctrl-C ends", "dim")
    rest = len(found) - room
    more = [Text(f"and {rest} more", "dim")] if rest > 0 else []
    plain = not shown.unicode(shown.console())
    return Group(head, shown.fleet(found[:room], now, plain=plain), *more)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)
