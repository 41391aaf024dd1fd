"""How DHCP messages of a fleet leave and arrive: as frames of each card, or as a relay's datagrams.

`Direct` sends broadcasts with each machine's own MAC, and hears what servers send to any of them.
`Relayed` is the relay of the fleet's network: it says so in giaddr and in option 82.
"""

import socket
import struct
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Protocol

from boots.lab.fleet.place import Place, PlaceError
from boots.wire import arp, dhcp, filters, ip, options, pxe
from boots.wire.dhcp import Message

_BROADCAST = b"\xff" * 6
_EVERYONE = IPv4Address("255.255.255.255")
_NOBODY = IPv4Address(0)
_BATCH = 256
_LARGEST = 4096
_ETHERNET, _UDP = 14, 8
_CHADDR = slice(28, 34)  # of a DHCP message
_RCVBUFFORCE, _PACKET_ADD_MEMBERSHIP, _PROMISCUOUS = 33, 1, 1  # linux/socket.h, if_packet.h
_BUFFER = 16 << 20


class Port(Protocol):
    """Where DHCP messages go and come from."""

    def fileno(self) -> int:
        """To wait for."""

    def send(self, message: Message) -> None:
        """Send a message of a machine."""

    def receive(self) -> Iterator[tuple[bytes, bytes]]:
        """What has arrived: the MAC that each message is for, and the message."""

    def announce(self, address: IPv4Address) -> None:
        """Tell the network that the address is ours now."""

    def close(self) -> None:
        """No more."""


class Direct:
    """Frames on the interface of `place`.

    Raises:
        PlaceError: raw sockets are not ours to open.
    """

    def __init__(self, place: Place) -> None:
        try:
            self._sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError:
            raise PlaceError(
                "frames with made-up MACs need root, or CAP_NET_RAW and CAP_NET_ADMIN"
            ) from None
        _attach(self._sock)
        self._sock.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, _BUFFER)
        self._sock.bind((place.interface, 0x0003))
        wanted = struct.pack("@IHH8s", place.index, _PROMISCUOUS, 0, b"")
        self._sock.setsockopt(263, _PACKET_ADD_MEMBERSHIP, wanted)  # SOL_PACKET
        self._sock.setblocking(False)
        self._mac = self._sock.getsockname()[4]

    def fileno(self) -> int:
        """The packet socket's."""
        return self._sock.fileno()

    def send(self, message: Message) -> None:
        """Broadcast from nobody, with the MAC of the machine."""
        data = dhcp.encode(message)
        packet = ip.udp((_NOBODY, dhcp.CLIENT_PORT), (_EVERYONE, dhcp.SERVER_PORT), data)
        self._sock.send(_BROADCAST + message.chaddr + b"\x08\0" + packet)

    def receive(self) -> Iterator[tuple[bytes, bytes]]:
        """Drain the socket, up to a batch."""
        for _ in range(_BATCH):
            try:
                frame = self._sock.recv(_LARGEST)
            except OSError:
                return
            data = frame[_ETHERNET + (frame[_ETHERNET] & 15) * 4 + _UDP :]
            yield data[_CHADDR], data

    def announce(self, address: IPv4Address) -> None:
        """Say by ARP that the address is at our card (RFC 5227 §2.3).

        Servers that gave it noted the made-up MAC (dnsmasq does), and frames to that are lost.
        """
        packet = struct.pack(
            *("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1),
            *(self._mac, address.packed, bytes(6), address.packed),
        )
        self._sock.send(_BROADCAST + self._mac + arp.ETHERTYPE.to_bytes(2) + packet)

    def close(self) -> None:
        """Hear no more."""
        self._sock.close()


class Relayed:
    """Datagrams between `giaddr`, an address of ours on the fleet's network, and `server`.

    Raises:
        PlaceError: port 67 of the address is taken, or not ours to open.
    """

    def __init__(self, giaddr: IPv4Address, server: IPv4Address) -> None:
        self._giaddr, self._server = giaddr, (str(server), dhcp.SERVER_PORT)
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        try:
            self._sock.bind((str(giaddr), dhcp.SERVER_PORT))
        except OSError as error:
            self._sock.close()
            raise PlaceError(
                f"a relay needs port {dhcp.SERVER_PORT} of {giaddr}: {error.strerror}"
            ) from None
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, _BUFFER)
        except PermissionError:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)

    def fileno(self) -> int:
        """The socket's."""
        return self._sock.fileno()

    def send(self, message: Message) -> None:
        """Forward, as the relay that heard it."""
        circuit = pxe.RELAY.write({pxe.CIRCUIT_ID: b"sim-" + message.chaddr.hex().encode()})
        relayed = replace(
            message,
            hops=1,
            giaddr=self._giaddr,
            options={**message.options, options.RELAY_AGENT: circuit},
        )
        self._sock.sendto(dhcp.encode(relayed), self._server)

    def receive(self) -> Iterator[tuple[bytes, bytes]]:
        """Drain the socket, up to a batch."""
        for _ in range(_BATCH):
            try:
                data = self._sock.recv(_LARGEST)
            except OSError:
                return
            yield data[_CHADDR], data

    def announce(self, address: IPv4Address) -> None:
        """Nobody needs to be told: the server sends to its router, which we are."""

    def close(self) -> None:
        """Hear no more."""
        self._sock.close()


def _attach(sock: socket.socket) -> None:
    """Have the kernel pass what clients of DHCP must see, and nothing of all the files."""
    packed = filters.packed(filters.TO_CLIENTS)
    sock.setsockopt(socket.SOL_SOCKET, filters.SO_ATTACH_FILTER, packed.argument)
