"""Free DHCP options in records, settings and quirks: by name or number to raw bytes.

A name brings its kind with it.  A number has none, so its value is an address or several, or says
its kind before a colon: ``hex:0104``, ``text:…``, ``address:…``, ``number:…``, ``flag:true``.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address

from boots.documents.fault import nearest
from boots.documents.node import Node

_HEX = re.compile(r"([0-9a-fA-F]{2})*")


def _address(text: str) -> bytes:
    return b"".join(IPv4Address(each).packed for each in re.split("[, ]+", text.strip()))


def _text(text: str) -> bytes:
    return text.encode()


def _hex(text: str) -> bytes:
    digits = re.sub("[:. -]", "", text)
    if not digits or not _HEX.fullmatch(digits):
        raise ValueError
    return bytes.fromhex(digits)


def _number(size: int) -> Callable[[str], bytes]:
    def read(text: str) -> bytes:
        number = int(text, 0)
        if not -(1 << (size * 8 - 1)) <= number < 1 << (size * 8):
            raise ValueError
        return number.to_bytes(size, signed=number < 0)

    return read


def _shortest(text: str) -> bytes:
    number = int(text, 0)
    if not 0 <= number <= 0xFFFFFFFF:
        raise ValueError
    return number.to_bytes(next(size for size in (1, 2, 4) if number < 1 << (size * 8)))


def _flag(text: str) -> bytes:
    return {"true": b"\1", "false": b"\0"}[text.lower()]


_Kind = tuple[Callable[[str], bytes], str]
ADDRESS: _Kind = (_address, "an address, or several apart by commas")
TEXT: _Kind = (_text, "text")
HEX: _Kind = (_hex, "pairs of hex digits")
BYTE: _Kind = (_number(1), "a number of one byte")
SHORT: _Kind = (_number(2), "a number of two bytes")
LONG: _Kind = (_number(4), "a number of four bytes")
FLAG: _Kind = (_flag, "true or false")

# Before the colon of a value; "number" takes as many bytes as it needs: 1, 2 or 4.
_PREFIXES: Mapping[str, _Kind] = {
    "hex": HEX,
    "text": TEXT,
    "address": ADDRESS,
    "flag": FLAG,
    "number": (_shortest, "a number"),
    "number8": BYTE,
    "number16": SHORT,
    "number32": LONG,
}

NAMES: Mapping[str, tuple[int, _Kind]] = {
    "subnet-mask": (1, ADDRESS),
    "time-offset": (2, LONG),
    "router": (3, ADDRESS),
    "time-servers": (4, ADDRESS),
    "name-servers": (6, ADDRESS),
    "log-servers": (7, ADDRESS),
    "host-name": (12, TEXT),
    "domain-name": (15, TEXT),
    "root-path": (17, TEXT),
    "interface-mtu": (26, SHORT),
    "broadcast-address": (28, ADDRESS),
    "static-routes": (33, ADDRESS),
    "nis-domain": (40, TEXT),
    "nis-servers": (41, ADDRESS),
    "ntp-servers": (42, ADDRESS),
    "vendor-specific": (43, HEX),
    "netbios-name-servers": (44, ADDRESS),
    "netbios-node-type": (46, BYTE),
    "vendor-class": (60, TEXT),
    "tftp-server-name": (66, TEXT),
    "boot-file-name": (67, TEXT),
    "smtp-servers": (69, ADDRESS),
    "posix-timezone": (100, TEXT),
    "tzdb-timezone": (101, TEXT),
    "ipv6-only-preferred": (108, LONG),
    "captive-portal": (114, TEXT),
    "domain-search": (119, HEX),
    "classless-routes": (121, HEX),
    "vendor-identifying": (125, HEX),
    "capwap-servers": (138, ADDRESS),
    "tftp-server-address": (150, ADDRESS),
    "ipxe": (175, HEX),
    "pxelinux-config-file": (209, TEXT),
    "pxelinux-path-prefix": (210, TEXT),
    "proxy-auto-discovery": (252, TEXT),
}

_LEASE = "write lease_time: instead"
REFUSED: Mapping[int, str] = {
    0: "it is padding",
    50: "only clients send it",
    51: _LEASE,
    52: "it says how a message is packed",
    53: "it says what a message is",
    54: "it says who answers; `address` of the settings does",
    55: "only clients send it",
    57: "only clients send it",
    58: f"it follows from the lease; {_LEASE}",
    59: f"it follows from the lease; {_LEASE}",
    61: "it is the client's own, and goes back as it came",
    82: "it is the relay's, and goes back as it came",
    255: "it is the end",
}


def options(node: Node) -> dict[int, bytes]:
    """A mapping of options, raw, by code.

    Raises:
        Wrong: a name nobody knows, a number that is no option or not a record's to say, a value
            of the wrong kind.
    """
    if node.value is None:
        return {}
    if not isinstance(node.value, dict):
        raise node.wrong("options are a mapping", "write NAME: VALUE or NUMBER: VALUE below it")
    found: dict[int, bytes] = {}
    for key in node.value:
        code, kind = _option(node, str(key))
        own = Node(node.value[key], (*node.path, key))
        if code in found:
            raise own.wrong(f"option {code} is there twice", "keep one of them")
        found[code] = value(own, kind)
    return found


def _option(node: Node, key: str) -> tuple[int, _Kind | None]:
    at = Node(None, (*node.path, key))
    if key in NAMES:
        return NAMES[key]
    if not key.isascii() or not key.isdigit():
        advice = nearest(key, NAMES) or "use its number, or one of the names in the documentation"
        raise at.wrong(f'no option is called "{key}"', advice)
    code = int(key)
    if code in REFUSED:
        raise at.wrong(f"option {code} is not for records: {REFUSED[code]}", "leave it out")
    if code > 255:
        raise at.wrong(f"there is no option {code}", "write a number from 1 to 254")
    return code, next((kind for number, kind in NAMES.values() if number == code), None)


def value(node: Node, kind: _Kind | None) -> bytes:
    """The raw value that stands at a place: of this kind, or of the one that it names itself.

    Raises:
        Wrong: it is of another kind, or names none where none is known.
    """
    text = ",".join(node.texts()) if isinstance(node.value, list) else node.text()
    prefix, colon, rest = text.partition(":")
    if colon and prefix in _PREFIXES:
        kind, text = _PREFIXES[prefix], rest.strip()
    elif kind is None:
        try:
            return _address(text)
        except ValueError:
            prefixes = ", ".join(f"{each}:" for each in _PREFIXES)
            problem = f'"{text}" does not say of what kind it is'
            raise node.wrong(problem, f"write one of {prefixes} before it") from None
    read, what = kind
    try:
        raw = read(text)
    except (ValueError, KeyError):
        raise node.wrong(f'"{text}" is not {what}', f"write {what}") from None
    if not raw or len(raw) > 1024:
        problem = f"this would be {len(raw)} bytes"
        raise node.wrong(problem, "write a value of 1 to 1024 bytes")
    return raw
