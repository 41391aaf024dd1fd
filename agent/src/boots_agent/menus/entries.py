"""Entries after the Boot Loader Specification, as Fedora, RHEL and systemd-boot keep them."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from boots_agent.menus.words import words

_PIECES = re.compile(r"[0-9]+|[A-Za-z]+")


class Entry(NamedTuple):
    """What an entry starts; of `options` and paths the variables are not yet filled in."""

    name: str
    title: str
    kernel: str
    initrds: tuple[str, ...]
    options: str


def entry(name: str, text: str) -> Entry:
    """An entry by the name of its file, without ``.conf``, and its text."""
    kept: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.strip().partition(" ")
        if key and not key.startswith("#"):
            kept.setdefault(key, []).append(value.strip())
    initrds = tuple(path for line in kept.get("initrd", ()) for path in line.split())
    return Entry(
        name,
        kept.get("title", [name])[0],
        kept.get("linux", [""])[0],
        initrds,
        " ".join(kept.get("options", ())),
    )


def newest_first(names: list[str]) -> list[str]:
    """File names of entries in the order of a menu: as RPM compares versions, the newest first."""
    return sorted(names, key=_version, reverse=True)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with the values of GRUB's variables."""
    return " ".join(piece for word in words(text) for piece in word.expanded(values))


def _version(name: str) -> list[tuple[int, int, str]]:
    """A number is newer than letters, and a longer number than a shorter one."""
    pieces = _PIECES.findall(name)
    numbers = [each.lstrip("0") if each.isdecimal() else None for each in pieces]
    return [
        (0, 0, each) if number is None else (1, len(number), number)
        for each, number in zip(pieces, numbers, strict=True)
    ]
