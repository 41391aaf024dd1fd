"""Boots as a process of its own, known only by its command line and its journal."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self

import msgspec

from boots.journal import events
from boots.journal.events import Entry
from boots.lab.errors import LabError
from boots.lab.tail import Tail

_NOTHING: Mapping[str, str] = MappingProxyType({})


class ServerError(LabError):
    """The server did not come up; the text is what it said."""


class Server:
    """A running server.  As a context manager it is asked to stop at the end of the `with`."""

    def __init__(self, process: subprocess.Popen[bytes], journal: Path, log: Path) -> None:
        self.journal = journal
        self.log = log
        self._process = process
        self._tail = Tail(journal)
        self._unseen: list[Entry] = []

    @classmethod
    def start(
        cls, command: Sequence[str], journal: Path, log: Path, more: Mapping[str, str] = _NOTHING
    ) -> Self:
        """Start it; what it says on its standard outputs goes to `log`.

        `more` is of its environment.  It stays root, as its folders are those of who tries it out;
        its capabilities it gives up.
        """
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"BOOTS_USER": "root", **os.environ, **more},
            )
        return cls(process, journal, log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def wait_until_ready(self, timeout: float = 30) -> None:
        """Return once the journal says `ServerStarted`.

        Raises:
            ServerError: it ended before that, or says nothing for `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            ended = self.ended
            self._unseen += self._read()
            if any(isinstance(entry.event, events.ServerStarted) for entry in self._unseen):
                return
            if ended:
                raise ServerError(f"the server did not start: {self.said()}")
            if time.monotonic() > deadline:
                raise ServerError(f"the server was not ready after {timeout:.0f} s: {self.said()}")
            time.sleep(0.05)

    def new_entries(self) -> list[Entry]:
        """The journal's entries since the last call (those of the start come with the first)."""
        entries, self._unseen = [*self._unseen, *self._read()], []
        return entries

    def said(self, lines: int = 20) -> str:
        """The last lines of its standard outputs."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        last = "\n".join(text.strip().splitlines()[-lines:])
        return last or f"it said nothing (exit status {self._process.poll()})"

    def stop(self, timeout: float = 5) -> None:
        """Ask it to end, and see that it does."""
        self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> list[Entry]:
        return [_entry(line) for line in self._tail.lines()]


def _entry(line: bytes) -> Entry:
    try:
        return events.decode(line)
    except msgspec.DecodeError as error:
        text = line.decode(errors="replace")
        raise ServerError(f"the journal has a line that is no entry: {error}: {text}") from None
