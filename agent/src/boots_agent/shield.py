"""Disks that take no writes while an action is on, but for those that it may write.

The gate says what an action may write; this has the kernel hold it to that, whatever the programs
do that it runs: one may follow a volume group, a file system or a journal to another disk.
It keeps mistakes from disks, and nobody who means harm: what runs as root may undo it.
"""

import contextlib
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from boots_agent.disks import is_disk
from boots_agent.facts import names, text

_BLKROSET = 0x125D  # linux/fs.h
_NOTE = "shielded"


class Shield:
    """Disks that take no writes, by their numbers."""

    def __init__(self) -> None:
        self._paths: dict[int, Path] = {}

    @property
    def names(self) -> frozenset[str]:
        """What they are called."""
        return frozenset(path.name for path in self._paths.values())

    def covers(self, number: int) -> bool:
        """Whether a disk takes no writes because of this."""
        return number in self._paths

    def put(self, path: Path, note: TextIO) -> None:
        """Have one take no writes, unless something else has it; its path is noted before."""
        with _opened(path, os.O_EXCL) as descriptor:  # a disk that is mounted says no here
            note.write(f"{path}\n")
            note.flush()
            _read_only(descriptor, value=True)
            self._paths[os.fstat(descriptor).st_rdev] = path

    def free(self, number: int) -> None:
        """Have one take writes: the gate has let it through."""
        path = self._paths.pop(number, None)
        if path is not None:
            with _opened(path) as descriptor:
                _read_only(descriptor, value=False)


def shielded(root: Path, folder: Path) -> Shield:
    """All disks that take writes: they take none from now on, but for those that are freed.

    They are noted in the folder, and that outlives this process: who lifts it has ended all that
    the action left running before.
    """
    shield, block = Shield(), root / "sys/block"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _NOTE).open("a") as note:
        for name in names(block):
            if is_disk(block / name) and text(block / name / "ro") != "1":
                with contextlib.suppress(OSError):
                    shield.put(root / "dev" / name, note)
    return shield


def lift(folder: Path) -> None:
    """Have the disks that are noted there take writes again."""
    note = folder / _NOTE
    if not note.exists():
        return
    for path in note.read_text().splitlines():
        with contextlib.suppress(OSError), _opened(Path(path)) as descriptor:
            _read_only(descriptor, value=False)
    note.unlink()


@contextlib.contextmanager
def _opened(path: Path, how: int = 0) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | how | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read_only(descriptor: int, *, value: bool) -> None:
    """Have a disk and its partitions take no writes, or take them again.  Raises `OSError`."""
    fcntl.ioctl(descriptor, _BLKROSET, struct.pack("i", int(value)))
