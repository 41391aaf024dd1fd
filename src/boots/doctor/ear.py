"""Packet sockets: what they hear is chosen by the kernel, before it costs anything."""

import socket
import struct

from boots.doctor.errors import DoctorError
from boots.wire import filters
from boots.wire.filters import Program

_ALL = 0x0003  # linux/if_ether.h: ETH_P_ALL, what leaves us, too
_SOL_PACKET, _ADD_MEMBERSHIP, _PROMISCUOUS = 263, 1, 1  # linux/socket.h, if_packet.h
_LIKE_ETHERNET = {1, 772}  # linux/if_arp.h: Ethernet, loopback
_BUFFER = 4 << 20
OUTGOING = 4
"""The kind of a packet that this host sent (linux/if_packet.h)."""


def listen(interface: str, program: Program) -> socket.socket:
    """A packet socket that hears whole frames of an interface, those to others as well.

    Raises:
        DoctorError: it is not ours to open, or the interface is not there, or no Ethernet.
    """
    try:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError:
        raise DoctorError("packet sockets need root, or CAP_NET_RAW") from None
    try:
        packed = filters.packed(program)
        sock.setsockopt(socket.SOL_SOCKET, filters.SO_ATTACH_FILTER, packed.argument)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.bind((interface, _ALL))
        index = socket.if_nametoindex(interface)
        members = struct.pack("@IHH8s", index, _PROMISCUOUS, 0, b"")
        sock.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, members)
    except OSError as error:
        sock.close()
        raise DoctorError(f"{interface} cannot be listened on: {error.strerror}") from None
    if sock.getsockname()[3] not in _LIKE_ETHERNET:
        sock.close()
        raise DoctorError(f"{interface} is no Ethernet")
    sock.setblocking(False)
    return sock
