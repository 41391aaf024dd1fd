"""Disks that take no writes for a while, and take them again whoever was killed meanwhile."""

import contextlib
import fcntl
import os
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

_BLKROSET = 0x125D  # linux/fs.h
_NOTE = "shielded"


def shield(folder: Path, paths: Iterable[Path], say: Callable[[str], None]) -> None:
    """Have disks take no writes; what is mounted is left alone.

    Their paths are noted in the folder before: what is shielded outlives this process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _NOTE).open("a") as note:
        for path in paths:
            with contextlib.suppress(OSError):
                # Exclusively: a disk that is mounted says no here.
                descriptor = os.open(path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC)
                try:
                    note.write(f"{path}\n")
                    note.flush()
                    read_only(descriptor, value=True)
                    say(f"{path} is not armed: it is read-only meanwhile")
                finally:
                    os.close(descriptor)


def lift(folder: Path) -> None:
    """Have the disks that are noted there take writes again."""
    note = folder / _NOTE
    if not note.exists():
        return
    for path in note.read_text().splitlines():
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                read_only(descriptor, value=False)
            finally:
                os.close(descriptor)
    note.unlink()


def read_only(descriptor: int, *, value: bool) -> None:
    """Have a disk and its partitions take no writes, or take them again.  Raises `OSError`."""
    fcntl.ioctl(descriptor, _BLKROSET, struct.pack("i", int(value)))
