"""The TFTP door: requests, and what comes of them.

Where all transfers leave by the port that was asked, there is but one socket, and its packets are
told apart by the address and port they come from.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from ipaddress import IPv4Address

import structlog

from boots.journal import events
from boots.journal.limited import Limited
from boots.model.limits import TFTP_TRANSFERS, TFTP_TRANSFERS_OF_ONE
from boots.policy.got import File, Ground, Refusal, Rendered, Script
from boots.serve.content import Shelf
from boots.serve.doors import Fetch, Given, Record, refused
from boots.serve.sending import Sending
from boots.serve.underway import PROGRESS, Underway
from boots.serve.way import Way, can_cut, shared_way, way_of
from boots.transfer import Terms, Transfer, negotiate
from boots.wire import tftp
from boots.wire.malformed import Malformed

_AT_MOST = 0.0015  # seconds for which the other doors wait
_QUIET = 1.0  # seconds without a word after which a client that asks again was reset
_DATA_HEADER = 4
_HEADERS = 20 + 8 + _DATA_HEADER  # with those of IPv4 and UDP
_REQUESTS = frozenset({b"\0\1", b"\0\2"})  # the opcodes of RRQ and WRQ

_CODES = {
    Ground.STRANGER: tftp.ErrorCode.ACCESS_VIOLATION,
    Ground.FORBIDDEN: tftp.ErrorCode.ACCESS_VIOLATION,
    Ground.MISSING: tftp.ErrorCode.NOT_FOUND,
    Ground.BROKEN: tftp.ErrorCode.UNDEFINED,
    Ground.GARBLED: tftp.ErrorCode.UNDEFINED,
    Ground.OUTSIDE: tftp.ErrorCode.ACCESS_VIOLATION,
}
_log = structlog.get_logger()


class TftpDoor(Underway):
    """Gives files and scripts to TFTP clients on one address.

    `clock` is monotonic, in seconds.  `mtu` is of the interface: no block is made larger than
    fits, as fragments are what firmware loses first.  With `single_port` transfers leave by
    `sock` itself, for networks that let no other port through.  Requests of addresses that
    `admits` does not are dropped; `limited` is told of the other limits.
    """

    def __init__(
        self,
        sock: socket.socket,
        fetch: Fetch,
        record: Record,
        clock: Callable[[], float],
        mtu: int,
        *,
        single_port: bool = False,
        admits: Callable[[str], bool] = lambda _: True,
        limited: Limited | None = None,
        most: int = TFTP_TRANSFERS.most,
    ) -> None:
        super().__init__(record, clock, most)
        self._sock = sock
        self._fetch = fetch
        self._address = sock.getsockname()[0]
        self._cuts = can_cut(sock)
        self._largest_block = max(mtu - _HEADERS, tftp.DEFAULT_BLKSIZE)
        self._single_port = single_port
        self._shelf = Shelf()
        self._admits = admits
        self._limited = limited or Limited(record)
        self._most = TFTP_TRANSFERS.of(most)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to answer."""
        super().open(loop)
        loop.add_reader(self._sock, self._requests)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop answering; transfers under way are told so, and end."""
        loop.remove_reader(self._sock)
        super().close(loop)
        self._sock.close()

    def _requests(self) -> None:
        until = self._clock() + _AT_MOST
        while self._clock() < until:
            try:
                data, peer = self._sock.recvfrom(2048)
            except OSError:  # nothing more, or an ICMP error for an earlier refusal
                return
            try:
                self._hear(data, peer)
            except Exception:  # a fault of ours must not take the door away from the others
                _log.exception("tftp request failed", peer=peer[0], data=data.hex())

    def _hear(self, data: bytes, peer: tuple[str, int]) -> None:
        if self._single_port and data[:2] not in _REQUESTS:
            sending = self._sendings.of_peer(peer)
            if sending is not None:
                self._take(sending, data, self._clock())
                return
        if self._admits(peer[0]):
            self._request(data, peer)

    def _request(self, data: bytes, peer: tuple[str, int]) -> None:
        who = f"{peer[0]}:{peer[1]}"
        try:
            packet = tftp.decode(data)
        except Malformed as error:
            self._record(events.PacketDropped(door="tftp", peer=who, why=str(error)))
            # Who asks must not wait for a minute; nobody knows for what, but from where.
            if data[:2] in _REQUESTS and not _outside(self._fetch("", IPv4Address(peer[0]))):
                self._say_no(tftp.ErrorCode.ILLEGAL_OPERATION, str(error), peer)
            return
        if not isinstance(packet, tftp.Request):
            why = "not a request; transfers have ports of their own"
            if self._single_port:
                why = "not a request, and no transfer to there is under way"
            self._record(events.PacketDropped(door="tftp", peer=who, why=why))
            return
        if self._is_repeat(packet, peer):
            return  # the timer of the transfer under way answers
        given = self._fetch(packet.name, IPv4Address(peer[0]))
        if (outside := _outside(given)) is not None:
            # Whoever it is may not have asked: not even a no is sent there.
            self._record(events.PacketDropped(door="tftp", peer=who, why=outside.why))
            return
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
        sending = self._sendings.of_peer(peer)
        if sending is None:
            return False
        quiet = self._clock() - sending.heard > _QUIET
        if request == sending.request and not (quiet and sending.transfer.acknowledged):
            return True
        if request == sending.request and sending.own_socket:
            self._put_aside(sending)
        else:
            self._drop(sending, sending.failed("the client asked anew"))
        return False

    def _unacceptable(self, request: tftp.Request, peer: tuple[str, int]) -> Refusal | None:
        if request.write:
            return Refusal(Ground.FORBIDDEN, "files cannot be written here")
        if request.mode not in {"octet", "netascii"}:
            return Refusal(Ground.BROKEN, f'there is no mode "{request.mode}"')
        if self._sendings.has_enough(peer[0]):
            self._limited.reached(TFTP_TRANSFERS_OF_ONE, peer=peer[0])
            return Refusal(Ground.BROKEN, "too many transfers of yours")
        return None

    def _has_room(self) -> bool:
        """Whether there can be one more transfer, once the oldest silent one is ended.

        Anybody can ask under made-up addresses, which never say a word again; who does so must
        not keep the others out.
        """
        if not self._sendings.are_full():
            return True
        self._limited.reached(self._most)
        oldest = self._sendings.silent()
        if oldest is None:
            return False
        self._drop(oldest, oldest.failed("no answer came, and others need its place"))
        return True

    def _refuse(self, given: Given, refusal: Refusal, peer: tuple[str, int]) -> None:
        self._say_no(_CODES[refusal.ground], refusal.why, peer)
        self._record(refused(given, refusal, f"{peer[0]}:{peer[1]}", "tftp"))

    def _say_no(self, code: tftp.ErrorCode, why: str, peer: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):
            self._sock.sendto(tftp.encode(tftp.Error(code, _for_a_screen(why))), peer)

    def _begin(
        self,
        request: tftp.Request,
        given: Given,
        what: File | Script | Rendered,
        peer: tuple[str, int],
    ) -> None:
        now = self._clock()
        try:
            content = self._shelf.take(what, request.mode)
            terms = negotiate(request.options, content.size, self._largest_block)
            blocks = self._shelf.blocks(content, terms.blksize, terms.window)
            blocks.packets(0, 1)  # what cannot be read is refused
            sock = self._sock if self._single_port else self._socket_to(peer)
        except OSError as error:
            why = f'"{given.name}" cannot be sent: {error.strerror or error}'
            self._refuse(given, Refusal(Ground.BROKEN, why), peer)
            return
        sending = Sending(
            sock=sock,
            own_socket=not self._single_port,
            request=request,
            transfer=Transfer(blocks, terms),
            way=self._way_to(peer, sock, terms),
            source=peer,
            mac=given.mac,
            name=given.name,
            started=now,
            heard=now,
            tell_at=now + PROGRESS,
            trace=given.trace,
        )
        self._tell_begun(sending, what, private=given.private)
        self._enter(sending)

    def _way_to(self, peer: tuple[str, int], sock: socket.socket, terms: Terms) -> Way:
        packet = terms.blksize + _DATA_HEADER
        if self._single_port:
            return shared_way(sock, peer, packet, terms.window, cuts=self._cuts)
        return way_of(sock, packet, terms.window)

    def _tell_begun(
        self, sending: Sending, what: File | Script | Rendered, *, private: bool
    ) -> None:
        if isinstance(what, Script):
            self._record(sending.script_served(what, private=private))
        elif isinstance(what, Rendered):
            self._record(sending.rendered(what))
        self._record(sending.begun())

    def _socket_to(self, peer: tuple[str, int]) -> socket.socket:
        """A socket for one transfer; the client only takes packets from the address it asked."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            sock.bind((self._address, 0))
            sock.connect(peer)
        except OSError:
            sock.close()
            raise
        return sock


def _outside(given: Given) -> Refusal | None:
    """What is refused as it is asked from no network of ours; None for all else."""
    what = given.what
    return what if isinstance(what, Refusal) and what.ground is Ground.OUTSIDE else None


def _for_a_screen(why: str) -> str:
    """What a packet of the default size holds: ROMs have room for no more."""
    text = why.replace("\0", "").encode()[: tftp.DEFAULT_BLKSIZE - 1]
    return text.decode(errors="ignore")
