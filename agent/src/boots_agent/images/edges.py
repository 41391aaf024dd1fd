"""The first and last MiB of an image, kept back until all between them is on the disk.

The first holds the partition table and what firmware starts, the last a GPT's spare copy.  As long
as neither is there, nothing boots, and nothing mistakes half an image for a whole one.
"""

from boots_agent.images.disk import Disk
from boots_agent.images.words import MIB, DiskFailed, State

# MBR and GPT header are in the first page, which goes last, in one piece.
_PAGE = 4096


class Edges:
    """Keeps back what is at the edges, of an image of `size` bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._first = min(MIB, size)
        self._last = max(self._first, size - MIB)
        self.head = bytearray(self._first)
        self.tail = bytearray(size - self._last)

    def keep(self, view: memoryview, offset: int) -> tuple[int, int]:
        """Keep what is at an edge; the start and end of the part of `view` that is not."""
        end = offset + len(view)
        start = min(max(0, self._first - offset), len(view))
        stop = max(start, min(len(view), self._last - offset))
        if start:
            self.head[offset : offset + start] = view[:start]
        if offset + stop < end and end > self._last:
            self.tail[offset + stop - self._last : end - self._last] = view[stop:]
        return start, stop

    def put(self, disk: Disk) -> None:
        """Write both, the first page last, each step on the disk before the next; read them back.

        Raises:
            DiskFailed: What is on the disk then is something else.
        """
        disk.write(memoryview(self.tail), self._last)
        disk.sync()
        disk.write(memoryview(self.head)[_PAGE:], _PAGE)
        disk.sync()
        disk.write(memoryview(self.head)[:_PAGE], 0)
        disk.sync()
        disk.forget()
        for content, offset in ((self.head, 0), (self.tail, self._last)):
            if disk.look(offset, len(content)) != content:
                why = f"{disk.path} does not hold what was written to byte {offset} and after"
                raise DiskFailed(why, State.DOUBTFUL)
