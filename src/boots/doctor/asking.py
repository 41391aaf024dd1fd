"""Asks a network by DHCP who would answer a machine.  It sends DISCOVER, and nothing else."""

import contextlib
import errno
import select
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Protocol

from boots.doctor import ear
from boots.doctor.errors import DoctorError
from boots.doctor.inlet import Inlet
from boots.model.mac import Mac
from boots.policy.explain import Firmware, discover
from boots.wire import dhcp, filters, ip, options, pcap, pxe
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed
from boots.wire.options import MessageType

_BROADCAST = b"\xff" * 6
_IPV4 = b"\x08\0"
_EVERYONE = (IPv4Address("255.255.255.255"), dhcp.SERVER_PORT)
_NOBODY = (IPv4Address(0), dhcp.CLIENT_PORT)
_AGAIN = 1.5  # seconds after which an unanswered question is asked once more
_LARGEST = 4096

Clock = Callable[[], float]
Questions = Mapping[int, tuple[Firmware, Message]]
"""What is asked, by transaction."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An offer: `after` so many seconds, to which kind of firmware, from which address.

    `here` says that this host sent it.
    """

    after: float
    firmware: str
    offer: Message
    source: IPv4Address
    here: bool = False


def questions(firmware: Sequence[Firmware], mac: Mac, first: int) -> Questions:
    """A DISCOVER of each firmware; `first` is the first transaction number."""
    return {
        xid: (each, replace(discover(each, mac), xid=xid))
        for xid, each in enumerate(firmware, first)
    }


class Way(Protocol):
    """How questions leave and offers come in."""

    def wait(self, seconds: float) -> None:
        """Until something has come, or the time is over."""

    def send(self, message: Message) -> None:
        """Send a message."""

    def dressed(self, message: Message) -> Message:
        """A message as it leaves."""

    def heard(self) -> Iterator[tuple[Message, IPv4Address, bool]]:
        """What has come: message, source, and whether this host sent it."""


class Link:
    """Broadcasts on an interface, as a client without an address sends them.

    With an `inlet` this host hears them, too.  The frames carry the interface's own MAC: with the
    machine's, switches would send what is for it to us.
    """

    def __init__(self, interface: str, inlet: Inlet | None) -> None:
        self._sock = ear.listen(interface, filters.TO_CLIENTS)
        self._inlet = inlet

    def wait(self, seconds: float) -> None:
        """Until something has come, or the time is over."""
        select.select([self._sock], [], [], seconds)

    def send(self, message: Message) -> None:
        """To everybody on the wire, and to this host."""
        own = self._sock.getsockname()[4]
        frame = _BROADCAST + own + _IPV4 + ip.udp(_NOBODY, _EVERYONE, dhcp.encode(message))
        with contextlib.suppress(OSError):  # the interface is down: nobody will answer
            self._sock.send(frame)
        if self._inlet is not None:
            with contextlib.suppress(OSError):
                self._inlet.put(frame)

    def dressed(self, message: Message) -> Message:
        """As it is."""
        return message

    def heard(self) -> Iterator[tuple[Message, IPv4Address, bool]]:
        """All that servers have sent to clients."""
        while True:
            try:
                frame, where = self._sock.recvfrom(_LARGEST)
            except OSError:
                return
            datagram = pcap.read_ip(frame[14:])
            if datagram is not None:
                with contextlib.suppress(Malformed):
                    here = where[2] == ear.OUTGOING
                    yield dhcp.decode(datagram.payload), datagram.source, here

    def close(self) -> None:
        """Hear no more."""
        self._sock.close()


class Relay:
    """Sends to `server` as the relay `own`, an address of this host.

    Raises:
        DoctorError: port 67 of this host is not ours to take.
    """

    def __init__(self, own: IPv4Address, server: IPv4Address) -> None:
        self._own, self._server = own, (str(server), dhcp.SERVER_PORT)
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        try:
            self._sock.bind((str(own), dhcp.SERVER_PORT))
        except OSError as error:
            self._sock.close()
            taken = error.errno == errno.EADDRINUSE
            why = "a DHCP server or relay of this host has it" if taken else error.strerror
            raise DoctorError(f"a relay needs port 67 of {own}: {why}") from None

    def wait(self, seconds: float) -> None:
        """Until something has come, or the time is over."""
        select.select([self._sock], [], [], seconds)

    def send(self, message: Message) -> None:
        """Forward it."""
        with contextlib.suppress(OSError):  # no way there: nobody will answer
            self._sock.sendto(dhcp.encode(self.dressed(message)), self._server)

    def dressed(self, message: Message) -> Message:
        """As a relay forwards what it heard."""
        circuit = pxe.RELAY.write({pxe.CIRCUIT_ID: b"boots doctor"})
        values = {**message.options, options.RELAY_AGENT: circuit}
        return replace(message, hops=1, giaddr=self._own, options=values)

    def heard(self) -> Iterator[tuple[Message, IPv4Address, bool]]:
        """What came back to the relay."""
        while True:
            try:
                data, peer = self._sock.recvfrom(_LARGEST)
            except OSError:
                return
            with contextlib.suppress(Malformed):
                yield dhcp.decode(data), IPv4Address(peer[0]), False

    def close(self) -> None:
        """Hear no more."""
        self._sock.close()


def ask(way: Way, asked: Questions, seconds: float, clock: Clock) -> list[Heard]:
    """All offers that come within so many seconds; each server counts once for each question."""
    found: dict[tuple[int, IPv4Address | None, bool], Heard] = {}
    sent: dict[int, float] = {}
    for xid, (_, message) in asked.items():
        sent[xid] = clock()
        way.send(message)
    again, end = clock() + _AGAIN, clock() + seconds
    while (now := clock()) < end:
        if now >= again:
            again = end
            for xid in asked.keys() - {xid for xid, _, _ in found}:
                way.send(asked[xid][1])
        way.wait(min(end, again) - now)
        for offer, source, here in way.heard():
            if offer.xid in asked and offer.kind is MessageType.OFFER:
                key = (offer.xid, offer.get(options.SERVER_ID), here)
                after = clock() - sent[offer.xid]
                name = asked[offer.xid][0].name
                found.setdefault(key, Heard(after, name, offer, source, here))
    return sorted(found.values(), key=lambda each: each.after)
