"""POSIX ACLs as tar has them, in the bytes that Linux takes for them.

Text as of ``getfacl``: ``user::rwx``, ``user:NAME:r-x`` (or a number, or both), ``mask::r-x``.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_NOBODY = 0xFFFFFFFF
_TAGS = {
    ("user", False): 0x01,
    ("user", True): 0x02,
    ("group", False): 0x04,
    ("group", True): 0x08,
    ("mask", False): 0x10,
    ("other", False): 0x20,
}
_SHORT = {"u": "user", "g": "group", "m": "mask", "o": "other"}

Numbers = Callable[[str, str], int | None]
"""Kind (``user`` or ``group``) and name to its number, or None."""


class Entry(NamedTuple):
    """One line, in the order that Linux wants."""

    tag: int
    number: int
    permissions: int


def packed(text: str, numbers: Numbers) -> bytes:
    """An ACL for ``system.posix_acl_access`` or ``…_default``.

    Raises:
        ValueError: It is none, or names somebody without a number.
    """
    lines = [line.partition("#")[0].strip() for line in text.replace(",", "\n").splitlines()]
    entries = sorted(_entry(line, numbers) for line in lines if line)
    return _VERSION + b"".join(_ENTRY.pack(tag, who, number) for tag, number, who in entries)


def _entry(line: str, numbers: Numbers) -> Entry:
    fields = line.split(":")
    kind = _SHORT.get(fields[0], fields[0])
    if len(fields) == 2 and kind in {"mask", "other"}:
        fields.insert(1, "")
    if len(fields) < 3 or (kind, bool(fields[1])) not in _TAGS:
        raise ValueError(f"{line!r} is no entry of an ACL")
    tag = _TAGS[kind, bool(fields[1])]
    return Entry(tag, _number(kind, fields, numbers), _permissions(fields[2], line))


def _number(kind: str, fields: list[str], numbers: Numbers) -> int:
    name = fields[1]
    if not name:
        return _NOBODY
    if name.isdecimal():
        found: int | None = int(name)
    elif len(fields) > 3 and fields[3].isdecimal():
        found = int(fields[3])
    else:
        found = numbers(kind, name)
    if found is None or not 0 <= found < _NOBODY:
        raise ValueError(f"the {kind} {name!r} of an ACL has no number in this system")
    return found


def _permissions(text: str, line: str) -> int:
    if set(text) - set("rwx-"):
        raise ValueError(f"{line!r} is no entry of an ACL")
    return sum(bit for letter, bit in (("r", 4), ("w", 2), ("x", 1)) if letter in text)
