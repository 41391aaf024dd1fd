"""The DHCP door: one socket for each interface, and one more for port 4011 in proxy modes."""

import asyncio
import socket
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any, NamedTuple, Protocol

from boots.journal import events
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.policy.answer import Answer
from boots.policy.boot import Load
from boots.policy.destination import Destination
from boots.policy.forms import Ready, boot_file
from boots.policy.prepared import Silent
from boots.serve.datagrams import DatagramDoor
from boots.serve.doors import Record
from boots.serve.doubtful import DoubtfulFiles
from boots.serve.foreign import ForeignServers
from boots.serve.packets import Keep, keep_nothing
from boots.serve.replies import Replies
from boots.serve.shadow import Shadow
from boots.wire import dhcp, options
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed
from boots.wire.options import MessageType

Ask = Callable[[Message], Answer]

_LEAVES = "the server is stopping: another one, or this one when it is back, is to answer"
_NOBODY = "0.0.0.0"  # the source of a client without an address
_CHADDR = slice(28, 34)  # where the MAC stands (RFC 2131 §2)
_NAMED = 8  # more come at once in storms only, whose malformed messages are told without sender


class Kept(NamedTuple):
    """What keeps the messages that come, and those that go."""

    heard: Keep
    sent: Keep


KEPT_NOWHERE = Kept(keep_nothing, keep_nothing)


class Prepared(Protocol):
    """Answers that need no thinking."""

    answer: Callable[[bytes], Ready | Silent | None]
    """The answer to a packet; None where the plain path must be taken."""


class _About(NamedTuple):
    """What every DHCP event says alike."""

    mac: Mac | str
    interface: str


class DhcpDoor(DatagramDoor):
    """Answers the DHCP messages that arrive on one interface.

    With `to_sender` answers go where the message came from, as those of port 4011 do: edk2 waits
    for them at that port, and iPXE at 68.  It says which addresses are near; others get none.
    With a `shadow` they go there, and nowhere else.
    What is `prepared` leaves without `ask` being asked.  `foreign` is shown the requests in which
    clients take another server's offer.  `packets` keeps what comes and what goes.
    `doubtful` is told of boot files that are for another kind of machine.
    An address that `is_machines` is no relay's: nothing comes back by it for others.
    What `admits` does not, by its MAC, is dropped before anything else is read of it.
    """

    def __init__(
        self,
        sock: socket.socket,
        interface: str,
        ask: Ask,
        record: Record,
        *,
        to_sender: Callable[[IPv4Address], bool] | None = None,
        shadow: Shadow | None = None,
        prepared: Prepared | None = None,
        foreign: ForeignServers | None = None,
        packets: Kept = KEPT_NOWHERE,
        doubtful: DoubtfulFiles | None = None,
        is_machines: Callable[[IPv4Address], bool] = lambda _: False,
        admits: Callable[[bytes], bool] = lambda _: True,
    ) -> None:
        super().__init__(sock)
        self.interface = interface
        self._ask = ask
        self._record = record
        self._to_sender = to_sender
        self._shadow = shadow
        self._prepared = prepared
        self._foreign = foreign
        self._heard, self._sent = packets
        self._doubtful = doubtful
        self._is_machines = is_machines
        self._admits = admits
        if to_sender is None:
            self.named = _NAMED
        self._replies = Replies(sock, interface)
        self._leaves = False

    def leave(self) -> None:
        """Take no more machines; who has our offer still gets the address.

        A shadow has none, and compares to its end.
        """
        self._leaves = True
        self._prepared = None

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop answering, and close the sockets."""
        super().close(loop)
        self._replies.close()

    def handle(self, data: bytes, peer: tuple[Any, ...]) -> None:
        """Answer one message, if its sender has not had its share."""
        if self._admits(data[_CHADDR]):
            self._heard(data, peer)
            self._take(data, peer)

    def _take(self, data: bytes, peer: tuple[Any, ...]) -> None:
        if self._prepared is not None and (ready := self._prepared.answer(data)) is not None:
            self._give(ready, data)
            return
        try:
            message = dhcp.decode(data)
        except Malformed as error:
            who = f"{peer[0]}:{peer[1]}" if peer else ""
            self._record(events.PacketDropped(door="dhcp", peer=who, why=str(error)))
            return
        if not _may_give_back(message, peer, self._is_machines):
            why = f"it does not come from who has it, but from {peer[0] if peer else 'a storm'}"
            self._record(self._ignored(message, why))
            return
        if self._foreign is not None:
            self._foreign.chosen(message)
        sender = self._sender(peer)
        if sender is not None and self._to_sender and not self._to_sender(sender):
            why = f"no network of ours has {sender}, where it asks from"
            self._record(self._ignored(message, why))
            return
        self._answer(message, peer, sender)

    def _answer(self, message: Message, peer: tuple[Any, ...], sender: IPv4Address | None) -> None:
        """Take the plain path; with a `sender` the answer goes there."""
        answer = Answer(_LEAVES) if self._turns_away(message) else self._ask(message)
        if self._shadow is not None:
            self._shadow.withhold(message, answer)
            if answer.reply is None:
                self._record(self._event(message, answer))
            else:
                self._doubt(answer)
            return
        if answer.reply is not None and answer.to is not None:
            to = answer.to
            if sender is not None:
                to = Destination(sender, peer[1], source=to.source)
            data = dhcp.encode(answer.reply, answer.limit)
            try:
                self._replies.send(data, to)
            except OSError as error:  # no way back to a relay, a firewall, full buffers
                why = f"the answer to {to.address} could not be sent: {error.strerror}"
                self._record(self._ignored(message, why))
                return
            self._sent(data, (str(to.address), to.port))
        self._record(self._event(message, answer))
        if answer.reply is not None:
            self._doubt(answer)

    def _sender(self, peer: tuple[Any, ...]) -> IPv4Address | None:
        """To whom the answer goes, where answers go to the sender and it has an address."""
        return IPv4Address(peer[0]) if self._to_sender and peer[0] != _NOBODY else None

    def _turns_away(self, message: Message) -> bool:
        return self._leaves and self._shadow is None and message.kind is MessageType.DISCOVER

    def _doubt(self, answer: Answer) -> None:
        """Tell of a boot file that will not run where it goes; nothing prepared has one."""
        decision = answer.decision
        if isinstance(decision, Load) and decision.doubt and self._doubtful and answer.client:
            self._doubtful.given(answer.client.mac, decision.doubt)

    def _give(self, ready: Ready | Silent, data: bytes) -> None:
        """Send what was prepared, and tell of it as the plain path does."""
        if isinstance(ready, Silent):
            if self._foreign is not None and ready.message == "REQUEST":
                self._foreign.chosen_by_stranger(data)
            self._record(
                events.DhcpIgnored(
                    mac=ready.mac, interface=self.interface, message=ready.message, why=ready.why
                )
            )
            return
        mac, address, gist = ready[-3:]
        is_offer, program, architecture, _, _, why, relay, osie = gist
        try:
            self._replies.send_ready(ready)
        except OSError as error:
            self._record(
                events.DhcpIgnored(
                    mac=mac,
                    interface=self.interface,
                    message="DISCOVER" if is_offer else "REQUEST",
                    why=f"the answer to {ready.to[0]} could not be sent: {error.strerror}",
                )
            )
            return
        self._sent(ready.data, ready.to)
        sent = events.OfferSent if is_offer else events.AckSent
        self._record(
            sent(
                mac=mac,
                interface=self.interface,
                address=address,
                program=program,
                architecture=architecture,
                boot_file=boot_file(ready),
                why=why,
                relay=relay,
                osie=osie,
            )
        )

    def _ignored(self, message: Message, why: str) -> events.AnyEvent:
        return events.DhcpIgnored(
            mac=_mac(message),
            interface=self.interface,
            message=message.kind.name if message.kind else "BOOTP",
            why=why,
        )

    def _event(self, message: Message, answer: Answer) -> events.AnyEvent:
        about = _About(answer.client.mac if answer.client else "", self.interface)
        relay = str(message.giaddr) if int(message.giaddr) else ""
        kind = message.kind
        if answer.reply is None:
            address = str(message.ciaddr)
            if kind is MessageType.RELEASE:
                return events.AddressReleased(address=address, **about._asdict())
            if kind is MessageType.DECLINE:  # ciaddr is 0: RFC 2131 §4.4.4, table 5
                address = str(message.get(options.REQUESTED_ADDRESS) or "")
                return events.AddressDeclined(address=address, **about._asdict())
            return self._ignored(message, answer.why)
        if answer.reply.kind is MessageType.NAK:
            return events.NakSent(why=answer.why, relay=relay, **about._asdict())
        sent = events.OfferSent if answer.reply.kind is MessageType.OFFER else events.AckSent
        return sent(
            address=str(answer.reply.yiaddr) if int(answer.reply.yiaddr) else "",
            program=answer.client.program.value if answer.client else "",
            architecture=answer.client.architecture.value if answer.client else "",
            boot_file=answer.boot_file,
            why=answer.why,
            relay=relay,
            osie=answer.client is not None and answer.client.osie,
            **about._asdict(),
        )


def _mac(message: Message) -> str:
    """Whose it is, by its own word; empty for what no client sends, or no Ethernet has."""
    asks = message.op == dhcp.BOOTREQUEST and len(message.chaddr) == 6
    return macs.from_bytes(message.chaddr) if asks else ""


def _may_give_back(
    message: Message, peer: tuple[Any, ...], is_machines: Callable[[IPv4Address], bool]
) -> bool:
    """Whether an address may come back by this: who has it, or found it in use, says so.

    A RELEASE comes from it, a DECLINE from nowhere (RFC 2131 §4.4.4, §4.4.6), or both by a relay.
    That sends from any address of its own, which need not be `giaddr`; none is a machine's.
    Of whom it comes is not known in a storm; what does not come back is free when its time is over.
    """
    if message.kind not in {MessageType.RELEASE, MessageType.DECLINE}:
        return True
    source = peer[0] if peer else ""
    if int(message.giaddr):
        by = (IPv4Address(source), message.giaddr) if source else ()
        return bool(by) and not any(map(is_machines, by))
    return source == (_NOBODY if message.kind is MessageType.DECLINE else str(message.ciaddr))
