"""The TFTP door: every transfer in one loop of its own, hosted by asyncio as a single reader.

A task or an endpoint for each transfer would cost five times as much.  An epoll set is itself
something that can be waited for, so the sockets of all transfers stand in one, and asyncio
watches that.
"""

import asyncio
import contextlib
import select
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

import structlog

from boots.journal import events
from boots.journal.events import AnyEvent
from boots.policy.boot import File, Ground, Refusal, Script
from boots.serve.content import Content, Shelf
from boots.serve.doors import Fetch, Given, Record
from boots.transfer import Ending, Transfer, negotiate
from boots.wire import tftp
from boots.wire.malformed import Malformed

_BATCH = 256
_MOST_TRANSFERS = 4096
_MOST_OF_ONE_PEER = 64
_TICK = 0.05  # how exactly retransmit times are kept, in seconds
_QUIET = 1.0  # seconds without a word after which a client that asks again was reset
_HEADERS = 32  # IPv4 20, UDP 8, TFTP DATA 4

_CODES = {
    Ground.STRANGER: tftp.ErrorCode.ACCESS_VIOLATION,
    Ground.FORBIDDEN: tftp.ErrorCode.ACCESS_VIOLATION,
    Ground.MISSING: tftp.ErrorCode.NOT_FOUND,
    Ground.BROKEN: tftp.ErrorCode.UNDEFINED,
}
_log = structlog.get_logger()


@dataclass(slots=True)
class _Session:
    """One transfer under way, and the socket it has to itself (its TID, RFC 1350 §4)."""

    sock: socket.socket
    request: tftp.Request
    transfer: Transfer
    content: Content = field(repr=False)
    ahead: int  # bytes of the content that one acknowledgement may call for
    source: tuple[str, int]
    mac: str
    name: str
    started: float
    told: float
    heard: float

    @property
    def about(self) -> dict[str, Any]:
        """What every event of this transfer says alike."""
        return {"mac": self.mac, "peer": self.peer, "door": "tftp", "name": self.name}

    @property
    def peer(self) -> str:
        """The client as ``address:port``."""
        return f"{self.source[0]}:{self.source[1]}"


class TftpDoor:
    """Gives files and scripts to TFTP clients on one address.

    `clock` is monotonic, in seconds.  `mtu` is of the interface: no block is made larger than
    fits, as fragments are what firmware loses first.
    """

    def __init__(
        self,
        sock: socket.socket,
        fetch: Fetch,
        record: Record,
        clock: Callable[[], float],
        mtu: int,
    ) -> None:
        self._sock = sock
        self._fetch = fetch
        self._record = record
        self._clock = clock
        self._largest_block = max(mtu - _HEADERS, tftp.DEFAULT_BLKSIZE)
        self._epoll = select.epoll()
        self._sessions: dict[int, _Session] = {}
        self._by_peer: dict[tuple[str, int], int] = {}
        self._of_address: Counter[str] = Counter()
        self._shelf = Shelf()
        self._ticker: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to answer."""
        self._loop = loop
        loop.add_reader(self._sock, self._requests)
        loop.add_reader(self._epoll, self._packets)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop answering; transfers under way are told so, and end."""
        loop.remove_reader(self._sock)
        loop.remove_reader(self._epoll)
        if self._ticker is not None:
            self._ticker.cancel()
        for session in list(self._sessions.values()):
            self._give_up(session, "the server is stopping")
        self._epoll.close()
        self._sock.close()

    @property
    def transfers(self) -> int:
        """How many transfers are under way."""
        return len(self._sessions)

    # --- new requests

    def _requests(self) -> None:
        for _ in range(_BATCH):
            try:
                data, peer = self._sock.recvfrom(2048)
            except OSError:  # nothing more, or an ICMP error for an earlier refusal
                return
            try:
                self._request(data, peer)
            except Exception:  # a fault of ours must not take the door away from the others
                _log.exception("tftp request failed", peer=peer[0], data=data.hex())

    def _request(self, data: bytes, peer: tuple[str, int]) -> None:
        who = f"{peer[0]}:{peer[1]}"
        try:
            packet = tftp.decode(data)
        except Malformed as error:
            self._record(events.PacketDropped(door="tftp", peer=who, why=str(error)))
            return
        if not isinstance(packet, tftp.Request):
            why = "not a request; transfers have ports of their own"
            self._record(events.PacketDropped(door="tftp", peer=who, why=why))
            return
        if self._is_repeat(packet, peer):
            return  # the timer of the transfer under way answers
        given = self._fetch(packet.name, IPv4Address(peer[0]))
        refusal = self._unacceptable(packet, peer)
        if refusal is not None:
            given = Given(given.mac, given.name, refusal)
        elif not isinstance(given.what, Refusal) and not self._has_room():
            full = Refusal(Ground.BROKEN, "too many transfers, try again")
            given = Given(given.mac, given.name, full)
        if isinstance(given.what, Refusal):
            self._refuse(given, given.what, peer)
        else:
            self._begin(packet, given, given.what, peer)

    def _is_repeat(self, request: tftp.Request, peer: tuple[str, int]) -> bool:
        """Whether a request only repeats one whose transfer is under way.

        Some ROMs ask from one fixed port: there a new request means that the machine was reset,
        or went on without a word, and what was under way ends.
        """
        session = self._sessions.get(self._by_peer.get(peer, -1))
        if session is None:
            return False
        quiet = self._clock() - session.heard > _QUIET
        if request == session.request and not (quiet and session.transfer.acknowledged):
            return True
        self._drop(session, self._failed(session, "the client asked anew"))
        return False

    def _unacceptable(self, request: tftp.Request, peer: tuple[str, int]) -> Refusal | None:
        if request.write:
            return Refusal(Ground.FORBIDDEN, "files cannot be written here")
        if request.mode not in {"octet", "netascii"}:
            return Refusal(Ground.BROKEN, f'there is no mode "{request.mode}"')
        if self._of_address[peer[0]] >= _MOST_OF_ONE_PEER:
            return Refusal(Ground.BROKEN, "too many transfers of yours")
        return None

    def _has_room(self) -> bool:
        """Whether there can be one more transfer, once the oldest silent one is ended.

        Anybody can ask under made-up addresses, which never say a word again; who does so must
        not keep the others out.
        """
        if len(self._sessions) < _MOST_TRANSFERS:
            return True
        silent = (each for each in self._sessions.values() if each.heard == each.started)
        oldest = next(silent, None)
        if oldest is None:
            return False
        self._drop(oldest, self._failed(oldest, "no answer came, and others need its place"))
        return True

    def _refuse(self, given: Given, refusal: Refusal, peer: tuple[str, int]) -> None:
        error = tftp.encode(tftp.Error(_CODES[refusal.ground], refusal.why.replace("\0", "")))
        with contextlib.suppress(OSError):
            self._sock.sendto(error, peer)
        self._record(
            events.FetchRefused(
                mac=given.mac,
                peer=f"{peer[0]}:{peer[1]}",
                door="tftp",
                name=given.name,
                why=refusal.why,
            )
        )

    def _begin(
        self, request: tftp.Request, given: Given, what: File | Script, peer: tuple[str, int]
    ) -> None:
        now = self._clock()
        try:
            content = self._shelf.take(what, request.mode)
            terms = negotiate(request.options, len(content.view), self._largest_block)
            ahead = 2 * terms.window * terms.blksize
            content.reach(ahead)
            sock = self._socket_to(peer)
        except OSError as error:
            why = f'"{given.name}" cannot be sent: {error.strerror or error}'
            self._refuse(given, Refusal(Ground.BROKEN, why), peer)
            return
        session = _Session(
            sock=sock,
            request=request,
            transfer=Transfer(content.view, terms),
            content=content,
            ahead=ahead,
            source=peer,
            mac=given.mac,
            name=given.name,
            started=now,
            told=now,
            heard=now,
        )
        self._sessions[sock.fileno()] = session
        self._by_peer[peer] = sock.fileno()
        self._of_address[peer[0]] += 1
        self._epoll.register(sock, select.EPOLLIN)
        self._record_start(session, what)
        self._send(session, session.transfer.start(now))
        self._keep_time()

    def _socket_to(self, peer: tuple[str, int]) -> socket.socket:
        """A socket for one transfer; the client only takes packets from the address it asked."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.bind((self._sock.getsockname()[0], 0))
            sock.connect(peer)
        except OSError:
            sock.close()
            raise
        return sock

    def _record_start(self, session: _Session, what: File | Script) -> None:
        if isinstance(what, Script):
            self._record(
                events.ScriptServed(
                    mac=session.mac,
                    peer=session.peer,
                    door="tftp",
                    profile=what.profile,
                    script=what.text,
                    problem=what.problem,
                )
            )
        self._record(events.TransferStarted(size=session.transfer.size, **session.about))

    # --- transfers under way

    def _packets(self) -> None:
        for fd, _ in self._epoll.poll(0, _BATCH):
            session = self._sessions.get(fd)
            if session is not None:
                self._go_on(session, self._receive)

    def _go_on(self, session: _Session, step: Callable[[_Session], None]) -> None:
        """Take a step of one transfer; what goes wrong with it is not another's trouble."""
        try:
            step(session)
        except OSError as error:
            why = f"the file cannot be read: {error.strerror or error}"
            self._give_up(session, why)
        except Exception:
            _log.exception("tftp transfer failed", peer=session.peer, name=session.name)
            self._give_up(session, "a fault of the server")

    def _receive(self, session: _Session) -> None:
        now = self._clock()
        try:
            data = session.sock.recv(2048)
        except ConnectionRefusedError:
            # The client's port is closed: it has gone without a word, as edk2 does after a probe.
            self._drop(session, self._failed(session, "the client closed its port"))
            return
        except OSError:
            # Nothing there, or an ICMP error that the timer mends: where the path's MTU is
            # smaller than ours, the kernel has learnt it by now and sends in fragments.
            return
        session.heard = now
        session.content.reach(session.transfer.acknowledged + session.ahead)
        self._send(session, session.transfer.receive(data, now))
        self._after(session, now)

    def _after(self, session: _Session, now: float) -> None:
        """Tell of progress, and end what has ended."""
        transfer = session.transfer
        if transfer.outcome is not None:
            self._drop(session, self._ended(session, now))
        elif now - session.told >= 1:
            session.told = now
            self._record(
                events.TransferProgressed(
                    sent=transfer.acknowledged, size=transfer.size, **session.about
                )
            )

    def _send(self, session: _Session, packets: list[bytes]) -> None:
        for packet in packets:
            try:
                session.sock.send(packet)
            except OSError:
                return  # full buffers or an ICMP error: as lost on the way, the timer mends it

    def _keep_time(self) -> None:
        if self._ticker is None and self._sessions and self._loop is not None:
            self._ticker = self._loop.call_later(_TICK, self._tick)

    def _tick(self) -> None:
        self._ticker = None
        now = self._clock()
        for session in list(self._sessions.values()):
            if now >= session.transfer.deadline:
                self._go_on(session, self._overdue)
        self._keep_time()

    def _overdue(self, session: _Session) -> None:
        now = self._clock()
        self._send(session, session.transfer.tick(now))
        self._after(session, now)

    # --- ends

    def _ended(self, session: _Session, now: float) -> AnyEvent:
        outcome, transfer = session.transfer.outcome, session.transfer
        if outcome is None or outcome.ending in {Ending.ABORTED, Ending.LOST}:
            return self._failed(session, outcome.why if outcome else "")
        if outcome.ending is Ending.PROBED:
            return events.TransferProbed(size=transfer.size, **session.about)
        return events.TransferFinished(
            size=transfer.size, seconds=now - session.started, **session.about
        )

    def _failed(self, session: _Session, why: str) -> AnyEvent:
        return events.TransferFailed(sent=session.transfer.acknowledged, why=why, **session.about)

    def _give_up(self, session: _Session, why: str) -> None:
        """End a transfer from our side, and tell the client."""
        self._send(session, [tftp.encode(tftp.Error(tftp.ErrorCode.UNDEFINED, why))])
        self._drop(session, self._failed(session, why))

    def _drop(self, session: _Session, event: AnyEvent) -> None:
        fd = session.sock.fileno()
        with contextlib.suppress(OSError):
            self._epoll.unregister(fd)
        self._sessions.pop(fd, None)
        self._by_peer.pop(session.source, None)
        self._of_address[session.source[0]] -= 1
        if not self._of_address[session.source[0]]:
            del self._of_address[session.source[0]]
        session.sock.close()
        self._record(event)
