"""The blocks of a file as the packets they leave in, made once for all transfers of the file."""

from collections.abc import Callable

from boots.transfer import Window
from boots.wire import tftp

_HEAD = 4  # bytes before each block: opcode and number
_OBJECTS = 200  # bytes that Python takes for a window beside its packets
_AT_ONCE = 1 << 18  # bytes read in one go: the other doors wait for it
_BLOCKS_AT_ONCE = 1024  # and for so many blocks to be cut, where they are small


class Prepared:
    """All packets of a file by windows, each made when the first transfer gets there.

    `read` gives the content from one place to before another; `whole` is called once all is
    made, and from then on `read` is not needed any more.
    """

    def __init__(
        self,
        size: int,
        read: Callable[[int, int], bytes | memoryview],
        blksize: int,
        window: int,
        whole: Callable[["Prepared"], None],
    ) -> None:
        self.size = size
        self.room = self.room_for(size, blksize, window)
        self.ready: list[Window] = []
        self._blksize = blksize
        self._stride = blksize + _HEAD
        self._window = window
        self._count = size // blksize + 1
        self._made = 0  # blocks
        self._read = read
        self._whole = whole

    @staticmethod
    def room_for(size: int, blksize: int, window: int) -> int:
        """How many bytes of memory the packets of a content take."""
        blocks = size // blksize + 1
        return size + _HEAD * blocks + _OBJECTS * -(-blocks // window)

    @property
    def is_whole(self) -> bool:
        """Whether every packet is made."""
        return self._made == self._count

    def packets(self, first: int, last: int) -> bytes:
        """Those of the blocks from `first` to before `last`, counted from 0, end to end.

        Raises:
            OSError: the file cannot be read, or has become shorter.
        """
        while last > self._made:
            self._make()
        begin, end = first // self._window, -(-last // self._window)
        found = b"".join([packets for packets, _ in self.ready[begin:end]])
        at = first - begin * self._window
        return found[at * self._stride : (at + last - first) * self._stride]

    def _make(self) -> None:
        """Make the windows of the next step; a step is short, for the loop waits for it."""
        first, window, blksize = self._made, self._window, self._blksize
        blocks = min(_AT_ONCE // blksize, _BLOCKS_AT_ONCE)
        last = min(first + max(blocks // window, 1) * window, self._count)
        start = first * blksize
        content = memoryview(self._read(start, min(last * blksize, self.size)))
        for begin in range(first, last, window):
            end = min(begin + window, last)
            part = content[begin * blksize - start : end * blksize - start]
            packets = tftp.data_packets(begin + 1, part, blksize, end - begin)
            self.ready.append((packets, tftp.ack(end) if end < self._count else None))
        self._made = last
        if self.is_whole:
            self._whole(self)
            del self._read, self._whole
