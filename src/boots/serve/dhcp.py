"""The DHCP door: one socket for each interface."""

import socket
from collections.abc import Callable
from typing import Any, NamedTuple

from boots.journal import events
from boots.model.mac import Mac
from boots.policy.answer import Answer
from boots.policy.boot import Load
from boots.serve.datagrams import DatagramDoor
from boots.serve.doors import Record
from boots.wire import dhcp
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed
from boots.wire.options import MessageType

Ask = Callable[[Message], Answer]


class _About(NamedTuple):
    """What every DHCP event says alike."""

    mac: Mac | str
    interface: str


class DhcpDoor(DatagramDoor):
    """Answers the DHCP messages that arrive on one interface."""

    def __init__(self, sock: socket.socket, interface: str, ask: Ask, record: Record) -> None:
        super().__init__(sock)
        self._interface = interface
        self._ask = ask
        self._record = record

    def handle(self, data: bytes, peer: tuple[Any, ...]) -> None:
        """Answer one message."""
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
