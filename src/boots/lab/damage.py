"""What damage does to frames: a bit turned over, with checksums that tell of it or that do not.

Pure.  Damage that a checksum tells of ends in the receiver's kernel.  What programs get to see is
damage from before the checksum was made (in a card's memory, or on a router that makes it anew),
or of datagrams that have none.
"""

from random import Random

from boots.wire.ip import checksum

_ETHERNET = 14  # bytes before what a frame carries
_ARP = b"\x08\x06"
_IPV4 = b"\x08\x00"
_TCP, _UDP = 6, 17
_SUM_AT = {_TCP: 16, _UDP: 6}  # where the checksum is in the header
_SHORTEST = {_TCP: 20, _UDP: 8}  # bytes of the header


def damaged(frame: bytes, dice: Random) -> bytes:
    """A frame with one bit of what it carries turned over; no checksum is made anew.

    ARP stays whole: it has no checksum, and on a real wire Ethernet's own would have ended it.
    """
    if len(frame) <= _ETHERNET or frame[12:_ETHERNET] == _ARP:
        return frame
    place = dice.randrange(_ETHERNET, len(frame))
    turned = frame[place] ^ 1 << dice.randrange(8)
    return frame[:place] + bytes((turned,)) + frame[place + 1 :]


def damaged_unnoticed(frame: bytes, dice: Random) -> bytes:
    """The same behind the IP header of a whole TCP or UDP packet, and all checksums fit."""
    found = _transport(frame)
    if found is None:
        return damaged(frame, dice)
    start, protocol = found
    own = start + _SUM_AT[protocol]
    places = [at for at in range(start, len(frame)) if at not in {own, own + 1}]
    place = dice.choice(places)
    turned = frame[place] ^ 1 << dice.randrange(8)
    return summed(frame[:place] + bytes((turned,)) + frame[place + 1 :])


def summed(frame: bytes) -> bytes:
    """A frame whose TCP or UDP checksum fits what it carries; one of UDP that has none keeps so."""
    found = _transport(frame)
    if found is None:
        return frame
    start, protocol = found
    at, end = start + _SUM_AT[protocol], _ETHERNET + _length(frame)
    if protocol == _UDP:
        if frame[at : at + 2] == b"\0\0":
            return frame
        end = min(end, start + int.from_bytes(frame[start + 4 : start + 6]))
    bare = frame[start:at] + b"\0\0" + frame[at + 2 : end]
    pseudo = frame[26:34] + bytes((0, protocol)) + len(bare).to_bytes(2)
    made = checksum(pseudo + bare) or (0xFFFF if protocol == _UDP else 0)
    return frame[:at] + made.to_bytes(2) + frame[at + 2 :]


def unsummed(frame: bytes) -> bytes:
    """A UDP datagram without a checksum, as some ROMs send them (RFC 768); others stay as is."""
    found = _transport(frame)
    if found is None or found[1] != _UDP:
        return frame
    at = found[0] + _SUM_AT[_UDP]
    return frame[:at] + b"\0\0" + frame[at + 2 :]


def datagram(frame: bytes) -> bytes | None:
    """The UDP datagram in a frame, with its ports; None if it has none, or not a whole one."""
    found = _transport(frame)
    return frame[found[0] :] if found is not None and found[1] == _UDP else None


def carried(frame: bytes) -> int:
    """How many bytes a frame carries, as an MTU counts them."""
    return len(frame) - _ETHERNET


def _length(frame: bytes) -> int:
    return int.from_bytes(frame[16:18])


def _transport(frame: bytes) -> tuple[int, int] | None:
    """Where the TCP or UDP header of a whole IPv4 packet begins, and which of them it is."""
    if frame[12:_ETHERNET] != _IPV4 or len(frame) < _ETHERNET + 20 or frame[_ETHERNET] >> 4 != 4:
        return None
    start = _ETHERNET + (frame[_ETHERNET] & 15) * 4
    protocol, fragment = frame[23], int.from_bytes(frame[20:22]) & 0x3FFF
    end = _ETHERNET + _length(frame)
    if fragment or not start + _SHORTEST.get(protocol, len(frame)) <= end <= len(frame):
        return None
    return start, protocol
