"""Standard error that holds nobody up: a thread writes to it, and what cannot leave is counted.

Whoever reads our log may stop: a full pipe, a terminal with Ctrl-S, a log daemon that hangs.  A
write that waits for them would keep every machine waiting, too.
"""

import contextlib
import io
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TextIO

from boots.journal.lines import as_json, for_people

MOST = 1 << 20
"""Bytes that wait at most; what comes beyond them is left out."""

_LAST_MOMENT = 1.0  # seconds that the end may take


class Outlet(io.TextIOBase):
    """Takes text, and has a thread write it to the file `fd`.

    `tell` makes the line that says how many were left out.
    """

    def __init__(self, fd: int, tell: Callable[[int], str]) -> None:
        super().__init__()
        self._fd = fd
        self._tell = tell
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._left_out = 0
        self._changed = threading.Condition()
        self._ended = False
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Write what came until now, and what comes; until then it waits."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()

    def write(self, text: str) -> int:
        """Have this written soon; never waits for who reads it."""
        data = text.encode(errors="backslashreplace")
        if not data:  # nothing is how the thread is told of the end
            return 0
        with self._changed:
            if self._size + len(data) > MOST:
                self._left_out += data.count(b"\n")
            else:
                self._waiting.append(data)
                self._size += len(data)
                self._changed.notify_all()
        return len(text)

    def isatty(self) -> bool:
        """Whether a person looks on."""
        return os.isatty(self._fd)

    def fileno(self) -> int:
        """The file itself."""
        return self._fd

    def end(self) -> None:
        """Write what waits, if that takes a moment only."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self.begin()
        if self._thread is not None:
            self._thread.join(_LAST_MOMENT)

    def _run(self) -> None:
        while data := self._take():
            # A closed pipe, a full disk: there is nowhere left to say so.
            with contextlib.suppress(OSError):
                _write_all(self._fd, data)
            with self._changed:
                self._size -= len(data)

    def _take(self) -> bytes:
        """What is to be written next; nothing at the end."""
        with self._changed:
            while not (self._waiting or self._left_out or self._ended):
                self._changed.wait()
            if self._left_out:
                # Behind what waited, before what comes: there are they lacking.
                lost, self._left_out = self._left_out, 0
                note = self._tell(lost).encode()
                self._waiting.append(note)
                self._size += len(note)
            return self._waiting.popleft() if self._waiting else b""


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


@contextlib.contextmanager
def patient(stream: TextIO, form: str) -> Iterator[Callable[[], None]]:
    """Have all that this process says on standard error go this way, where it is a file at all.

    Gives what has it begin to leave: a server has one thread until its privileges are gone.
    `form` is that of the log, ``console`` or ``json``.
    """
    try:
        fd = stream.fileno()
    except (OSError, ValueError, AttributeError):
        yield lambda: None
        return
    stream.flush()
    line = as_json if form == "json" else for_people(colours=False)

    def tell(lost: int) -> str:
        fields = {"lines": lost, "why": "nobody took them from standard error"}
        return line(time.time(), "warning", "LinesLeftOut", fields)

    outlet = Outlet(fd, tell)
    try:
        with contextlib.redirect_stderr(outlet):
            yield outlet.begin
    finally:
        outlet.end()
