"""A stream as tarfile reads archives from, that only goes forward and believes no header."""

import io
from collections.abc import Callable, Iterator

from boots_agent.images.reading import Reader
from boots_agent.images.words import MIB, Damaged

_HEADER = MIB  # the longest name, link or set of attributes
_PIECE = MIB


class Stream(io.RawIOBase):
    """Unpacked bytes, in order; it can be moved forward.  `last` is what was read last."""

    def __init__(self, reader: Reader, tick: Callable[[], None]) -> None:
        super().__init__()
        self._reader = reader
        self._tick = tick
        self._room = memoryview(bytearray(_PIECE))
        self._rest = self._room[:0]
        self._position = 0
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        """So many bytes; fewer only at the end.

        Raises:
            Damaged: More than any header has are asked for.
        """
        if not 0 <= size <= _HEADER:
            raise Damaged(f"broken tar: a header of {size} bytes at byte {self._position}")
        found = b""
        while len(found) < size and (piece := self._some(size - len(found))):
            found += piece
        self.last = found
        return found

    def pieces(self, size: int) -> Iterator[memoryview]:
        """So many bytes, piece by piece; each is good until the next is asked for.

        Raises:
            Damaged: There are fewer.
        """
        while size:
            piece = self._some(size)
            if not piece:
                raise Damaged(f"the archive ends {size} bytes before a file in it does")
            size -= len(piece)
            yield piece

    def tell(self) -> int:
        """How many bytes were read."""
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        """Read past what is not wanted."""
        if whence or offset < self._position:
            raise Damaged("broken tar: it leads backwards")
        while self._position < offset and self._some(offset - self._position):
            pass
        return self._position

    def seekable(self) -> bool:
        """Forward."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def _some(self, most: int) -> memoryview:
        if not self._rest:
            self._rest = self._room[: self._reader.readinto(self._room)]
            self._tick()
        piece, self._rest = self._rest[:most], self._rest[most:]
        self._position += len(piece)
        return piece
