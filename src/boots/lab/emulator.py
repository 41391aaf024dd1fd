"""A bad link between two interfaces: a pair of taps, and a process that carries frames between.

Kernels for virtual machines often lack ``netem``; this one needs nothing but ``/dev/net/tun``::

    with linked(End("nic0", address, "client"), End("lan0", other, "server"), Link(drop=0.01)):
        ...

The process is a child (``python -m boots.lab.emulator``), so that its CPU time is nobody else's.
For people and their scripts the same is ``boots link``.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, astuple, dataclass, field
from ipaddress import IPv4Interface
from random import Random
from typing import Any

from pyroute2 import NetlinkError  # type: ignore[import-untyped]

from boots.lab import damage, network
from boots.lab.errors import LabError
from boots.lab.link import PERFECT, Flight, Link

_LARGEST = 1 << 14  # bytes of a frame, jumbo ones too
_AT_ONCE = 64  # frames of one direction before the other is looked at
_STARTS_WITHIN = 10.0
_ENDS_WITHIN = 5.0
_REMEMBERED = 1 << 20  # datagrams of a direction


@dataclass(frozen=True, slots=True)
class End:
    """Where one end of the link is: a tap of this name in a namespace (None: ours).

    It has an address, or is a port of a bridge.  Its MAC is the kernel's choice unless it has one.
    """

    tap: str
    address: IPv4Interface | None = None
    namespace: str | None = None
    bridge: str | None = None
    mac: str = ""


@dataclass(slots=True)
class Tally:
    """How many frames were sent into a direction of the link, and how many copies came out.

    `again` are the UDP datagrams that were sent before already, from the same port to the same.
    """

    sent: int = 0
    arrived: int = 0
    again: int = 0


@dataclass(slots=True)
class Carried:
    """A link that is there, and what it carried in each direction; right when it has ended."""

    there: Tally
    back: Tally
    _tell: Callable[[bytes], object] = field(default=bool, repr=False)

    def become(self, there: Link, back: Link | None = None) -> None:
        """Be another link from now on; ``down`` counts from here.  `back` is as `there` if None."""
        self._tell(json.dumps([asdict(each) for each in (there, back or there)]).encode() + b"\n")


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
    try:
        with network.within(end.namespace):
            descriptor = network.open_tap(end.tap)
    except OSError as error:
        raise LabError(f"no tap {end.tap} in {end.namespace or 'here'}: {error}") from None
    try:
        _up(end)
        yield descriptor
    finally:
        os.close(descriptor)


def _up(end: End) -> None:
    try:
        with network.within(end.namespace):
            if end.mac:
                network.set_mac(end.tap, end.mac)
            network.bring_up(end.tap, end.address, on=end.bridge)
    except (LookupError, NetlinkError) as error:
        raise LabError(f"{end.tap} cannot be what it is to be: {error}") from None


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
            carried._tell = ours.sendall  # noqa: SLF001  # its own, given when there is somebody
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
        self._seen: set[int] = set()
        self.tally = Tally()

    def become(self, link: Link) -> None:
        """Be another link from now on."""
        self._flight.become(link, self._clock())

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
            self._count(frame)
            self._flight.send(frame, now)

    def _count(self, frame: bytes) -> None:
        self.tally.sent += 1
        said = damage.datagram(frame)
        if said is None:
            return
        mark = hash(said)
        if mark in self._seen:
            self.tally.again += 1
        elif len(self._seen) < _REMEMBERED:
            self._seen.add(mark)

    def deliver(self) -> None:
        """Hand over what is due; a frame that the other side cannot take is lost."""
        for frame in self._flight.arrived(self._clock()):
            with contextlib.suppress(OSError):
                os.write(self._target, frame)
            self.tally.arrived += 1


def carry(directions: list[Direction], life: socket.socket, clock: Callable[[], float]) -> None:
    """Carry frames until the other end of `life` is closed; a line of it says what links to be.

    It waits in `select`, which counts microseconds; epoll counts milliseconds.
    """
    watched = {each.source: each for each in directions}
    orders = b""
    while True:
        dues = [each.due for each in directions]
        soonest = min((due for due in dues if due is not None), default=None)
        wait = None if soonest is None else max(0.0, soonest - clock())
        readable, _, _ = select.select([*watched, life.fileno()], [], [], wait)
        if life.fileno() in readable:
            said = life.recv(1 << 16)
            if not said:
                return
            *lines, orders = (orders + said).split(b"\n")
            for line in lines:
                _obey(directions, line)
        for source in watched.keys() & readable:
            watched[source].take()
        for each in directions:
            each.deliver()


def _obey(directions: list[Direction], line: bytes) -> None:
    for each, link in zip(directions, json.loads(line), strict=True):
        each.become(_link(link))


def _link(read: dict[str, Any]) -> Link:
    """A link out of JSON, which knows no tuples."""
    return Link(**{**read, "down": tuple((began, ended) for began, ended in read["down"])})


def main(task: str, life: socket.socket) -> None:
    """What the child does: the taps are its standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for our parent, who lets go of us
    read = json.loads(task)
    directions = []
    for source, link in enumerate(read["links"]):
        dice = Random(f"{read['seed']} {source}")  # noqa: S311  # chance that can be repeated
        flight = Flight(_link(link), dice, time.monotonic())
        directions.append(Direction(source, 1 - source, flight, time.monotonic))
    for each in directions:
        os.set_blocking(each.source, False)
    life.sendall(b"!")
    carry(directions, life, time.monotonic)
    life.sendall(json.dumps([astuple(each.tally) for each in directions]).encode())


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        main(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
