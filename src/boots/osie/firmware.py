"""Firmware: files that drivers load into devices, as far as Debian's packages have them."""

import lzma
from collections.abc import Iterable
from pathlib import Path

from boots.osie.apt import Apt
from boots.osie.cpio import Entry, regular
from boots.osie.errors import BuildError

FOLDER = "usr/lib/firmware"
_PREFIX = "firmware-"
_TAG = b"firmware="


def packages(wished: Iterable[str], asked: Iterable[str], apt: Apt) -> tuple[str, ...]:
    """Debian's packages of the names: those of `wished` that apt has, and all of `asked`.

    Raises:
        BuildError: apt does not know one that was asked for.
    """
    known = set(apt.names(_PREFIX))
    for name in asked:
        if _PREFIX + name not in known:
            raise BuildError(
                f"apt knows no package {_PREFIX}{name}: firmware is in Debian's section"
                " non-free-firmware, which apt's sources on this host must name (Components:), with"
                " lists that apt-get update brought"
            )
    return (
        *(_PREFIX + name for name in wished if _PREFIX + name in known),
        *(_PREFIX + name for name in asked),
    )


def named_by(module: bytes) -> tuple[str, ...]:
    """The files that a kernel module says it may load, in its order."""
    return tuple(
        part.removeprefix(_TAG).decode(errors="replace")
        for part in plain(module).split(b"\0")
        if part.startswith(_TAG)
    )


def plain(module: bytes) -> bytes:
    """A kernel module as the kernel takes it."""
    return lzma.decompress(module) if module.startswith(b"\xfd7zXZ") else module


def files(root: Path, names: Iterable[str]) -> list[Entry]:
    """Those of the named files that the unpacked packages hold; a link becomes what it leads to."""
    return [
        regular(f"{FOLDER}/{name}", (root / FOLDER / name).read_bytes())
        for name in sorted(set(names))
        if ".." not in name.split("/") and (root / FOLDER / name).is_file()
    ]
