"""Floor 2: texts of the same length in place of others, in a stream that comes in chunks.

Nothing is ever held but a chunk and what may be the beginning of the text that is looked for.
"""

from bisect import bisect_left
from collections.abc import Sequence


class Finder:
    """Finds every place of `wanted` in a stream, also where it lies across chunks."""

    def __init__(self, wanted: bytes) -> None:
        self._wanted = wanted
        self._kept = b""  # the end of what came, which may be the beginning of one
        self._at = 0  # where in the stream `_kept` begins
        self.places: list[int] = []

    def feed(self, chunk: bytes) -> None:
        """Take the next part of the stream; `places` grows."""
        held = self._kept + chunk
        start = 0
        while (found := held.find(self._wanted, start)) >= 0:
            self.places.append(self._at + found)
            start = found + len(self._wanted)
        keep = max(start, len(held) - len(self._wanted) + 1)
        self._at += keep
        self._kept = held[keep:]


class Replacer:
    """Passes a stream on with `text` in every place of `wanted`, which is as long."""

    def __init__(self, wanted: bytes, text: bytes) -> None:
        self._wanted = wanted
        self._text = text
        self._finder = Finder(wanted)
        self._held = b""
        self._at = 0  # where in the stream `_held` begins

    @property
    def places(self) -> Sequence[int]:
        """Where `wanted` was, so far."""
        return self._finder.places

    def feed(self, chunk: bytes) -> bytes:
        """The next part of the stream that cannot change any more."""
        self._finder.feed(chunk)
        held = overlay(self._held + chunk, self._at, self.places, self._text)
        # What lies wholly before this may still be the beginning of one that ends later.
        ready = max(0, len(held) - len(self._wanted) + 1)
        self._held = held[ready:]
        self._at += ready
        return held[:ready]

    def end(self) -> bytes:
        """The stream has ended: its last part."""
        held, self._held = self._held, b""
        return held


def overlay(chunk: bytes, at: int, places: Sequence[int], text: bytes) -> bytes:
    """`chunk`, which stands `at` in a stream, with what of `text` at `places` falls into it."""
    first = bisect_left(places, at - len(text) + 1)
    last = bisect_left(places, at + len(chunk))
    if first == last:
        return chunk
    patched = bytearray(chunk)
    for place in places[first:last]:
        start, end = max(place, at), min(place + len(text), at + len(chunk))
        patched[start - at : end - at] = text[start - place : end - place]
    return bytes(patched)
