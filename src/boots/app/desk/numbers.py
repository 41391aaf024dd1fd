"""Numbers of rows, for who may see some of them: they count up over all, and so tell how many.

Who sees some rows only is told other numbers in their place: each stands for one row, and neither
its order nor its size says anything to who has not the server's key.  Who sees all is told theirs.
"""

import hashlib
from collections.abc import Callable

_HALF = 26  # bits: both together are exact in JavaScript's numbers, too
_MASK = (1 << _HALF) - 1
_MOST = 1 << 2 * _HALF
_ROUNDS = 6


class Numbers:
    """A permutation of the numbers from 1 to 2^52 - 1, by a key (Luby and Rackoff's rounds).

    Without a key each is told as it is.
    """

    def __init__(self, key: bytes | None) -> None:
        self._key = None if key is None else hashlib.blake2s(b"numbers " + key).digest()

    def told(self, number: int) -> int:
        """What is told in place of the number of a row."""
        return self._walked(number, self._forth)

    def meant(self, told: int) -> int:
        """The number that was meant; what was never told is that of some other row, or of none."""
        return self._walked(told, self._back)

    def _walked(self, number: int, step: Callable[[int], int]) -> int:
        # 0 is before all rows, and what is beyond is behind them.
        if self._key is None or not 0 < number < _MOST:
            return number
        found = step(number)
        return found or step(found)

    def _forth(self, number: int) -> int:
        left, right = number >> _HALF, number & _MASK
        for turn in range(_ROUNDS):
            left, right = right, left ^ self._mixed(turn, right)
        return left << _HALF | right

    def _back(self, number: int) -> int:
        left, right = number >> _HALF, number & _MASK
        for turn in reversed(range(_ROUNDS)):
            left, right = right ^ self._mixed(turn, left), left
        return left << _HALF | right

    def _mixed(self, turn: int, half: int) -> int:
        said = (half << 3 | turn).to_bytes(4, "big")
        return (
            int.from_bytes(hashlib.blake2s(said, key=self._key or b"", digest_size=4).digest())
            & _MASK
        )
