"""Following a run until it is over or somebody must look, and what the command then ends with.

A picture that is drawn anew; where there is no terminal, a line for each change.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from boots.cli import asking, running, shown

if TYPE_CHECKING:
    from boots.client.client import Client
    from boots.client.workflows import LogLine, Run

WELL, FAILED, PERSON, LEFT = 0, 1, 3, 130
"""What a command ends with: it is done; it failed; somebody must look; nobody looks on any more."""
_EVERY = 0.5  # seconds between two pictures, at most


def follow(client: "Client", identity: str) -> int:
    """Show how a run goes on, and then what came of it; the status to end with."""
    run: Run | None = None
    try:
        for run in _drawn(client, identity) if sys.stdout.isatty() else _told(client, identity):
            if run.line.is_over or run.line.waits:
                break
    except KeyboardInterrupt:
        print(f"\nit goes on: boots workflow show {identity}", file=sys.stderr)
        return LEFT
    if run is None:
        return FAILED
    out = shown.console()
    if run.line.why and sys.stdout.isatty():
        out.print(shown.text(run.line.why, "yellow"))
    for line in running.ways(run):
        out.print(line, soft_wrap=True)
    return status(run)


def status(run: "Run") -> int:
    """What a command ends with that was about this run."""
    if run.line.is_over:
        return WELL if run.line.state == "SUCCESS" else FAILED
    return PERSON if run.line.waits else WELL


def _told(client: "Client", identity: str) -> Iterator["Run"]:
    """A line for each change."""
    from boots.client.workflows import Run

    out = shown.console()
    plain, before = not shown.unicode(out), None
    for each in client.follow_run(identity):
        if isinstance(each, Run):
            for line in running.changes(before, each, plain=plain):
                out.print(line, soft_wrap=True)
            before = each
            yield each


def _drawn(client: "Client", identity: str) -> Iterator["Run"]:
    """A picture that is drawn anew."""
    from queue import Empty, SimpleQueue

    from rich.live import Live

    from boots.client.workflows import Run

    coming: SimpleQueue[Run | LogLine | Exception] = SimpleQueue()
    asking.put_into(coming, lambda: client.follow_run(identity))
    run, said = client.run(identity), None
    out = shown.console()
    plain = not shown.unicode(out)
    with Live(console=out, auto_refresh=False) as live:
        while True:
            live.update(running.picture(run, said, time.time(), plain=plain), refresh=True)
            with suppress(Empty):
                got = coming.get(timeout=_EVERY)
                while True:
                    if isinstance(got, Exception):
                        raise got
                    if isinstance(got, Run):
                        run = got
                    else:
                        said = got
                    got = coming.get_nowait()
            if run.line.is_over or run.line.waits:
                live.update(running.picture(run, said, time.time(), plain=plain), refresh=True)
            yield run
