"""The file of leases: a line of JSON for each change, the last one for an address counts.

A line is handed to the kernel before the ACK leaves, so it outlives us; `sync` brings it to the
disk, so that it outlives the machine's power.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from boots.leases.entry import Entry, decode, encode

_SLACK = 1000  # lines that a file may have beyond twice what is worth remembering


class LeasesError(Exception):
    """The file cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds: its entries, the numbers of lines that say nothing, and a torn end."""

    entries: tuple[Entry, ...] = ()
    unreadable: tuple[int, ...] = ()
    torn: bool = False


def read(path: Path) -> Found:
    """Read a file of leases; one that is not there holds nothing.

    Raises:
        LeasesError: it cannot be read, or no line of it is an entry.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Found()
    except OSError as error:
        raise LeasesError(f"{path}: cannot be read: {error.strerror}") from None
    *lines, torn = data.split(b"\n")
    entries: list[Entry] = []
    unreadable: list[int] = []
    for number, line in enumerate(lines, 1):
        try:
            entries.append(decode(line))
        except (msgspec.DecodeError, ValueError, RecursionError):
            unreadable.append(number)
    if unreadable and not entries:
        raise LeasesError(
            f"{path}: this is no file of leases; restore it from a backup, or move it away:"
            " then machines may get other addresses than they had"
        )
    return Found(tuple(entries), tuple(unreadable), bool(torn))


class LeaseFile:
    """The file, open for more entries, and ours alone."""

    def __init__(self, path: Path) -> None:
        """Open it for writing; a missing folder is made.

        Raises:
            LeasesError: it cannot be opened, or another server has it open.
        """
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = _open(path)
            _settle(path.parent)
        except BlockingIOError:
            raise LeasesError(
                f"{path}: another server uses it; stop that, or choose another folder as `state`"
            ) from None
        except OSError as error:
            raise LeasesError(f"{path}: cannot be written: {error.strerror}") from None
        self._size = os.fstat(self._file).st_size
        self._lines = 0
        self._also: list[bytes] | None = None  # what is written while the file is made anew

    def write(self, entries: Sequence[Entry]) -> None:
        """Hand entries to the kernel.

        Raises:
            OSError: it takes them not, or not all; then none of them is in the file.
        """
        data = _lines(entries)
        try:
            _write(self._file, data)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)
        self._lines += len(entries)
        if self._also is not None:
            self._also.append(data)

    def sync(self) -> None:
        """Bring what was written to the disk; takes as long as the disk does."""
        os.fdatasync(self._file)

    def has_grown(self, entries: int) -> bool:
        """Whether most of it is of the past, if so many entries are worth remembering."""
        return self._lines > 2 * entries + _SLACK

    # --- made anew, in three steps: the middle one may run in a thread while others write

    def begin_anew(self) -> None:
        """Remember what is written from now on."""
        self._also = []

    def write_anew(self, entries: Iterable[Entry]) -> int:
        """Write another file with these entries beside this one, down to the disk.

        Raises:
            OSError: it cannot be written.
        """
        beside = self._beside()
        beside.unlink(missing_ok=True)
        file = _open(beside)
        try:
            _write(file, _lines(entries))
            os.fdatasync(file)
        except OSError:
            os.close(file)
            with contextlib.suppress(OSError):
                beside.unlink()  # a full disk is not to be kept full by it
            raise
        return file

    def finish_anew(self, file: int, entries: int) -> None:
        """Put the other file in the place of this one.

        Raises:
            OSError: it cannot be put there; this one stays.
        """
        also, self._also = self._also or [], None
        try:
            _write(file, b"".join(also))
            self._beside().rename(self.path)
        except OSError:
            os.close(file)
            with contextlib.suppress(OSError):
                self._beside().unlink()
            raise
        os.close(self._file)
        self._file, self._size = file, os.fstat(file).st_size
        self._lines = entries + len(also)
        _settle(self.path.parent)

    def give_up_anew(self) -> None:
        """Go on with this file."""
        self._also = None

    def anew(self, entries: Sequence[Entry]) -> None:
        """All three steps at once.

        Raises:
            LeasesError: it cannot be written.
        """
        self.begin_anew()
        try:
            self.finish_anew(self.write_anew(entries), len(entries))
        except OSError as error:
            raise LeasesError(f"{self.path}: cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """Bring everything to the disk, and close the file."""
        with contextlib.suppress(OSError):
            self.sync()
        os.close(self._file)

    def _beside(self) -> Path:
        return self.path.with_name(self.path.name + ".new")


def _open(path: Path) -> int:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file


def _settle(path: Path) -> None:
    """Bring the names in a folder to the disk, if it can be."""
    folder = os.open(path, os.O_RDONLY)
    with contextlib.suppress(OSError):
        os.fsync(folder)
    os.close(folder)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _lines(entries: Iterable[Entry]) -> bytes:
    return b"".join(encode(entry) + b"\n" for entry in entries)
