"""A folder as its disk has it when the power goes: what was not synced is not there.

`nth.c` tells what each fsync brought to the disk.  Of the rest a disk may have anything: two
answers are asked for, the one that has nothing of it, and the one that has all names that files
were given, and nothing of what was not synced in them.
"""

import os
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from stat import S_ISDIR

_SYNCED = struct.Struct("@6Q")  # as `nth.c` has it
_NAME = struct.Struct("@2Q")

Identity = tuple[int, int]


class Lost(Enum):
    """What a loss of power takes beside what was written and not synced."""

    ALL = "names, too"
    CONTENT = "no names"


@dataclass
class Synced:
    """A file or folder when it was synced last."""

    mode: int
    owner: tuple[int, int]
    content: bytes
    names: dict[str, Identity] = field(default_factory=dict)


def synced(log: Path) -> dict[Identity, Synced]:
    """What is on the disk for sure; a line that a kill cut off was none."""
    data, at, found = log.read_bytes(), 0, dict[Identity, Synced]()
    while at + _SYNCED.size <= len(data):
        number, born, mode, uid, gid, size = _SYNCED.unpack_from(data, at)
        at += _SYNCED.size
        content = data[at : at + size]
        at += size
        if len(content) == size:
            names = _names(content) if S_ISDIR(mode) else {}
            found[number, born] = Synced(mode, (uid, gid), content, names)
    return found


def _names(data: bytes) -> dict[str, Identity]:
    found, at = dict[str, Identity](), 0
    while at < len(data):
        identity = _NAME.unpack_from(data, at)
        end = data.index(b"\0", at + _NAME.size)
        found[os.fsdecode(data[at + _NAME.size : end])] = identity
        at = end + 1
    return found


def lose(folder: Path, log: Path, lost: Lost = Lost.ALL) -> list[str]:
    """Put what is left in the folder's place; the names of the files that had more."""
    disk = synced(log)
    before = folder.with_name(f"{folder.name}-before")
    folder.rename(before)
    return _laid(_identities([before])[before], before, folder, disk, lost)


def _laid(
    own: Identity, before: Path, to: Path, disk: dict[Identity, Synced], lost: Lost
) -> list[str]:
    """Lay one folder; links, pipes and sockets are none of what is kept."""
    facts = before.stat()
    to.mkdir()
    os.chown(to, facts.st_uid, facts.st_gid)
    to.chmod(facts.st_mode & 0o7777)
    there = _identities([each for each in before.iterdir() if _is_kept(each)])
    by_identity = {identity: path for path, identity in there.items()}
    names = disk[own].names if own in disk else {}
    if lost is Lost.CONTENT:
        names = {path.name: identity for path, identity in there.items()}
    fewer = []
    for name, identity in names.items():
        now, kept = by_identity.get(identity), disk.get(identity)
        if now is not None and now.is_dir():
            fewer += _laid(identity, now, to / name, disk, lost)
            continue
        _file(to / name, kept or Synced(0o600, (facts.st_uid, facts.st_gid), b""))
        if now is None or now.read_bytes() != (kept.content if kept else b""):
            fewer.append(name)
    return fewer + [path.name for path in there if path.name not in names]


def _file(place: Path, kept: Synced) -> None:
    place.write_bytes(kept.content)
    os.chown(place, *kept.owner)
    place.chmod(kept.mode & 0o7777)


def _is_kept(path: Path) -> bool:
    return not path.is_symlink() and (path.is_file() or path.is_dir())


def _identities(paths: Sequence[Path]) -> dict[Path, Identity]:
    """As `nth.c` has them: `stat` knows times of birth, which Python does not tell."""
    if not paths:
        return {}
    said = subprocess.run(
        ["stat", "--format=%i %.9W", *paths], capture_output=True, text=True, check=True
    ).stdout
    found = {}
    for path, line in zip(paths, said.splitlines(), strict=True):
        number, born = line.split()
        found[path] = (int(number), int(born.replace(".", "")))
    return found
