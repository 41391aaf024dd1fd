"""Threads that hand things on to each other; when one fails, all end, and its error is raised."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Ended(Exception):
    """Another thread has failed: there is nothing to work for."""


class Channel(Generic[T]):
    """A bounded queue; `put` and `get` wait."""

    def __init__(self, line: "Line", most: int) -> None:
        self._line = line
        self._most = most
        self._items: deque[T] = deque()
        self._closed = False

    def put(self, item: T) -> None:
        """Hand one on, once there is room."""
        with self._line.turn:
            while len(self._items) >= self._most:
                self._line.wait()
            self._items.append(item)
            self._line.turn.notify_all()

    def get(self) -> T | None:
        """The next one; None after the last."""
        with self._line.turn:
            while not self._items:
                if self._closed:
                    return None
                self._line.wait()
            item = self._items.popleft()
            self._line.turn.notify_all()
            return item

    def take(self) -> T | None:
        """The next one if it is there already."""
        with self._line.turn:
            if not self._items:
                return None
            self._line.turn.notify_all()
            return self._items.popleft()

    def close(self) -> None:
        """No more come."""
        with self._line.turn:
            self._closed = True
            self._line.turn.notify_all()


class Line:
    """Threads with one lock among them: they hand on large pieces, a few hundred a second."""

    def __init__(self) -> None:
        self.turn = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._error: BaseException | None = None
        self._running = 0

    def wait(self) -> None:
        """Wait for any change, holding `turn`."""
        if self._error is not None:
            raise _Ended
        self.turn.wait()
        if self._error is not None:
            raise _Ended

    def start(self, work: Callable[[], None]) -> None:
        """One more thread."""
        with self.turn:
            self._running += 1
        thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def finish(self, tick: Callable[[], None], every: float, stop: Callable[[], None]) -> None:
        """Wait for all, calling `tick` meanwhile; `stop` is called once if one of them fails.

        Raises:
            Exception: What the first of them raised, or `tick`.
        """
        try:
            while self._left():
                tick()
                self._pause(every)
        except BaseException as error:  # noqa: BLE001  # whoever watches may end it, too
            self._fail(error)
        if self._error is not None:
            stop()
        for thread in self._threads:
            thread.join()
        if self._error is not None:
            raise self._error

    def _left(self) -> bool:
        with self.turn:
            return bool(self._running) and self._error is None

    def _pause(self, seconds: float) -> None:
        with self.turn:
            self.turn.wait_for(lambda: not self._running or self._error is not None, seconds)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except _Ended:
            pass
        except BaseException as error:  # noqa: BLE001  # it is raised again by finish()
            self._fail(error)
        finally:
            with self.turn:
                self._running -= 1
                self.turn.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self.turn:
            if self._error is None:
                self._error = error
            self.turn.notify_all()
