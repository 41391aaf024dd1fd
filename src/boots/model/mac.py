"""MAC addresses: one form inside, every usual form outside."""

import re
from typing import NewType

Mac = NewType("Mac", str)
"""A MAC address as ``52:54:00:12:34:56``: lower case, colons; made by `parse` and `from_bytes`."""

_FORMS = re.compile(
    r"(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5}"  # 52:54:00:12:34:56
    r"|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}"  # 52-54-00-12-34-56
    r"|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}"  # 5254.0012.3456
    r"|[0-9a-f]{12})"  # 525400123456
)


def parse(text: str) -> Mac | None:
    """The MAC that `text` writes with colons, dashes, dots or nothing between, or None."""
    lower = text.lower()
    if not _FORMS.fullmatch(lower):
        return None
    if lower[2] == ":":
        return Mac(lower)
    return from_bytes(bytes.fromhex(re.sub("[:.-]", "", lower)))


def from_bytes(octets: bytes) -> Mac:
    """The MAC of these octets, as they stand in a packet."""
    return Mac(octets.hex(":"))


def to_bytes(mac: Mac) -> bytes:
    """The octets of a MAC, as they stand in a packet."""
    return bytes.fromhex(mac.replace(":", ""))


def dashed(mac: Mac) -> str:
    """``52-54-00-12-34-56``: the form of BOOTIF and of ``pxelinux.cfg/01-…``."""
    return mac.replace(":", "-")


def separated(mac: Mac, separator: str) -> str:
    """The pairs of a MAC with this between them; ``.`` stands between fours."""
    if separator != ".":
        return mac.replace(":", separator)
    plain = mac.replace(":", "")
    return ".".join(plain[at : at + 4] for at in range(0, 12, 4))
