"""Sink: the journal as a file of JSON lines, one `Entry` each."""

from collections.abc import Sequence
from pathlib import Path

import structlog

from boots.journal.events import Entry, encode

_log = structlog.get_logger()


class FileSink:
    """Appends entries to a file.  A disk that is full costs entries, never the service."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._failing = False
        self._torn = False  # the last line was cut off where the disk ended

    def write(self, entries: Sequence[Entry]) -> None:
        """Write a batch with one system call."""
        lines = b"".join(encode(entry) + b"\n" for entry in entries)
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
            _log.error("journal cannot be written", path=self._file.name, error=why)
        self._failing = True

    def close(self) -> None:
        """Close the file."""
        self._file.close()
