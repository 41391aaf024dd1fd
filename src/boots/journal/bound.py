"""How much may be written in a second, and what is left out beyond that.  Pure: time is given."""


class Bound:
    """Admits at most `most` lines in each second of the clock; 0 admits all.

    What is not admitted is counted by its kind, until `taken` takes the counts.
    """

    def __init__(self, most: int) -> None:
        self.left_out: dict[str, int] = {}
        self.latest = 0.0  # when something was left out last
        self._most = most
        self._second = -1
        self._free = most

    def admits(self, at: float, kind: str) -> bool:
        """Whether there is room for a line of this kind at a time in seconds."""
        second = int(at)
        if second != self._second:  # a clock set back begins a second as well
            self._second, self._free = second, self._most
        if self._free or not self._most:
            self._free -= 1
            return True
        self.leave_out(at, kind, 1)
        return False

    def is_reached(self, first: float, last: float) -> bool:
        """Whether nothing between these two times is admitted any more."""
        return bool(self._most) and not self._free and int(first) == int(last) == self._second

    def leave_out(self, at: float, kind: str, count: int) -> None:
        """Count lines that are not admitted."""
        self.latest = at
        self.left_out[kind] = self.left_out.get(kind, 0) + count

    def taken(self) -> dict[str, int]:
        """What was left out since this was asked last."""
        left_out, self.left_out = self.left_out, {}
        return left_out
