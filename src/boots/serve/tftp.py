"""The TFTP door: every transfer in one loop of its own, hosted by asyncio as a single reader.

A task or an endpoint for each transfer would cost five times as much.  An epoll set is itself
something that can be waited for, so the sockets of all transfers stand in one, and asyncio
watches that.
"""

import asyncio
import contextlib
import mmap
import os
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

import structlog

from boots.journal import events
from boots.journal.events import AnyEvent
from boots.policy.boot import File, Ground, Refusal, Script
from boots.serve.doors import Fetch, Given, Record
from boots.transfer import Ending, Transfer, negotiate, to_netascii
from boots.wire import tftp
from boots.wire.malformed import Malformed

_BATCH = 256
_MOST_TRANSFERS = 4096
_MOST_OF_ONE_PEER = 64
_TICK = 0.05  # how exactly retransmit times are kept, in seconds
_LARGEST_NETASCII = 16 << 20
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
    transfer: Transfer
    peer: str
    mac: str
    name: str
    started: float
    told: float
    keep: object = field(repr=False)  # what the content's memory belongs to


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
        goodbye = tftp.encode(tftp.Error(tftp.ErrorCode.UNDEFINED, "the server is stopping"))
        for session in list(self._sessions.values()):
            self._send(session, [goodbye])
            self._drop(session, self._failed(session, "the server is stopping"))
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
        if peer in self._by_peer:
            return  # a repeat of a request whose transfer is under way: its timer answers
        given = self._fetch(packet.name, IPv4Address(peer[0]))
        refusal = self._unacceptable(packet, peer)
        if refusal is not None:
            given = Given(given.mac, given.name, refusal)
        if isinstance(given.what, Refusal):
            self._refuse(given, given.what, peer)
        else:
            self._begin(packet, given, peer)

    def _unacceptable(self, request: tftp.Request, peer: tuple[str, int]) -> Refusal | None:
        if request.write:
            return Refusal(Ground.FORBIDDEN, "files cannot be written here")
        if request.mode not in {"octet", "netascii"}:
            return Refusal(Ground.BROKEN, f'there is no mode "{request.mode}"')
        if len(self._sessions) >= _MOST_TRANSFERS:
            return Refusal(Ground.BROKEN, "too many transfers, try again")
        if sum(each[0] == peer[0] for each in self._by_peer) >= _MOST_OF_ONE_PEER:
            return Refusal(Ground.BROKEN, "too many transfers of yours")
        return None

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

    def _begin(self, request: tftp.Request, given: Given, peer: tuple[str, int]) -> None:
        who = f"{peer[0]}:{peer[1]}"
        try:
            content, keep = _content(given.what, request.mode)
        except OSError as error:
            why = f'"{given.name}" cannot be read: {error.strerror or error}'
            self._refuse(given, Refusal(Ground.BROKEN, why), peer)
            return
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        # The client only takes packets from the address that it asked (RFC 1350 §4).
        sock.bind((self._sock.getsockname()[0], 0))
        sock.connect(peer)
        now = self._clock()
        terms = negotiate(request.options, len(content), self._largest_block)
        session = _Session(
            sock, Transfer(content, terms), who, given.mac, given.name, now, now, keep
        )
        self._sessions[sock.fileno()] = session
        self._by_peer[peer] = sock.fileno()
        self._epoll.register(sock, select.EPOLLIN)
        if isinstance(given.what, Script):
            self._record(
                events.ScriptServed(
                    mac=given.mac,
                    peer=who,
                    door="tftp",
                    profile=given.what.profile,
                    script=given.what.text,
                    problem=given.what.problem,
                )
            )
        self._record(
            events.TransferStarted(
                mac=given.mac, peer=who, door="tftp", name=given.name, size=len(content)
            )
        )
        self._send(session, session.transfer.start(now))
        self._keep_time()

    # --- transfers under way

    def _packets(self) -> None:
        for fd, _ in self._epoll.poll(0, _BATCH):
            session = self._sessions.get(fd)
            if session is None:
                continue
            try:
                self._receive(session)
            except Exception:  # one transfer's fault is not another's
                _log.exception("tftp transfer failed", peer=session.peer, name=session.name)
                self._drop(session, self._failed(session, "a fault of the server"))

    def _receive(self, session: _Session) -> None:
        now = self._clock()
        try:
            data = session.sock.recv(2048)
        except BlockingIOError:
            return
        except ConnectionRefusedError:
            # The client's port is closed: it has gone without a word, as edk2 does after a probe.
            self._drop(session, self._failed(session, "the client closed its port"))
            return
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
                    mac=session.mac,
                    peer=session.peer,
                    door="tftp",
                    name=session.name,
                    sent=transfer.acknowledged,
                    size=transfer.size,
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
                self._send(session, session.transfer.tick(now))
                self._after(session, now)
        self._keep_time()

    # --- ends

    def _ended(self, session: _Session, now: float) -> AnyEvent:
        outcome, transfer = session.transfer.outcome, session.transfer
        if outcome is None or outcome.ending in {Ending.ABORTED, Ending.LOST}:
            return self._failed(session, outcome.why if outcome else "")
        if outcome.ending is Ending.PROBED:
            return events.TransferProbed(
                mac=session.mac,
                peer=session.peer,
                door="tftp",
                name=session.name,
                size=transfer.size,
            )
        return events.TransferFinished(
            mac=session.mac,
            peer=session.peer,
            door="tftp",
            name=session.name,
            size=transfer.size,
            seconds=now - session.started,
        )

    def _failed(self, session: _Session, why: str) -> AnyEvent:
        return events.TransferFailed(
            mac=session.mac,
            peer=session.peer,
            door="tftp",
            name=session.name,
            sent=session.transfer.acknowledged,
            why=why,
        )

    def _drop(self, session: _Session, event: AnyEvent) -> None:
        fd = session.sock.fileno()
        with contextlib.suppress(OSError):
            self._epoll.unregister(fd)
        self._sessions.pop(fd, None)
        address, _, port = session.peer.rpartition(":")
        self._by_peer.pop((address, int(port)), None)
        session.sock.close()
        self._record(event)


def _content(what: File | Script | Refusal, mode: str) -> tuple[bytes | memoryview, object]:
    """The bytes of a file or script, and what must be kept while they are in use.

    Files are mapped, not read: a transfer costs the memory of its place in the page cache.

    Raises:
        OSError: the file cannot be read, or is too long for netascii.
    """
    if isinstance(what, Script):
        text = what.text.encode()
        return (to_netascii(text) if mode == "netascii" else text), None
    if isinstance(what, Refusal):
        raise OSError(what.why)
    with Path(what.path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if mode == "netascii":
            if size > _LARGEST_NETASCII:
                raise OSError("it is too long for netascii, ask for octet")
            return to_netascii(file.read()), None
        if size == 0:
            return b"", None
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return memoryview(mapped), mapped
