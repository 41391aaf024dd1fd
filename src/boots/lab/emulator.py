"""A bad link between two interfaces: a pair of taps, and a process that carries frames between.

Kernels for virtual machines often lack ``netem``; this one needs nothing but ``/dev/net/tun``::

    with linked(End("nic0", address, "client"), End("lan0", other, "server"), Link(drop=0.01)):
        ...

The process is a child (``python -m boots.lab.emulator``), so that its CPU time is nobody else's.
"""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from ipaddress import IPv4Interface
from random import Random

from boots.lab import network
from boots.lab.errors import LabError
from boots.lab.link import PERFECT, Flight, Link

_LARGEST = 1 << 14  # bytes of a frame, jumbo ones too
_AT_ONCE = 64  # frames of one direction before the other is looked at
_STARTS_WITHIN = 10.0
_ENDS_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class End:
    """Where one end of the link is: a tap of this name in a namespace (None: ours).

    It has an address, or is a port of a bridge.
    """

    tap: str
    address: IPv4Interface | None = None
    namespace: str | None = None
    bridge: str | None = None


@dataclass(slots=True)
class Tally:
    """How many frames were sent into a direction of the link, and how many copies came out."""

    sent: int = 0
    arrived: int = 0


@dataclass(slots=True)
class Carried:
    """What the link carried in each direction; right when it has ended."""

    there: Tally
    back: Tally


@contextlib.contextmanager
def linked(
    near: End, far: End, there: Link = PERFECT, back: Link | None = None, *, seed: int = 0
) -> Iterator[Carried]:
    """A link for as long as the `with` lasts; `there` is from near to far, `back` as it if None.

    Raises:
        LabError: it could not be made; the text says what happened.
    """
    carried = Carried(Tally(), Tally())
    with contextlib.ExitStack() as made:
        ends = [made.enter_context(_end(end)) for end in (near, far)]
        links = [asdict(each) for each in (there, back or there)]
        made.enter_context(_carrying(ends, {"seed": seed, "links": links}, carried))
        yield carried


@contextlib.contextmanager
def _end(end: End) -> Iterator[int]:
    """The tap of one end, as a descriptor: it is there as long as somebody has it open."""
    with network.within(end.namespace):
        descriptor = network.open_tap(end.tap)
    try:
        with network.within(end.namespace):
            network.bring_up(end.tap, end.address, on=end.bridge)
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _carrying(ends: list[int], task: dict[str, object], carried: Carried) -> Iterator[None]:
    """The process that carries; when our end of its pipe is closed, it ends, however we end."""
    ours, its = socket.socketpair()
    command = [sys.executable, "-m", __name__, json.dumps(task), str(its.fileno())]
    with ours:
        with its:
            child = subprocess.Popen(
                command, stdin=ends[0], stdout=ends[1], pass_fds=[its.fileno()]
            )
        ours.settimeout(_STARTS_WITHIN)
        try:
            if not ours.recv(1):
                raise LabError("the process that carries frames between the taps did not start")
            yield
            ours.shutdown(socket.SHUT_WR)
            with ours.makefile("rb") as said:
                counts = json.loads(said.read())
            carried.there, carried.back = (Tally(*each) for each in counts)
        except TimeoutError:
            raise LabError("the process that carries frames between the taps is stuck") from None
        finally:
            ours.close()
            _ended(child)


def _ended(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class Direction:
    """From the tap `source` to the tap `target`."""

    def __init__(
        self, source: int, target: int, flight: Flight, clock: Callable[[], float]
    ) -> None:
        self.source = source
        self._target = target
        self._flight = flight
        self._clock = clock
        self.tally = Tally()

    @property
    def due(self) -> float | None:
        """When the next frame arrives."""
        return self._flight.due

    def take(self) -> None:
        """Take what was sent, a bounded number of frames."""
        now = self._clock()
        for _ in range(_AT_ONCE):
            try:
                frame = os.read(self.source, _LARGEST)
            except OSError:  # no more; or the interface is down
                return
            self.tally.sent += 1
            self._flight.send(frame, now)

    def deliver(self) -> None:
        """Hand over what is due; a frame that the other side cannot take is lost."""
        for frame in self._flight.arrived(self._clock()):
            with contextlib.suppress(OSError):
                os.write(self._target, frame)
            self.tally.arrived += 1


def carry(directions: list[Direction], life: socket.socket, clock: Callable[[], float]) -> None:
    """Carry frames until the other end of `life` is closed.

    It waits in `select`, which counts microseconds; epoll counts milliseconds.
    """
    watched = {each.source: each for each in directions}
    while True:
        dues = [each.due for each in directions]
        soonest = min((due for due in dues if due is not None), default=None)
        wait = None if soonest is None else max(0.0, soonest - clock())
        readable, _, _ = select.select([*watched, life.fileno()], [], [], wait)
        if life.fileno() in readable:
            return
        for source in readable:
            watched[source].take()
        for each in directions:
            each.deliver()


def main(task: str, life: socket.socket) -> None:
    """What the child does: the taps are its standard input and output."""
    read = json.loads(task)
    directions = []
    for source, link in enumerate(read["links"]):
        dice = Random(f"{read['seed']} {source}")  # noqa: S311  # chance that can be repeated
        flight = Flight(Link(**link), dice)
        directions.append(Direction(source, 1 - source, flight, time.monotonic))
    for each in directions:
        os.set_blocking(each.source, False)
    life.sendall(b"!")
    carry(directions, life, time.monotonic)
    life.sendall(json.dumps([(t.tally.sent, t.tally.arrived) for t in directions]).encode())


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError, ConnectionResetError):
        main(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
