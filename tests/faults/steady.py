"""A known machine that asks all the time while something goes wrong: how long it had to wait.

What other work of this computer took from it and from the server is no part of a wait (`fair.py`).
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.peers.conftest import MAC, NIC, Lan
from tests.peers.fair import Fair, servers_in
from tests.policy.made import rom

from boots.lab import network
from boots.wire import dhcp
from boots.wire.malformed import Malformed

_PACE = 0.005  # seconds between an answer and the next question
_PATIENCE = 0.1  # after which a question is asked again


@dataclass
class Waits:
    """What a machine lived through: answers, and the longest wait for one, in seconds."""

    answers: int = 0
    longest: float = 0.0
    seemed: float = 0.0
    """The longest by the clock of the wall, on which other programs run, too."""
    _asked: tuple[float, float] | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    def until(self, answers: int, timeout: float = 20) -> None:
        """Return when so many more have come."""
        wanted, deadline = self.answers + answers, time.monotonic() + timeout
        while self.answers < wanted:
            assert time.monotonic() < deadline, f"{self.answers} answers, then none"
            time.sleep(0.005)

    @property
    def said(self) -> str:
        seemed = f"{self.seemed * 1000:.0f} by the clock"
        return f"longest wait {self.longest * 1000:.0f} ms ({seemed}) of {self.answers} answers"

    def asked(self, clock: Fair) -> None:
        """A question is open from now on, unless one is."""
        self._asked = self._asked or (clock(), time.monotonic())

    def answered(self, clock: Fair) -> None:
        """The open one is no more."""
        assert self._asked is not None
        fair, seemed = self._asked
        self.answers += 1
        self.longest = max(self.longest, clock() - fair)
        self.seemed = max(self.seemed, time.monotonic() - seemed)
        self._asked = None


@contextlib.contextmanager
def steady(lan: Lan, mac: str = MAC) -> Iterator[Waits]:
    """A machine that sends DISCOVER after DISCOVER, from its namespace."""
    waits = Waits()
    thread = threading.Thread(target=_ask, args=(lan, mac, waits), daemon=True)
    thread.start()
    try:
        yield waits
    finally:
        waits._ended.set()
        thread.join(10)


def _ask(lan: Lan, mac: str, waits: Waits) -> None:
    clock = Fair(servers_in(lan.server))
    with network.within(lan.client):
        while not waits._ended.is_set():
            # While the interface is away there is no socket on it; the question stays open.
            with contextlib.suppress(OSError), _socket() as sock:
                _ask_on(sock, bytes.fromhex(mac.replace(":", "")), waits, clock)
            time.sleep(_PACE)


def _ask_on(sock: socket.socket, chaddr: bytes, waits: Waits, clock: Fair) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, NIC.encode())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.bind(("0.0.0.0", dhcp.CLIENT_PORT))
    sock.settimeout(_PATIENCE)
    while not waits._ended.is_set():
        xid = waits.answers + 1
        waits.asked(clock)
        question = dhcp.encode(replace(rom(chaddr=chaddr), xid=xid, flags=dhcp.BROADCAST))
        if _answered(sock, question, xid, waits):
            waits.answered(clock)
        time.sleep(_PACE)


def _socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _answered(sock: socket.socket, question: bytes, xid: int, waits: Waits) -> bool:
    """Ask until there is an answer to this question."""
    while not waits._ended.is_set():
        sock.sendto(question, ("255.255.255.255", dhcp.SERVER_PORT))
        with contextlib.suppress(TimeoutError, Malformed):
            while dhcp.decode(sock.recv(2048)).xid != xid:
                pass
            return True
    return False
