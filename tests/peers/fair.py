"""A clock that stands while whom it times could run, and other work of the machine has the CPU.

Linux counts that for each thread, in nanoseconds (Documentation/scheduler/sched-stats.rst): what
is measured without it is what a program itself needs, however much else runs beside it.  A server
that computes for too long, sleeps, or waits for a disk, a lock or a packet gets nothing off.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from boots.lab import isolation


class Fair:
    """Seconds that went by for this thread and for servers, of which one has its turn at a time.

    Of several the one that stood in the queue longest counts.  To be read by one thread.
    """

    def __init__(self, servers: Iterable[int] = ()) -> None:
        self._own = threading.get_native_id()
        self._before = {each: queued(each) for each in (self._own, *servers)}
        self._now = dict(self._before)

    def __call__(self) -> float:
        while True:
            own, now = queued(self._own), time.monotonic()
            for each, last in self._now.items():
                self._now[each] = max(last, queued(each))  # who is gone stands nowhere any more
            if own == self._now[self._own]:  # all of it was read in one turn
                break
        stood = {each: self._now[each] - before for each, before in self._before.items()}
        return now - stood.pop(self._own) - max(stood.values(), default=0.0)


def queued(thread: int) -> float:
    """Seconds that a thread, or the first one of a process, was ready to run and did not."""
    try:
        return int(Path(f"/proc/{thread}/schedstat").read_text().split()[1]) / 1e9
    except OSError:  # gone, or a kernel that does not count
        return 0.0


def servers_in(namespace: str) -> Sequence[int]:
    """The processes of `boots serve` in a network namespace."""
    there = (isolation.NAMED / namespace).stat().st_ino
    return [int(each.name) for each in Path("/proc").glob("[0-9]*") if _is(each, there)]


def _is(place: Path, namespace: int) -> bool:
    try:
        here = (place / "ns/net").stat().st_ino
        return here == namespace and b"\0serve\0" in (place / "cmdline").read_bytes()
    except OSError:  # gone, or about to go
        return False
