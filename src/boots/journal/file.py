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

    def write(self, entries: Sequence[Entry]) -> None:
        """Write a batch with one system call."""
        try:
            self._file.write(b"".join(encode(entry) + b"\n" for entry in entries))
            self._failing = False
        except OSError as error:
            if not self._failing:
                _log.error("journal cannot be written", path=self._file.name, error=str(error))
            self._failing = True

    def close(self) -> None:
        """Close the file."""
        self._file.close()
