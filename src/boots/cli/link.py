"""``boots link``: a bad link between two interfaces, for who tries something over it."""

import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from boots.lab.errors import LabError

if TYPE_CHECKING:
    from boots.lab.emulator import Carried

_END = "NAME[,namespace=NS][,address=A/P][,bridge=BR][,mac=MAC]"


def link(
    near: Annotated[str, typer.Argument(help=f"A tap that is made: {_END}.")],
    far: Annotated[str, typer.Argument(help="The one at the other end, likewise.")],
    faults: Annotated[
        str,
        typer.Argument(
            help="What befalls frames, both ways or THERE;BACK: drop=2%,delay=20ms."
            " An empty way is a good one."
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="The same seed throws the same dice.")] = 0,
    seconds: Annotated[
        float | None, typer.Option(help="End by itself after so long.", min=0)
    ] = None,
) -> None:
    """Make a bad link between two interfaces, until Ctrl-C; lines of input make it another one."""
    from boots.lab import said
    from boots.lab.emulator import linked

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        ends, links = (said.end(near), said.end(far)), said.links(faults)
        with linked(*ends, *links, seed=seed) as carried:
            print(f"a link from {ends[0].tap} to {ends[1].tap}", flush=True)
            _stay(carried, None if seconds is None else time.monotonic() + seconds)
    except LabError as error:
        print(f"boots: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    finally:
        signal.signal(signal.SIGTERM, before)
    for name, tally in (("there", carried.there), ("back", carried.back)):
        again = f"{tally.again} datagrams were said again"
        print(f"{name}: {tally.sent} frames sent, {tally.arrived} arrived; {again}")


def _stay(carried: "Carried", end: float | None) -> None:
    """Change the link as the input says, until it is time, or somebody interrupts."""
    from boots.lab import said

    try:
        for line in _lines(end):
            try:
                carried.become(*said.links(line))
            except LabError as error:
                print(f"boots: {error}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        return


def _lines(end: float | None) -> Iterator[str]:
    """The lines of standard input as they come; its end is not ours."""
    waiting, begun = [sys.stdin.fileno()], b""
    while end is None or time.monotonic() < end:
        left = None if end is None else max(0, end - time.monotonic())
        if not select.select(waiting, [], [], left)[0]:
            continue
        said = os.read(waiting[0], 1 << 16)
        if not said:
            waiting = []
        *lines, begun = (begun + said).split(b"\n")
        yield from (line.decode(errors="replace").strip() for line in lines)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(link)
