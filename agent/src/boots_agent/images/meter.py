"""How far, how fast, how long yet."""

import threading
from collections import deque
from collections.abc import Callable

from boots_agent.images.words import Progress

_LATELY = 10.0  # seconds that the rate is taken over


class Meter:
    """Counts, and tells at most once a second."""

    def __init__(self, clock: Callable[[], float], tell: Callable[[Progress], None]) -> None:
        self._clock = clock
        self._tell = tell
        self.began = clock()
        self._told = self.began - 1
        self._marks: deque[tuple[float, int]] = deque([(self.began, 0)])
        self._adding = threading.Lock()
        self.phase = "write"
        self.done = 0
        self.total: int | None = None
        self.sent: Callable[[], int] = int
        self.whole: int | None = None  # bytes that will have travelled, where that is known

    def add(self, count: int) -> None:
        """So many bytes of the image more are dealt with, in whatever thread."""
        with self._adding:
            self.done += count

    def begin(self, phase: str) -> None:
        """Another phase, from its beginning."""
        self.phase, self.done = phase, 0
        self._marks = deque([(self._clock(), 0)])

    def tick(self) -> None:
        """Tell, if a second has passed."""
        now = self._clock()
        if now - self._told < 1:
            return
        self._told = now
        self._marks.append((now, self.done))
        while len(self._marks) > 2 and now - self._marks[0][0] > _LATELY:
            self._marks.popleft()
        then, before = self._marks[0]
        rate = (self.done - before) / (now - then) if now > then else 0.0
        sent = self.sent()
        eta = self._eta(now, rate, sent)
        self._tell(Progress(self.phase, self.done, self.total, sent, rate, eta))

    def _eta(self, now: float, rate: float, sent: int) -> float | None:
        if self.total is not None:
            return (self.total - self.done) / rate if rate else None
        if self.whole and sent:
            return (now - self.began) * max(0, self.whole - sent) / sent
        return None
