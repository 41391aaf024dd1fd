"""So many a second, and a burst of them at once: how limits are counted."""


class Budget:
    """Fills at `rate` a second, up to `burst`.  Pure: the moment is an argument."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = self._left = burst
        self._at = 0.0

    def spend(self, now: float, cost: float = 1.0) -> bool:
        """Take from it, if there is as much."""
        if now > self._at:
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < cost:
            return False
        self._left -= cost
        return True
