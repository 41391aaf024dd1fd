"""Who was told what to run under an order of ``once``: in a file, before the script leaves.

The store hears of it a moment later, from a thread.  A server that is killed in between finds it
here, and the machine does not netboot a second time.  Workers write here, too.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from boots.app.folders import TOLD

_MODE = 0o600
_LARGE = 1 << 16  # bytes from which on old lines are dropped
_LATELY = 60.0  # seconds within which the store may not have heard of it
_log = structlog.get_logger()


class Line(msgspec.Struct, frozen=True, array_like=True):
    """A machine was told at `at`, under the order that was `given` then; seconds since 1970."""

    machine: str
    given: float
    at: float


class Told:
    """The file.  `clock` gives seconds since 1970.

    A line is handed to the kernel before the answer leaves, so it outlives us.  One that cannot be
    written is only missed: no machine is kept from booting by a full disk.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock

    def note(self, machine: str, given: float) -> None:
        """This machine is told what to run, now."""
        line = msgspec.json.encode(Line(machine, given, self._clock()))
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)  # against `tidy` of another process
                os.write(file, line + b"\n")
            finally:
                os.close(file)
        except OSError as error:
            _log.warning(
                "an order of once is used up, which cannot be noted", error=str(error), path=TOLD
            )

    def read(self) -> list[Line]:
        """All that is noted; a line that was torn says nothing."""
        try:
            return _lines(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except OSError as error:
            _log.warning("what was told under orders cannot be read", error=str(error), path=TOLD)
            return []

    def tidy(self) -> None:
        """Drop what the store has by now, once there is much of it.

        To be called when everything that was heard of is written down.
        """
        try:
            if self._path.stat().st_size < _LARGE:
                return
            with self._path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                since = self._clock() - _LATELY
                kept = [line for line in _lines(file.read()) if line.at >= since]
                file.seek(0)
                file.truncate()
                file.writelines(msgspec.json.encode(line) + b"\n" for line in kept)
        except OSError:
            return  # it is tried again


def _lines(data: bytes) -> list[Line]:
    found = []
    for text in data.splitlines():
        try:
            found.append(msgspec.json.decode(text, type=Line))
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue
    return found
