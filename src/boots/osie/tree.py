"""Reading unpacked packages: chosen files become archive entries, with the libraries they need."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from posixpath import dirname, join, normpath

from boots.osie.architectures import ARCHITECTURES
from boots.osie.cpio import Entry, regular, symlink
from boots.osie.elf import wants
from boots.osie.errors import BuildError
from boots.osie.packages import merged

_LIBRARIES = (*(each.libraries for each in ARCHITECTURES.values()), "usr/lib")
_MOST_LINKS = 16


def take(root: Path, path: str) -> list[Entry]:
    """The file at `path`, or the link there and all it leads to.

    Raises:
        BuildError: There is no such file.
    """
    taken: list[Entry] = []
    here = path
    while (root / here).is_symlink() and len(taken) < _MOST_LINKS:
        target = str((root / here).readlink())
        taken.append(symlink(here, target))
        here = normpath(join(dirname(here), target))
    taken.append(read(root, here))
    return taken


def take_or_link(root: Path, path: str) -> list[Entry]:
    """The same of a package as it is: what some links lead to only a maintainer script makes.

    Raises:
        BuildError: There is no such file.
    """
    place = root / path
    if place.is_symlink() and not place.is_file():
        return [symlink(path, str(place.readlink()))]
    return take(root, path)


def read(root: Path, path: str) -> Entry:
    """The file at `path`, or the one that a link there leads to, as a regular file.

    Raises:
        BuildError: There is no such file.
    """
    place = root / path
    try:
        data = place.read_bytes()
    except OSError as error:
        raise BuildError(f"the unpacked packages hold no {path}") from error
    return regular(path, data, 0o755 if os.access(place, os.X_OK) else 0o644)


def libraries(root: Path, entries: Iterable[Entry], extra: Iterable[str] = ()) -> list[Entry]:
    """Every shared library and loader that `entries` need, and theirs, under their short names.

    Raises:
        BuildError: A library is in none of the unpacked packages.
    """
    found: dict[str, Entry] = {}
    waiting = [_library(root, name, "the flavour") for name in extra]
    for entry in entries:
        waiting += _wishes(root, entry)
    while waiting:
        entry = waiting.pop()
        if entry.path not in found:
            found[entry.path] = entry
            waiting += _wishes(root, entry)
    return list(found.values())


def _wishes(root: Path, entry: Entry) -> list[Entry]:
    if not stat.S_ISREG(entry.mode):
        return []
    wish = wants(entry.data)
    wished = [_library(root, name, entry.path) for name in wish.libraries]
    if wish.interpreter:
        wished.append(read(root, merged(wish.interpreter)))
    return wished


def _library(root: Path, name: str, why: str) -> Entry:
    for place in _LIBRARIES:
        path = f"{place}/{name}"
        if os.path.lexists(root / path):
            return read(root, path)
    raise BuildError(f"{why} needs {name}, which is in none of the unpacked packages")
