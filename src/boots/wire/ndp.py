"""Two messages of IPv6 neighbour discovery: router solicitation and advertisement (RFC 4861 §4)."""

from boots.wire.malformed import Malformed

ROUTER_SOLICITATION = 133
ROUTER_ADVERTISEMENT = 134
_SOURCE_LINK_LAYER_ADDRESS = 1


def read_solicitation(data: bytes) -> bytes:
    """The hardware address that a router solicitation names as its sender's; empty if none.

    Raises:
        Malformed: not a router solicitation, or an option of length 0 or past the end.
    """
    if len(data) < 8 or data[0] != ROUTER_SOLICITATION or data[1] != 0:
        raise Malformed("not a router solicitation")
    at = 8
    while at < len(data):
        size = data[at + 1] * 8 if at + 1 < len(data) else 0
        if size == 0 or at + size > len(data):
            raise Malformed("an option of neighbour discovery runs past the end")
        if data[at] == _SOURCE_LINK_LAYER_ADDRESS:
            return data[at + 2 : at + 8]
        at += size
    return b""


def empty_advertisement() -> bytes:
    """A router advertisement that says: no router here, no prefix, no DHCPv6 (§4.2).

    Its lifetime of 0 keeps it from becoming anybody's default route.  The checksum is left to
    the kernel, which fills it in for raw ICMPv6 sockets (RFC 3542 §3.1).
    """
    return bytes([ROUTER_ADVERTISEMENT, 0]) + bytes(14)
