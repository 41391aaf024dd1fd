"""How the most careless client reads a reply: a walker of its own that trusts every length.

Whatever it would read past is what a client in C would have read past: iPXE, edk2, a PXE ROM.
"""

import struct

_HEAD = 236
_PAD, _END, _OVERLOAD = 0, 255, 52


def read(data: bytes) -> dict[int, list[bytes]]:
    """The options of a message, each area of them walked to its END."""
    assert len(data) >= 300, "RFC 1542 2.1: some drop what is shorter"
    assert data[_HEAD : _HEAD + 4] == b"\x63\x82\x53\x63"
    assert data[2] <= 16
    found: dict[int, list[bytes]] = {}
    _walk(data[_HEAD + 4 :], found)
    areas = found.pop(_OVERLOAD, [b"\0"])
    assert [1] == [len(each) for each in areas]
    sname, file = data[44:108], data[108:236]
    for bit, area in ((1, file), (2, sname)):
        if areas[0][0] & bit:
            _walk(area, found)
        else:  # a text, which is read up to its NUL
            assert area.partition(b"\0")[0] + bytes(len(area) - area.index(b"\0")) == area
    return found


def _walk(area: bytes, found: dict[int, list[bytes]]) -> None:
    at = 0
    while True:
        assert at < len(area), "no END: a client reads on"
        code = area[at]
        if code == _END:
            break
        if code == _PAD:
            at += 1
            continue
        assert at + 1 < len(area)
        size = area[at + 1]
        assert at + 2 + size <= len(area), f"option {code} runs past its area"
        found.setdefault(code, []).append(area[at + 2 : at + 2 + size])
        at += 2 + size
    assert not area[at + 1 :].strip(b"\0"), "something stands behind END"


def nested(value: bytes) -> dict[int, bytes]:
    """Options within an option (43, 175), whose END may be left out."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(value) and value[at] != _END:
        if value[at] == _PAD:
            at += 1
            continue
        (size,) = struct.unpack_from("!B", value, at + 1)
        assert at + 2 + size <= len(value)
        found[value[at]] = value[at + 2 : at + 2 + size]
        at += 2 + size
    return found
