"""Links and their ends as short texts: ``drop=2%,delay=20ms`` and ``nic0,namespace=client``.

Where the two directions differ they stand one after the other: ``drop=1;`` loses all there, and
nothing on the way back.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Interface
from typing import Any

from boots.lab.emulator import End
from boots.lab.errors import LabError
from boots.lab.link import Link

_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m)")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(%?)")
_NAME = re.compile(r"[!-.0-~]{1,15}")  # of an interface, as the kernel takes it
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.IGNORECASE)


class SaidError(LabError):
    """A text that says no link, or no end of one."""


def _share(text: str) -> float:
    found = _SHARE.fullmatch(text)
    if found is None:
        raise ValueError("write a share: 2% or 0.02")
    return float(found[1]) / (100 if found[2] else 1)


def _time(text: str) -> float:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("write a time with its unit: 500us, 20ms, 1.5s or 2m")
    return float(found[1]) * _UNITS[found[2]]


def _span(text: str) -> tuple[float, float]:
    began, dash, ended = text.partition("-")
    if not dash:
        raise ValueError("write from when until when: 10s-25s")
    return _time(began), _time(ended)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("write a whole number")
    return int(text)


_WORDS: Mapping[str, Callable[[str], Any]] = {
    "drop": _share,
    "burst": _share,
    "burst-time": _time,
    "double": _share,
    "copies": _whole,
    "reorder": _share,
    "behind": _time,
    "delay": _time,
    "jitter": _time,
    "stale": _share,
    "late": _time,
    "damage": _share,
    "mtu": _whole,
    "down": _span,
}
_FLAGS = ("unnoticed", "unsummed")


def links(text: str) -> tuple[Link, Link]:
    """What a text says of the way there, and of the way back: the same where it has no semicolon.

    Raises:
        SaidError: as `link`.
    """
    there, semicolon, back = text.partition(";")
    return link(there), link(back if semicolon else there)


def link(text: str) -> Link:
    """One direction of a link as a text says it; an empty one is a good one.

    Raises:
        SaidError: it says none; the text has the word, and what to write instead.
    """
    said: dict[str, Any] = {}
    for word in filter(None, (each.strip() for each in text.split(","))):
        name, equals, value = word.partition("=")
        if name in _FLAGS and not equals:
            said[name] = True
        elif name in _WORDS:
            try:
                read = _WORDS[name](value)
            except ValueError as error:
                raise SaidError(f"{word}: {error}") from None
            said[name.replace("-", "_")] = (*said.get(name, ()), read) if name == "down" else read
        else:
            known = ", ".join([*_WORDS, *_FLAGS])
            raise SaidError(f'{word}: no link has "{name}"; it has {known}')
    try:
        return Link(**said)
    except ValueError as error:
        raise SaidError(str(error)) from None


def end(text: str) -> End:
    """The end that a text says: the name of a tap, its namespace, its address or its bridge.

    Raises:
        SaidError: it says none.
    """
    name, *words = (each.strip() for each in text.split(","))
    if not _NAME.fullmatch(name):
        raise SaidError(f'"{name}" is no name for an interface: at most 15 characters, no slash')
    said = dict(word.partition("=")[::2] for word in words)
    unknown = sorted(said.keys() - {"namespace", "address", "bridge", "mac"})
    if unknown:
        raise SaidError(
            f'{text}: an end has namespace, address, bridge, mac, but no "{unknown[0]}"'
        )
    if not _MAC.fullmatch(said.get("mac", "02:00:00:00:00:00")):
        raise SaidError(f"mac={said['mac']}: write 52:54:00:70:00:10")
    try:
        address = IPv4Interface(said["address"]) if "address" in said else None
    except ValueError:
        raise SaidError(f"address={said['address']}: write 192.168.70.1/24") from None
    return End(name, address, said.get("namespace"), said.get("bridge"), said.get("mac", ""))
