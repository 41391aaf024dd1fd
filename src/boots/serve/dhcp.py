"""The DHCP door: one socket for each interface."""

import asyncio
import socket
from collections.abc import Callable
from typing import NamedTuple

import structlog

from boots.journal import events
from boots.model.mac import Mac
from boots.policy.answer import Answer
from boots.policy.boot import Load
from boots.serve.doors import Record
from boots.wire import dhcp
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed
from boots.wire.options import MessageType

Ask = Callable[[Message], Answer]

# One wake-up takes at most so many packets, so that the other doors get their turn.
_BATCH = 256
_log = structlog.get_logger()


class _About(NamedTuple):
    """What every DHCP event says alike."""

    mac: Mac | str
    interface: str


class DhcpDoor:
    """Answers the DHCP messages that arrive on one interface."""

    def __init__(self, sock: socket.socket, interface: str, ask: Ask, record: Record) -> None:
        self._sock = sock
        self._interface = interface
        self._ask = ask
        self._record = record

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to answer."""
        loop.add_reader(self._sock, self._readable)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop answering, and close the socket."""
        loop.remove_reader(self._sock)
        self._sock.close()

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                data, peer = self._sock.recvfrom(4096)
            except BlockingIOError:
                return
            except OSError as error:
                # An ICMP error for an earlier reply, or the interface went down for a moment.
                _log.debug("dhcp receive failed", interface=self._interface, error=str(error))
                return
            try:
                self._handle(data, peer)
            except Exception:  # a fault of ours must not take the door away from the others
                _log.exception("dhcp message failed", interface=self._interface, data=data.hex())

    def _handle(self, data: bytes, peer: tuple[str, int]) -> None:
        try:
            message = dhcp.decode(data)
        except Malformed as error:
            self._record(
                events.PacketDropped(door="dhcp", peer=f"{peer[0]}:{peer[1]}", why=str(error))
            )
            return
        answer = self._ask(message)
        if answer.reply is not None and answer.to is not None:
            data = dhcp.encode(answer.reply, answer.limit)
            try:
                self._sock.sendto(data, (str(answer.to.address), answer.to.port))
            except OSError as error:  # no way back to a relay, a firewall, full buffers
                why = f"the answer to {answer.to.address} could not be sent: {error.strerror}"
                self._record(self._ignored(message, answer, why))
                return
        self._record(self._event(message, answer))

    def _ignored(self, message: Message, answer: Answer, why: str) -> events.AnyEvent:
        return events.DhcpIgnored(
            mac=answer.client.mac if answer.client else "",
            interface=self._interface,
            message=message.kind.name if message.kind else "BOOTP",
            why=why,
        )

    def _event(self, message: Message, answer: Answer) -> events.AnyEvent:
        about = _About(answer.client.mac if answer.client else "", self._interface)
        relay = str(message.giaddr) if int(message.giaddr) else ""
        kind = message.kind
        if answer.reply is None:
            address = str(message.ciaddr)
            if kind is MessageType.RELEASE:
                return events.AddressReleased(address=address, **about._asdict())
            if kind is MessageType.DECLINE:
                return events.AddressDeclined(address=address, **about._asdict())
            return self._ignored(message, answer, answer.why)
        if answer.reply.kind is MessageType.NAK:
            return events.NakSent(why=answer.why, relay=relay, **about._asdict())
        sent = events.OfferSent if answer.reply.kind is MessageType.OFFER else events.AckSent
        return sent(
            address=str(answer.reply.yiaddr) if int(answer.reply.yiaddr) else "",
            program=answer.client.program.value if answer.client else "",
            architecture=answer.client.architecture.value if answer.client else "",
            boot_file=answer.decision.url if isinstance(answer.decision, Load) else "",
            why=answer.why,
            relay=relay,
            **about._asdict(),
        )
