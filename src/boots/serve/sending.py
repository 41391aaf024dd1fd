"""TFTP transfers under way: their sockets, their content, and what the journal hears of them."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from boots.journal import events
from boots.journal.events import AnyEvent
from boots.model.limits import TFTP_TRANSFERS_OF_ONE
from boots.policy.got import Rendered, Script
from boots.policy.token import hidden
from boots.serve.way import Send, Way
from boots.transfer import Ending, Transfer
from boots.wire import tftp

_MOST_ASIDE = 256


Receive = Callable[[int], bytes]
Follow = Callable[[bytes, float], bytes | memoryview | None]


@dataclass(slots=True)
class Sending:
    """One transfer under way, and the socket it leaves by.

    The socket is its own (its TID, RFC 1350 §4), or the door's where all leave by one port.
    What is called for each packet stands here, bound: to look it up costs as much as to call it.
    """

    sock: socket.socket
    own_socket: bool
    request: tftp.Request
    transfer: Transfer = field(repr=False)
    way: Way = field(repr=False)
    source: tuple[str, int]
    mac: str
    name: str
    started: float
    heard: float
    tell_at: float  # when there is progress to tell of
    trace: str = ""
    aside: bool = False  # another of the same client's has taken its place, for now
    receive: Receive = field(init=False, repr=False)
    follow: Follow = field(init=False, repr=False)
    put: Send = field(init=False, repr=False)  # what `follow` calls for
    peer: str = field(init=False)  # the client as ``address:port``
    about: dict[str, str] = field(init=False, repr=False)  # what all its events say alike

    def __post_init__(self) -> None:
        self.receive = self.sock.recv
        self.follow = self.transfer.follow
        self.put = self.way.quick
        self.peer = f"{self.source[0]}:{self.source[1]}"
        self.about = {"mac": self.mac, "peer": self.peer, "door": "tftp", "name": self.name}

    def put_aside(self) -> None:
        """Let each word of the client take the long way, where it is asked whose turn it is."""
        self.aside = True
        self.follow = _never

    def take_up(self, now: float) -> None:
        """Go on."""
        self.aside, self.heard = False, now
        self.follow = self.transfer.follow

    def mend(self, packets: bytes | memoryview) -> None:
        """Send once more what `put` could not, and from now on the long way."""
        self.put = self.way.put
        self.put(packets)

    def send(self, packets: list[bytes]) -> None:
        """Send what the transfer calls for: one packet of any kind, or several with blocks."""
        if len(packets) == 1:
            self.way.say(packets[0])
        elif packets:
            self.way.put(b"".join(packets))

    def begun(self) -> AnyEvent:
        """It begins."""
        return events.TransferStarted(size=self.transfer.size, trace=self.trace, **self.about)

    def script_served(self, script: Script, *, private: bool) -> AnyEvent:
        """It is a script that is sent."""
        return events.ScriptServed(
            mac=self.mac,
            peer=self.peer,
            door="tftp",
            profile=script.profile,
            script=hidden(script.text),
            problem=hidden(script.problem),
            private=private,
        )

    def rendered(self, what: Rendered) -> AnyEvent:
        """It was made for this machine."""
        return events.FileRendered(source=what.source, **self.about)

    def progressed(self) -> AnyEvent:
        """How far it is."""
        transfer = self.transfer
        return events.TransferProgressed(
            sent=transfer.acknowledged, size=transfer.size, **self.about
        )

    def ended(self, now: float) -> AnyEvent:
        """How it ended, by the transfer's own word."""
        outcome, transfer = self.transfer.outcome, self.transfer
        if outcome is None or outcome.ending in {Ending.ABORTED, Ending.LOST}:
            return self.failed(outcome.why if outcome else "")
        if outcome.ending is Ending.PROBED:
            return events.TransferProbed(size=transfer.size, **self.about)
        return self.finished(now)

    def finished(self, now: float) -> AnyEvent:
        """The client has all of it."""
        size = self.transfer.size
        return events.TransferFinished(size=size, seconds=now - self.started, **self.about)

    def failed(self, why: str) -> AnyEvent:
        """It ended before its end."""
        return events.TransferFailed(sent=self.transfer.acknowledged, why=why, **self.about)


def _never(_data: bytes, _now: float) -> None:
    return None


class Sendings:
    """All transfers under way: found by their client's address and port, and by their socket.

    `aside` are those in whose place a client has another one, the newest for each, the oldest
    first; they are found by their socket only, and do not count.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.aside: dict[tuple[str, int], Sending] = {}
        self._by_peer: dict[tuple[str, int], Sending] = {}
        self._by_socket: dict[int, Sending] = {}
        self._of_address: Counter[str] = Counter()
        # The transfer that has a socket to itself; called for each packet, hence no method.
        self.of_socket: Callable[[int], Sending | None] = self._by_socket.get

    def __len__(self) -> int:
        return len(self._by_peer)

    def __iter__(self) -> Iterator[Sending]:
        """Those under way now, the oldest first; they may end meanwhile."""
        return iter(tuple(self._by_peer.values()))

    def of_peer(self, peer: tuple[str, int]) -> Sending | None:
        """The transfer to a client's port."""
        return self._by_peer.get(peer)

    def add(self, sending: Sending) -> None:
        """One begins."""
        self._by_peer[sending.source] = sending
        self._of_address[sending.source[0]] += 1
        if sending.own_socket:
            self._by_socket[sending.sock.fileno()] = sending

    def remove(self, sending: Sending) -> None:
        """One of those under way has ended; its socket is still open."""
        if self._by_peer.get(sending.source) is not sending:
            return
        del self._by_peer[sending.source]
        if sending.own_socket:
            self._by_socket.pop(sending.sock.fileno(), None)
        address = sending.source[0]
        self._of_address[address] -= 1
        if not self._of_address[address]:
            del self._of_address[address]

    def put_aside(self, sending: Sending) -> list[Sending]:
        """Make place for another of the client's; those for whom there is no room any more."""
        self.remove(sending)
        self._by_socket[sending.sock.fileno()] = sending
        over = [each for each in (self.aside.pop(sending.source, None),) if each is not None]
        self.aside[sending.source] = sending
        if len(self.aside) > min(_MOST_ASIDE, self._most // 4):
            over.append(self.aside.pop(next(iter(self.aside))))
        for each in over:
            self._by_socket.pop(each.sock.fileno(), None)
        return over

    def take_up(self, sending: Sending) -> None:
        """Have one that was put aside in its place again, which nobody has now."""
        self.aside.pop(sending.source, None)
        self.add(sending)

    def forget(self, sending: Sending) -> None:
        """One that was put aside has ended; its socket is still open."""
        self.aside.pop(sending.source, None)
        self._by_socket.pop(sending.sock.fileno(), None)

    def has_enough(self, address: str) -> bool:
        """Whether a client has as many as one may have."""
        return self._of_address[address] >= TFTP_TRANSFERS_OF_ONE.most

    def are_full(self) -> bool:
        """Whether there are as many as there may be."""
        return len(self._by_peer) >= self._most

    def silent(self) -> Sending | None:
        """The oldest whose client has not said a word since it asked."""
        return next((each for each in self._by_peer.values() if each.heard == each.started), None)
