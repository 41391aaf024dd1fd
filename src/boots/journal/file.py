"""Sink: the journal as a file of JSON lines, one `Entry` each."""

import contextlib
import errno
import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import structlog

from boots.journal import events
from boots.journal.events import AnyEvent, Entry, encode, encode_lines
from boots.model import disk_trouble

_MODE = 0o640  # scripts may hold what opens a machine's metadata
_CALM = (
    5.0  # seconds without trouble, after which it is over: a full disk takes a line now and then
)
_LOOK_EVERY = 1.0  # seconds between two looks whether the file is still the one of that name
_WHY = {
    **disk_trouble.WORDS,
    errno.EFBIG: "the file has reached the largest size that it may have",
}
_log = structlog.get_logger()


class FileSink:
    """Appends entries to a file.  A disk that is full costs entries, never the service.

    `tell` hears of it when that begins and when it is over; it may record that in the journal
    whose sink this is.
    """

    def __init__(self, path: Path, tell: Callable[[AnyEvent], None]) -> None:
        self._path = path
        self._file: io.FileIO | None = None
        self._not_open = ""
        try:
            self._file = _opened(path)
        except OSError as error:
            # What a person got wrong is said at the start; a disk that fails stops no service.
            self._not_open = _WHY.get(error.errno or 0, "")
            if not self._not_open:
                raise
        self._looked_at = 0.0
        self._tell = tell
        self._failing = False
        self._failed_at = 0.0
        self._lost = 0
        self._torn = False  # the last line was cut off where the disk ended

    def write(self, entries: Sequence[Entry]) -> None:
        """Write a batch with one system call."""
        lines = _lines(entries)
        if self._torn:
            lines = b"\n" + lines
        at = entries[-1].at
        if not 0 <= at - self._looked_at < _LOOK_EVERY:
            self._looked_at = at
            self._see_to_name()
        if self._file is None:
            self._failed(at, len(entries), self._not_open)
            return
        try:
            written = self._file.write(lines) or 0
        except OSError as error:
            self._failed(at, len(entries), _WHY.get(error.errno or 0) or str(error.strerror))
            return
        if written < len(lines):
            kept = lines[:written].count(b"\n") - self._torn
            self._torn = True
            self._failed(at, len(entries) - max(0, kept), _WHY[errno.ENOSPC])
            return
        self._torn = False
        if self._failing and not 0 <= at - self._failed_at < _CALM:
            self._recovered()

    def _see_to_name(self) -> None:
        """Begin the file anew where it was moved away or removed, as whoever rotates logs does."""
        with contextlib.suppress(OSError):
            if self._file is not None and self._is_there(self._file):
                return
            fresh = _opened(self._path)
            self.close()
            self._file, self._torn = fresh, False

    def _is_there(self, file: io.FileIO) -> bool:
        here = os.fstat(file.fileno())
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)

    def _failed(self, at: float, lost: int, why: str) -> None:
        self._failed_at = at
        self._lost += lost
        if not self._failing:
            self._failing = True
            self._tell(events.StoreTroubled(why=f"the journal {self._path}: {why}"))

    def _recovered(self) -> None:
        lost, self._lost, self._failing = self._lost, 0, False
        self._tell(events.StoreRecovered(lost=lost))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _opened(path: Path) -> io.FileIO:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
    return io.FileIO(file, "ab")


def _lines(entries: Sequence[Entry]) -> bytes:
    try:
        return encode_lines(entries)
    except (UnicodeEncodeError, RecursionError):  # one of them: the others must not be lost
        return b"".join(_apart(entries))


def _apart(entries: Sequence[Entry]) -> Iterator[bytes]:
    for entry in entries:
        try:
            yield encode(entry) + b"\n"
        except (UnicodeEncodeError, RecursionError) as error:
            kind = type(entry.event).__name__
            _log.warning("an event cannot be written to the journal", kind=kind, error=str(error))
