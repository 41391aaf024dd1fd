"""Sink: the journal as a file of JSON lines, one `Entry` each."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog

from boots.journal.events import Entry, encode, encode_lines

_MODE = 0o640  # scripts may hold what opens a machine's metadata
_log = structlog.get_logger()


class FileSink:
    """Appends entries to a file.  A disk that is full costs entries, never the service."""

    def __init__(self, path: Path) -> None:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        self._file = os.fdopen(file, "ab", buffering=0)
        self._path = str(path)
        self._failing = False
        self._torn = False  # the last line was cut off where the disk ended

    def write(self, entries: Sequence[Entry]) -> None:
        """Write a batch with one system call."""
        lines = _lines(entries)
        if self._torn:
            lines = b"\n" + lines
        try:
            written = self._file.write(lines)
        except OSError as error:
            self._failed(str(error))
            return
        if written == len(lines):
            self._failing = self._torn = False
        else:
            self._torn = True
            self._failed("it took a part of the entries only")

    def _failed(self, why: str) -> None:
        if not self._failing:
            _log.error("journal cannot be written", path=self._path, error=why)
        self._failing = True

    def close(self) -> None:
        """Close the file."""
        self._file.close()


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
