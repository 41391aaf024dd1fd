"""Asks a network by ARP who uses which addresses (RFC 5227), before they are given out."""

import asyncio
import contextlib
import socket
from collections.abc import Collection, Mapping
from ipaddress import IPv4Address

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.serve.sockets import hold_again
from boots.wire import arp
from boots.wire.malformed import Malformed

_ETHERNET = 1  # linux/if_arp.h
_BROADCAST = b"\xff" * 6
_WAITS = (0.2, 0.3)  # seconds after the first question, and after the second
_BATCH = 256
_OLD = 8192  # packets; more are in no socket's buffer, but a flood goes on


def open_socket(interface: str) -> socket.socket | None:
    """A socket that hears the ARP of an interface; None where that is no Ethernet.

    Raises:
        PermissionError: raw sockets are not ours to open.
        OSError: the interface is not there.
    """
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(arp.ETHERTYPE))
    try:
        sock.bind((interface, arp.ETHERTYPE))
    except OSError:
        sock.close()
        raise
    if sock.getsockname()[3] != _ETHERNET:
        sock.close()
        return None
    sock.setblocking(False)
    return sock


class ArpProbe:
    """Asks on one interface; one question at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._interface, _, _, _, self._mac = sock.getsockname()

    async def ask(self, addresses: Collection[IPv4Address]) -> Mapping[IPv4Address, Mac]:
        """Who uses these addresses; half a second later.

        Raises:
            OSError: the interface is down.
        """
        self._forget()
        wanted, found = frozenset(addresses), dict[IPv4Address, Mac]()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._sock, self._hear, found, wanted)
        try:
            for wait in _WAITS:
                for address in sorted(wanted - found.keys()):
                    self._send(address)
                await asyncio.sleep(wait)
            self._hear(found, wanted)
        finally:
            loop.remove_reader(self._sock)
        return found

    def _send(self, address: IPv4Address) -> None:
        to = (self._interface, arp.ETHERTYPE, 0, 0, _BROADCAST)
        self._sock.sendto(arp.probe(self._mac, address), to)

    def _forget(self) -> None:
        """What came since the last time is old: whoever spoke may have left meanwhile."""
        with contextlib.suppress(OSError):
            for _ in range(_OLD):
                self._sock.recv(128)

    def _hear(self, found: dict[IPv4Address, Mac], wanted: frozenset[IPv4Address]) -> None:
        for _ in range(_BATCH):
            try:
                data = self._sock.recv(128)
            except OSError:  # nothing more, or the interface went down
                return
            try:
                sender = arp.read_sender(data)
            except Malformed:
                continue
            if sender is not None and sender.address in wanted and sender.mac != self._mac:
                found[sender.address] = macs.from_bytes(sender.mac)

    def again(self) -> None:
        """The interface was taken away and came back, with another MAC maybe.

        Raises:
            OSError: it is gone again.
        """
        hold_again(self._sock, self._interface)
        self._mac = self._sock.getsockname()[4]

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()
