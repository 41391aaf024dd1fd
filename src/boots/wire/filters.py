"""Programs of the kernel's packet filter: which frames a socket hears (linux/filter.h)."""

import struct
from array import array
from collections.abc import Sequence
from typing import NamedTuple

Instruction = tuple[int, int, int, int]
"""Code, how far to jump if it is so and if it is not, operand."""

Program = Sequence[Instruction]

SO_ATTACH_FILTER = 26  # asm-generic/socket.h

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
"""Of Ethernet frames UDP in IPv4 to the port of DHCP clients, first fragments only."""

BOOTING: Program = (
    (0x28, 0, 0, 12),
    (0x15, 3, 0, 0x0806),
    (0x15, 0, 3, 0x0800),
    (0x30, 0, 0, 23),
    (0x15, 0, 1, 17),
    (0x06, 0, 0, 2048),
    (0x06, 0, 0, 0),
)
"""Of Ethernet frames ARP, and UDP in IPv4."""


class Packed(NamedTuple):
    """What `SO_ATTACH_FILTER` takes; it points to the `code`, which must outlive the call."""

    argument: bytes
    code: "array[int]"


def packed(program: Program) -> Packed:
    """A program as the kernel takes it (struct sock_fprog)."""
    code = array("B", b"".join(struct.pack("@HBBI", *each) for each in program))
    address, _ = code.buffer_info()
    return Packed(struct.pack("@HP", len(program), address), code)
