"""Packet sockets: what they hear is chosen by the kernel, before it costs anything."""

import ctypes
import socket
import struct
from collections.abc import Sequence

from boots.doctor.errors import DoctorError

_ALL = 0x0003  # linux/if_ether.h: ETH_P_ALL, what leaves us, too
_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_SOL_PACKET, _ADD_MEMBERSHIP, _PROMISCUOUS = 263, 1, 1  # linux/socket.h, if_packet.h
_LIKE_ETHERNET = {1, 772}  # linux/if_arp.h: Ethernet, loopback
_BUFFER = 4 << 20
OUTGOING = 4
"""The kind of a packet that this host sent (linux/if_packet.h)."""

Program = Sequence[tuple[int, int, int, int]]
"""A program of the kernel's filter machine (linux/filter.h): code, two jumps, operand."""

# UDP in IPv4, first fragments only, to the ports of clients and of relays.
TO_CLIENTS: Program = (
    (0x28, 0, 0, 12),  # the Ethertype
    (0x15, 0, 8, 0x0800),
    (0x30, 0, 0, 23),  # the protocol
    (0x15, 0, 6, 17),
    (0x28, 0, 0, 20),  # the fragment's place
    (0x45, 4, 0, 0x1FFF),
    (0xB1, 0, 0, 14),  # the length of the header
    (0x48, 0, 0, 16),  # the port that it goes to
    (0x15, 0, 1, 68),
    (0x06, 0, 0, 0xFFFF),
    (0x06, 0, 0, 0),
)
# ARP, and UDP in IPv4.
BOOTING: Program = (
    (0x28, 0, 0, 12),
    (0x15, 3, 0, 0x0806),
    (0x15, 0, 3, 0x0800),
    (0x30, 0, 0, 23),
    (0x15, 0, 1, 17),
    (0x06, 0, 0, 2048),
    (0x06, 0, 0, 0),
)


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
        code = b"".join(struct.pack("@HBBI", *line) for line in program)
        held = ctypes.create_string_buffer(code, len(code))
        packed = struct.pack("@HP", len(program), ctypes.addressof(held))
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, packed)
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
