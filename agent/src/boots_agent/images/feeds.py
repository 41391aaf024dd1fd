"""Where an image's bytes come from: a file here, or a server over HTTP that may drop at any time.

A feed is read in order; `seek` moves it.  What a feed gives is one and the same content from first
to last byte: if it changes on the way `Changed` is raised, and all begins anew.
"""

import hashlib
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from boots_agent.images.words import Damaged, ImageError, Unreachable

CHUNK = 1 << 18


class Changed(ImageError):
    """The source has other content now than when reading began."""


class Feed(Protocol):
    """Bytes in order."""

    @property
    def size(self) -> int | None:
        """All bytes there are; None where nobody says."""

    @property
    def sent(self) -> int:
        """Bytes that were read so far, those read twice counted twice."""

    @property
    def bounded(self) -> bool:
        """Whether it is known where the content ends, so that a cut shows."""

    def read(self, most: int) -> bytes:
        """The next bytes; none only at the very end."""

    def seek(self, offset: int, length: int | None = None) -> None:
        """Read on from there; only so many bytes are wanted before the next seek, if told."""

    def abort(self) -> None:
        """End a read that is under way in another thread, and all later ones."""

    def close(self) -> None:
        """No more is read."""


class File:
    """A file of this machine."""

    def __init__(self, path: str) -> None:
        try:
            self._file = Path(path).open("rb", buffering=0)  # noqa: SIM115  # closed by close()
            self.size: int | None = self._file.seek(0, 2)
            self._file.seek(0)
        except OSError as error:
            raise Unreachable(f"cannot read {path}: {error.strerror}") from None
        self.sent = 0
        self.bounded = True

    def read(self, most: int) -> bytes:
        """The next bytes; none at the end."""
        try:
            data = self._file.read(min(most, CHUNK))
        except OSError as error:
            raise Unreachable(f"cannot read {self._file.name}: {error.strerror}") from None
        self.sent += len(data)
        return data

    def seek(self, offset: int, length: int | None = None) -> None:  # noqa: ARG002  # all is here
        """Read on from there."""
        within(offset, self.size)
        self._file.seek(offset)

    def abort(self) -> None:
        """A file is never waited for."""

    def close(self) -> None:
        """No more is read."""
        self._file.close()


class Hashed:
    """A feed whose whole content is hashed as it passes, in order, whatever is sought.

    Content that a seek would pass over is read for its hash; what is read again is not hashed
    again.
    """

    def __init__(self, feed: Feed, algorithms: frozenset[str]) -> None:
        self._feed = feed
        self._hashes = {name: hashlib.new(name) for name in algorithms}
        self._position = 0
        self._hashed = 0

    @property
    def size(self) -> int | None:
        """All bytes there are."""
        return self._feed.size

    @property
    def sent(self) -> int:
        """Bytes that were read so far."""
        return self._feed.sent

    @property
    def bounded(self) -> bool:
        """Whether it is known where the content ends."""
        return self._feed.bounded

    def read(self, most: int) -> bytes:
        """The next bytes; none only at the very end."""
        data = self._feed.read(most)
        new = self._position + len(data) - self._hashed
        self._position += len(data)
        if new > 0:
            for each in self._hashes.values():
                each.update(memoryview(data)[len(data) - new :])
            self._hashed = self._position
        return data

    def seek(self, offset: int, length: int | None = None) -> None:
        """Read on from there."""
        if self._hashes and offset > self._hashed:
            if self._position != self._hashed:
                self._feed.seek(self._hashed)
                self._position = self._hashed
            while self._position < offset:
                if not self.read(min(CHUNK, offset - self._position)):
                    raise Damaged(f"the image ends at byte {self._position}, but more is said")
        if offset != self._position or length is not None:
            self._feed.seek(offset, None if self._hashes else length)
            self._position = offset

    def digests(self) -> dict[str, str]:
        """The hashes of the whole content, of which the rest is read now."""
        if self._hashes:
            self.seek(max(self._hashed, self._position))
            while self.read(CHUNK):
                pass
        return {name: each.hexdigest() for name, each in self._hashes.items()}

    def abort(self) -> None:
        """End a read that is under way in another thread."""
        self._feed.abort()

    def close(self) -> None:
        """No more is read."""
        self._feed.close()


def within(offset: int, size: int | None) -> None:
    """See to it that a place can be in the content; broken tables lead anywhere.

    Raises:
        Damaged: It cannot.
    """
    if size is not None and offset > size:
        raise Damaged(f"the image points to byte {offset}, and has {size}")


def local_path(url: str) -> str | None:
    """The path that a URL or path names on this machine, or None."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return unquote(parts.path)
    return url if not parts.scheme else None


def read_exactly(feed: Feed, length: int) -> bytes:
    """So many bytes.

    Raises:
        Damaged: There are fewer.
    """
    pieces, missing = [], length
    while missing:
        data = feed.read(missing)
        if not data:
            raise Damaged(f"the image ends {missing} bytes before its end")
        pieces.append(data)
        missing -= len(data)
    return b"".join(pieces)
