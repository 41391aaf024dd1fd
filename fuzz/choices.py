"""Choices out of bytes, for targets whose inputs have a form: each byte decides something."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Takes bytes from the front; when they have run out everything is the first, or nothing."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_over(self) -> bool:
        """Whether no byte is left."""
        return self._at >= len(self._data)

    def take(self, size: int) -> bytes:
        """The next bytes; fewer at the end."""
        found = self._data[self._at : self._at + size]
        self._at += size
        return found

    def number(self, size: int = 1) -> int:
        """A number of so many bytes."""
        return int.from_bytes(self.take(size))

    def flag(self) -> bool:
        """Yes or no."""
        return bool(self.number() & 1)

    def pick(self, among: Sequence[T]) -> T:
        """One of these."""
        return among[self.number() % len(among)]

    def piece(self) -> bytes:
        """Some bytes, led by how many."""
        return self.take(self.number())

    def rest(self) -> bytes:
        """All that is left."""
        found, self._at = self._data[self._at :], len(self._data)
        return found
