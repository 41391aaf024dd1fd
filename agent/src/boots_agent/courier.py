"""Brings what is in the outbox to the server, in a thread beside the action."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from boots_agent.outbox import Line, Outbox
from boots_agent.server import RefusedError, StrangeKeyError, TroubleError, pauses

OVER = frozenset({403, 404, 410})  # there is no such session (any more)

Tell = Callable[[dict[str, Any]], dict[str, Any]]


class Pace(NamedTuple):
    """How often the server hears, in seconds."""

    busy: float = 1.0  # while there is something new
    quiet: float = 20.0  # the heartbeat
    again: Callable[[], Iterator[float]] = pauses  # after trouble


class Courier:
    """Tells a session's events, lines and progress until the server has them.

    `cancelled` and `lost` (the session is another's, or over) are set by what it answers.
    """

    def __init__(
        self,
        outbox: Outbox,
        tell: Tell,
        say: Callable[[str], None],
        pace: Pace = Pace(),  # noqa: B008  # frozen
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._tell = tell
        self._say = say
        self._pace = pace
        self._clock = clock
        self._turn = threading.Condition()
        self._wait = wait or self._turn.wait
        self._wake = wake
        self._thread: threading.Thread | None = None
        self._told_at = float("-inf")
        self._urgent = False
        self._finishing = False
        self.cancelled = False
        self.lost = False

    def start(self) -> None:
        """Begin; not before the process of the action was forked off, which must have no lock."""
        self._thread = threading.Thread(target=self.deliver, name="courier", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Return when the server has all, however long that takes, or does not want it."""
        if self.lost and self._thread is None:
            return
        with self._turn:
            self._finishing = True
            self._turn.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        else:
            self.deliver()
        self._finishing = False

    def event(self, kind: str, step: int, attempt: int, **more: Any) -> None:
        """Tell an event at once."""
        with self._turn:
            self._outbox.put_event({"type": kind, "step": step, "attempt": attempt, **more})
            self._urgent = True
            self._turn.notify()

    def lines(self, lines: list[Line]) -> None:
        """Tell lines soon."""
        with self._turn:
            self._outbox.put_lines(lines)
            self._turn.notify()

    def progress(self, progress: dict[str, Any]) -> None:
        """Tell how far it is soon."""
        with self._turn:
            self._outbox.put_progress(progress)
            self._turn.notify()

    def deliver(self) -> None:
        """The thread's work."""
        waits = self._pace.again()
        while True:
            with self._turn:
                if not self._until_due():
                    return
                self._urgent = False
                message = self._outbox.message()
            try:
                if self._take(message, self._tell(message)):
                    waits = self._pace.again()
                    continue
                trouble = "it wants again what it was sent"
            except StrangeKeyError as error:
                self._lose(error)
                return
            except RefusedError as error:
                if error.status in OVER:
                    self._lose(error)
                    return
                trouble = str(error)
            except TroubleError as error:
                trouble = str(error)
            except Exception as error:  # noqa: BLE001  # whatever it is, events are still to be told
                trouble = repr(error)
            self._pause(next(waits), trouble)

    def _until_due(self) -> bool:
        """Wait for the next message's time; False when there is none to come."""
        while True:
            if self._finishing and self._outbox.is_empty:
                return False
            since = self._clock() - self._told_at
            pace = self._pace.busy if self._outbox.has_news else self._pace.quiet
            hurry = self._urgent or self._finishing or self._outbox.is_crowded
            if hurry or since >= pace:
                return True
            self._wait(pace - since)

    def _take(self, message: dict[str, Any], answer: dict[str, Any]) -> bool:
        """Do as the answer says; whether it has taken what it was sent."""
        with self._turn:
            self._told_at = self._clock()
            expected, line = answer.get("expected"), answer.get("line")
            if not isinstance(expected, int) or not isinstance(line, int):
                return False
            self._outbox.heard(expected, line, message.get("progress"))
        if answer.get("do") == "cancel" and not self.cancelled:
            self.cancelled = True
            self._wake()
        told = [each["sequence"] for each in message["events"]]
        return all(each < expected for each in told) and all(
            each["number"] < line for each in message["lines"]
        )

    def _lose(self, error: Exception) -> None:
        self._say(f"this session is over: {error}")
        self.lost = True
        self._wake()

    def _pause(self, seconds: float, why: str) -> None:
        self._say(f"the server cannot be told: {why}; trying again in {seconds} s")
        with self._turn:
            until = self._clock() + seconds
            while (left := until - self._clock()) > 0:
                self._wait(left)
