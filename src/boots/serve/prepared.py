"""The blocks of a file as the packets they leave in, made once for all transfers of the file."""

import mmap
from collections.abc import Callable

from boots.wire import tftp

_HEAD = 4  # bytes before each block: opcode and number
_AT_ONCE = 1 << 18  # bytes read in one go: the other doors wait for it
_BLOCKS_AT_ONCE = 1024  # and for so many blocks to be cut, where they are small


class Prepared:
    """All packets of a file end to end, each made when the first transfer gets there.

    `read` gives the content from one place to before another; `whole` is called once all is
    made, and from then on `read` is not needed any more.
    """

    def __init__(
        self,
        size: int,
        read: Callable[[int, int], bytes | memoryview],
        blksize: int,
        whole: Callable[["Prepared"], None],
    ) -> None:
        self.size = size
        self.room = self.room_for(size, blksize)
        self._blksize = blksize
        self._stride = blksize + _HEAD
        self._count = size // blksize + 1
        self._made = 0
        # Memory that the kernel gives page by page, when it is first written to.
        self._view = memoryview(mmap.mmap(-1, self.room, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        self._read = read
        self._whole = whole

    @staticmethod
    def room_for(size: int, blksize: int) -> int:
        """How many bytes the packets of a content take."""
        return size + _HEAD * (size // blksize + 1)

    @property
    def is_whole(self) -> bool:
        """Whether every packet is made."""
        return self._made == self._count

    def packets(self, first: int, last: int) -> memoryview:
        """Those of the blocks from `first` to before `last`, counted from 0, end to end.

        Raises:
            OSError: the file cannot be read, or has become shorter.
        """
        while last > self._made:
            self._make()
        return self._view[first * self._stride : last * self._stride]

    def _make(self) -> None:
        """Make the packets of the next step; a step is short, for the loop waits for it."""
        first = self._made
        count = min(max(_AT_ONCE // self._blksize, 1), _BLOCKS_AT_ONCE, self._count - first)
        start = first * self._blksize
        content = self._read(start, min(start + count * self._blksize, self.size))
        packets = tftp.data_packets(first + 1, content, self._blksize, count)
        at = first * self._stride
        self._view[at : at + len(packets)] = packets
        self._made += count
        if self._made == self._count:
            self._whole(self)
            del self._read, self._whole
