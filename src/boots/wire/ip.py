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
_HEAD = struct.Struct("!BBHHHBB")
_PSEUDO = struct.Struct("!HH")
_UDP_HEADER = struct.Struct("!HHHH")
LARGEST = 0xFFFF - 20 - _UDP_HEADER.size
"""The most bytes that a datagram can hold."""


def udp(source: tuple[IPv4Address, int], target: tuple[IPv4Address, int], data: bytes) -> bytes:
    """An IPv4 packet, from its header on; the ends are address and port.

    Raises:
        ValueError: there are more bytes than a datagram can hold.
    """
    return packet(source[0].packed + target[0].packed, (source[1], target[1]), data)


def packet(addresses: bytes, ports: tuple[int, int], data: bytes) -> bytes:
    """The same; `addresses` are both ends as they stand in a packet.

    Raises:
        ValueError: there are more bytes than a datagram can hold.
    """
    if len(data) > LARGEST:
        raise ValueError(f"{len(data)} bytes do not fit into a datagram")
    length = _UDP_HEADER.size + len(data)
    # The pseudo header of RFC 768: addresses, protocol and length.
    covered = addresses + _PSEUDO.pack(_UDP, length) + _UDP_HEADER.pack(*ports, length, 0) + data
    # Zero would say that there is none; all ones is the same number.
    check = checksum(covered) or 0xFFFF
    datagram = _UDP_HEADER.pack(*ports, length, check) + data
    head = _HEAD.pack(_IPV4_OF_5_WORDS, 0, 20 + length, 0, _DO_NOT_FRAGMENT, _HOPS, _UDP)
    return head + checksum(head + addresses).to_bytes(2) + addresses + datagram


def checksum(data: bytes) -> int:
    """The Internet checksum: the complement of the sum of all 16-bit words (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    # 65536 leaves 1 when divided by 65535, so the sum of the words with its carries added is what
    # the whole number leaves; only that a sum comes to 0 for zeros alone, and to 65535 otherwise.
    number = int.from_bytes(data)
    total = number % 0xFFFF or (0xFFFF if number else 0)
    return ~total & 0xFFFF
