"""What the server is still to hear of a session: events, lines, and how far the action is.

All that changes it is an operation, and each is in a file before it counts: an agent that is
killed and started anew reads them again, and tells the rest.
"""

import contextlib
import json
import os
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

MOST_LINES = 2000
MOST_LETTERS = 2000  # of a line; the server keeps no more
_MOST_KEPT = 1_000_000  # letters of all lines
_AT_ONCE = 500  # lines in one message
_LETTERS_AT_ONCE = 64_000  # which are 768,000 bytes of JSON at most; the server takes 800 KiB
_FILE_GROWS = 1 << 20  # bytes that are added before the file is written anew

Operation = list[Any]


class Line(NamedTuple):
    """A line of an action's log; `at` is by the server's clock."""

    at: float
    step: int
    attempt: int
    text: str


class Outbox:
    """Events and lines in order until the server has them.

    Lines are numbered when they are sent first, so that the numbers have no gap though lines were
    dropped: a line says how many.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._added = 0
        self._sequence = 1  # of the next event
        self._number = 1  # of the next line that is sent
        self._events: deque[dict[str, Any]] = deque()
        self._sent: deque[Line] = deque()
        self._waiting: deque[Line] = deque()
        self._letters = 0  # of those that wait
        self._missing = 0
        self._progress: dict[str, Any] | None = None

    @classmethod
    def kept(cls, path: Path) -> "Outbox":
        """What an agent before this one left behind."""
        box = cls(None)
        with contextlib.suppress(OSError):
            for line in path.read_bytes().splitlines():
                try:
                    operation = json.loads(line)
                except ValueError:  # the last one, cut short
                    break
                box._apply(operation)
        box._path = path
        box._write_anew()  # what comes next must not stand behind a part of a line
        return box

    @property
    def is_empty(self) -> bool:
        """Whether the server has heard all."""
        return not (self._events or self._sent or self._waiting or self._missing)

    @property
    def has_news(self) -> bool:
        """Whether there is something that was not sent."""
        return bool(self._waiting or self._progress)

    @property
    def is_crowded(self) -> bool:
        """Whether one message will not do."""
        return len(self._waiting) > _AT_ONCE

    @property
    def last(self) -> int:
        """The number of the last event."""
        return self._sequence - 1

    def put_event(self, event: dict[str, Any]) -> int:
        """Add an event; its number."""
        self._do(["event", event])
        return self.last

    def put_lines(self, lines: list[Line]) -> None:
        """Add lines."""
        self._do(["lines", [each._replace(text=each.text[:MOST_LETTERS]) for each in lines]])

    def put_progress(self, progress: dict[str, Any]) -> None:
        """How far it is; only the latest is kept, and not in the file."""
        self._progress = progress

    def message(self) -> dict[str, Any]:
        """What is to be sent now."""
        if not self._sent and (self._waiting or self._missing):
            self._do(["take", _AT_ONCE])
        first = self._number - len(self._sent)
        lines = [{"number": first + at, **each._asdict()} for at, each in enumerate(self._sent)]
        said: dict[str, Any] = {"events": list(self._events), "lines": lines}
        if self._progress:
            said["progress"] = self._progress
        return said

    def heard(self, expected: int, line: int, progress: object = None) -> None:
        """The server wants these numbers next, and knows of this progress."""
        if self._progress is progress:
            self._progress = None
        if self._events or self._sent:
            self._do(["heard", expected, line])

    def _do(self, operation: Operation) -> None:
        if self._path is not None:
            self._keep(json.dumps(operation).encode() + b"\n")
        self._apply(operation)
        if self._added > _FILE_GROWS:
            self._write_anew()

    def _keep(self, said: bytes) -> None:
        assert self._path is not None  # noqa: S101  # only what has a file adds to it
        try:
            _append(self._path, said)
            self._added += len(said)
        except OSError:  # memory is full, and what is told still counts
            self._path, self._added = None, 0

    def _write_anew(self) -> None:
        assert self._path is not None  # noqa: S101  # only what has a file adds to it
        fresh = self._path.with_suffix(".new")
        try:
            fresh.unlink(missing_ok=True)
            _append(fresh, json.dumps(["whole", self._whole()]).encode() + b"\n")
            fresh.replace(self._path)
        except OSError:
            self._path = None
        self._added = 0

    def _apply(self, operation: Operation) -> None:
        match operation:
            case ["event", event]:
                self._events.append({"sequence": self._sequence, **event})
                self._sequence += 1
            case ["lines", lines]:
                for each in lines:
                    self._wait(Line(*each))
            case ["take", most]:
                self._take(most)
            case ["heard", expected, line]:
                while self._events and self._events[0]["sequence"] < expected:
                    self._events.popleft()
                while self._sent and self._number - len(self._sent) < line:
                    self._sent.popleft()
            case ["whole", whole]:
                self._restore(whole)

    def _wait(self, line: Line) -> None:
        """One more; the oldest go where there are too many."""
        self._waiting.append(line)
        self._letters += len(line.text)
        while len(self._waiting) > MOST_LINES or self._letters > _MOST_KEPT:
            self._next()
            self._missing += 1

    def _next(self) -> Line:
        line = self._waiting.popleft()
        self._letters -= len(line.text)
        return line

    def _take(self, most: int) -> None:
        """Number the next lines."""
        if self._missing and self._waiting:
            first = self._waiting[0]
            told = f"[{self._missing} lines are missing: they came faster than they could be sent]"
            self._sent.append(first._replace(text=told))
            self._missing = 0
        letters = 0
        while self._waiting and len(self._sent) < most and letters < _LETTERS_AT_ONCE:
            self._sent.append(self._next())
            letters += len(self._sent[-1].text)
        self._number += len(self._sent)

    def _whole(self) -> dict[str, Any]:
        return {
            "sequence": self._sequence,
            "number": self._number,
            "missing": self._missing,
            "events": list(self._events),
            "sent": list(self._sent),
            "waiting": list(self._waiting),
        }

    def _restore(self, whole: dict[str, Any]) -> None:
        self._sequence, self._number = whole["sequence"], whole["number"]
        self._missing = whole["missing"]
        self._events = deque(whole["events"])
        self._sent = deque(Line(*each) for each in whole["sent"])
        self._waiting, self._letters = deque(), 0
        for each in whole["waiting"]:
            self._wait(Line(*each))


def _append(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write(content)
