"""One UDP datagram in an IPv4 packet: RFC 791 §3.1, RFC 768, RFC 1071 for the checksums.

For replies to clients that have no address yet: the kernel would ask the network for the MAC of
an address that nobody has.
"""

import struct
from ipaddress import IPv4Address

_UDP = 17
_IPV4_OF_5_WORDS = 0x45
_HOPS = 64
_DO_NOT_FRAGMENT = 0x4000
_UDP_HEADER = struct.Struct("!HHHH")
LARGEST = 0xFFFF - 20 - _UDP_HEADER.size
"""The most bytes that a datagram can hold."""


def udp(source: tuple[IPv4Address, int], target: tuple[IPv4Address, int], data: bytes) -> bytes:
    """An IPv4 packet, from its header on; the ends are address and port.

    Raises:
        ValueError: there are more bytes than a datagram can hold.
    """
    if len(data) > LARGEST:
        raise ValueError(f"{len(data)} bytes do not fit into a datagram")
    length = _UDP_HEADER.size + len(data)
    addresses = source[0].packed + target[0].packed
    ports = source[1], target[1]
    # The pseudo header of RFC 768: addresses, protocol and length.
    covered = addresses + struct.pack("!HH", _UDP, length)
    covered += _UDP_HEADER.pack(*ports, length, 0) + data
    # Zero would say that there is none; all ones is the same number.
    check = checksum(covered) or 0xFFFF
    datagram = _UDP_HEADER.pack(*ports, length, check) + data
    head = struct.pack(
        "!BBHHHBB", _IPV4_OF_5_WORDS, 0, 20 + length, 0, _DO_NOT_FRAGMENT, _HOPS, _UDP
    )
    return head + struct.pack("!H", checksum(head + addresses)) + addresses + datagram


def checksum(data: bytes) -> int:
    """The Internet checksum: the complement of the sum of all 16-bit words (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF
