"""The ear: what other DHCP servers send on one interface, heard on a packet socket."""

import socket
import struct
from collections.abc import Callable, Collection, Iterable, Sequence
from ipaddress import IPv4Address
from itertools import islice
from typing import Any

from boots.journal.bound import Bound
from boots.serve.datagrams import DatagramDoor
from boots.serve.packets import Keep, keep_nothing
from boots.wire import dhcp, filters, pcap
from boots.wire.dhcp import BOOTREPLY, Message
from boots.wire.filters import Instruction
from boots.wire.malformed import Malformed

Hearer = Callable[[Message, IPv4Address], None]
"""Takes a reply of another server, and the address it came from."""

_IPV4 = 0x0800  # linux/if_ether.h
_SOL_PACKET = 263  # linux/socket.h
_ADD_MEMBERSHIP, _PROMISCUOUS = 1, 1  # linux/if_packet.h
_MOST_DEAF_TO = 128  # addresses; a jump of the filter reaches no further than 255


class Ear(DatagramDoor):
    """Hands what other DHCP servers say on one interface to the `hearers`; never sends itself.

    At most `most` replies are read in a second of the `clock`, 0 for any number: to make replies
    up costs less than to read them.  `keep` keeps them.
    """

    largest = 1500  # no DHCP server sends more, and who makes replies up must not fill our memory
    named = 0

    def __init__(
        self,
        sock: socket.socket,
        hearers: Sequence[Hearer],
        clock: Callable[[], float],
        most: int = 0,
        keep: Keep = keep_nothing,
        *,
        interface: str = "",
    ) -> None:
        super().__init__(sock)
        self.interface = interface
        self._hearers = hearers
        self._clock = clock
        self._bound = Bound(most)
        self._keep = keep

    def handle(self, data: bytes, peer: tuple[Any, ...]) -> None:
        """Take one IP packet; packet sockets do not know its sender's port."""
        del peer
        if not self._bound.admits(self._clock(), "reply"):
            return
        datagram = pcap.read_ip(data)
        if datagram is None or datagram.source_port != dhcp.SERVER_PORT:
            return
        try:
            reply = dhcp.decode(datagram.payload)
        except Malformed:
            return  # another server's fault, and not sent to us
        if reply.op == BOOTREPLY:
            self._keep(datagram.payload, (str(datagram.source), datagram.source_port))
            for hear in self._hearers:
                hear(reply, datagram.source)


def listening(
    interface: str, deaf_to: Collection[IPv4Address] = (), *, promiscuous: bool = False
) -> socket.socket | None:
    """A non-blocking packet socket that hears DHCP servers; None where it is not ours to open.

    What we send ourselves never gets there, as it is for packets that come in; what comes in from
    addresses that it is `deaf_to` the kernel drops.  With `promiscuous` it hears what is not for
    us, too, where a switch mirrors that to our port.
    """
    try:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    except OSError:  # no right to it, or a service manager that forbids its family
        return None
    try:
        _attach(sock, filter_for(islice(deaf_to, _MOST_DEAF_TO)))
        sock.bind((interface, _IPV4))
        if promiscuous:
            index = socket.if_nametoindex(interface)
            members = struct.pack("iHH8s", index, _PROMISCUOUS, 0, b"")
            sock.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, members)
    except OSError:
        sock.close()
        return None
    sock.setblocking(False)
    return sock


def _attach(sock: socket.socket, instructions: Sequence[Instruction]) -> None:
    packed = filters.packed(instructions)
    sock.setsockopt(socket.SOL_SOCKET, filters.SO_ATTACH_FILTER, packed.argument)


_ACCEPT, _REFUSE = (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)


def filter_for(deaf_to: Iterable[IPv4Address]) -> list[Instruction]:
    """A classic BPF program over the IP packet: a DHCP server's reply, from anybody but these.

    Requests that relays forward have that port, too; they are told by the first byte.
    """
    tests = [
        (0x30, 0, 0, 9),  # the protocol
        (0x15, 0, None, 17),  # is UDP, or: refuse
        (0x28, 0, 0, 6),  # the fragment's place
        (0x45, None, 0, 0x1FFF),  # is not the first's: refuse
        (0xB1, 0, 0, 0),  # x = the length of the IP header
        (0x48, 0, 0, 0),  # the source port
        (0x15, 0, None, dhcp.SERVER_PORT),  # is 67, or: refuse
        (0x50, 0, 0, 8),  # the first byte behind the UDP header
        (0x15, 0, None, BOOTREPLY),  # says that it is a reply, or: refuse
        (0x20, 0, 0, 12),  # the source
        *((0x15, None, 0, int(address)) for address in deaf_to),  # is one of these: refuse
    ]
    # None stands for a jump to the end.
    whole: list[Instruction] = []
    for at, (code, if_so, if_not, value) in enumerate(tests):
        far = len(tests) - at
        jumps = (far if each is None else each for each in (if_so, if_not))
        whole.append((code, *jumps, value))  # type: ignore[arg-type]
    return [*whole, _ACCEPT, _REFUSE]
