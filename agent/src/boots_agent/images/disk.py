"""An open disk: what is written, zeroed and read of it, past the page cache where that can be.

How one comes to be open for writing is in `boots_agent.images.target`.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import stat
import struct
import time
from collections.abc import Callable
from pathlib import Path

from boots_agent.images.signatures import mark
from boots_agent.images.words import MIB, DiskFailed, State
from boots_agent.images.zstd import address

_BLKRRPART, _BLKSSZGET, _BLKZEROOUT = 0x125F, 0x1268, 0x127F
BLKDISCARD, BLKSECDISCARD = 0x1277, 0x127D
_PUNCH = 1 | 2  # FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE
_PAGE = 4096
_ZEROED_AT_ONCE = 64 * MIB
_PAUSE = 0.05


class Disk:
    """An open disk, or a file that stands for one.  Errors name the byte they happened at.

    Whole pages go past the page cache where `direct` can, so that memory does not fill with what is
    on its way to the disk, and an error tells its place; odd ends go through `plain`.
    """

    def __init__(self, path: str, plain: int, direct: int | None, size: int) -> None:
        self.path = path
        self.size = size
        self._plain = plain
        self._direct = direct
        self._is_device = stat.S_ISBLK(os.fstat(plain).st_mode)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._offload = True

    def write(self, view: memoryview, offset: int) -> None:
        """Write all of it."""
        at = 0
        while at < len(view):
            descriptor, piece = self._way(view[at:], offset + at)
            try:
                at += os.pwrite(descriptor, piece, offset + at)
            except OSError as error:
                raise self._failed("write", error, offset + at) from error

    def zero(self, offset: int, length: int) -> None:
        """Make these bytes zero without sending zeros where the disk can do that."""
        while length > 0:
            piece = min(length, _ZEROED_AT_ONCE)
            if not self._zeroed(offset, piece):
                zeros = memoryview(bytes(min(piece, MIB)))
                for at in range(offset, offset + piece, len(zeros)):
                    self.write(zeros[: offset + piece - at], at)
            offset += piece
            length -= piece

    def read(self, view: memoryview, offset: int) -> int:
        """Read what there is; fewer bytes only at the end of the disk."""
        filled = 0
        while filled < len(view):
            descriptor, piece = self._way(view[filled:], offset + filled)
            try:
                got = os.preadv(descriptor, [piece], offset + filled)
            except OSError as error:
                raise self._failed("read", error, offset + filled) from error
            if not got:
                break
            filled += got
        return filled

    def look(self, offset: int, length: int) -> bytes:
        """Some bytes, for looking at."""
        content = bytearray(length)
        return bytes(content[: self.read(memoryview(content), offset)])

    def sync(self) -> None:
        """All that was written is on the disk."""
        try:
            os.fsync(self._plain)
        except OSError as error:
            raise self._failed("flush", error, None) from error

    def forget(self) -> None:
        """What is read next comes from the disk, not from memory."""
        os.posix_fadvise(self._plain, 0, 0, os.POSIX_FADV_DONTNEED)

    def reread_table(self) -> None:
        """Have the kernel look at the new partitions; they are there after a reboot anyway."""
        if self._is_device:
            with contextlib.suppress(OSError):
                once_free(lambda: fcntl.ioctl(self._plain, _BLKRRPART), 1.0)

    @property
    def sector(self) -> int:
        """Bytes of a sector, as the disk counts them; a file has those of most disks."""
        if not self._is_device:
            return 512
        return int(struct.unpack("i", self.control(_BLKSSZGET, bytes(4)))[0])

    @property
    def name(self) -> str:
        """What the kernel calls the device; empty for a file."""
        facts = os.fstat(self._plain)
        return "" if not self._is_device else block_of(facts, Path("/sys")).name

    def control(self, request: int, argument: bytes) -> bytes:
        """Have the kernel do something with the device.

        Raises:
            OSError: It cannot, or will not.
        """
        return fcntl.ioctl(self._plain, request, argument)

    def discard(self, offset: int, length: int, request: int = BLKDISCARD) -> None:
        """Tell the disk that these bytes are of no use; what they read as then is its own affair.

        Raises:
            OSError: It has no such words.
        """
        if self._is_device:
            self.control(request, struct.pack("QQ", offset, length))
        else:
            self._punch(offset, length)

    def close(self) -> None:
        """Let go."""
        os.close(self._plain)
        if self._direct is not None:
            os.close(self._direct)

    def _zeroed(self, offset: int, length: int) -> bool:
        if not self._offload or offset % _PAGE or length % _PAGE:
            return False
        try:
            if self._is_device:
                fcntl.ioctl(self._plain, _BLKZEROOUT, struct.pack("QQ", offset, length))
            else:
                self._punch(offset, length)
        except OSError as error:
            if error.errno not in {errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.ENOSYS}:
                raise self._failed("zero", error, offset) from error
            self._offload = False
        return self._offload

    def _punch(self, offset: int, length: int) -> None:
        where = ctypes.c_int64(offset), ctypes.c_int64(length)
        if self._libc.fallocate(self._plain, _PUNCH, *where):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def _way(self, view: memoryview, offset: int) -> tuple[int, memoryview]:
        """How the next bytes travel: whole pages by `direct`, all else by `plain`."""
        if self._direct is None or offset % _PAGE or len(view) < _PAGE or view.readonly:
            return self._plain, view
        if address(view) % _PAGE:
            return self._plain, view
        return self._direct, view[: len(view) // _PAGE * _PAGE]

    def _failed(self, verb: str, error: OSError, offset: int | None) -> DiskFailed:
        where = "" if offset is None else f" at byte {offset}"
        why = "no space is left" if error.errno == errno.ENOSPC else error.strerror
        return DiskFailed(f"cannot {verb} {self.path}{where}: {why}", State.PARTIAL)


def once_free(ask: Callable[[], object], seconds: float) -> None:
    """Ask the kernel, and again for some seconds: who looks at a partition has it for a moment.

    Raises:
        OSError: It does not; EBUSY if it was in use all the time.
    """
    for tries_left in reversed(range(max(1, round(seconds / _PAUSE)))):
        try:
            ask()
        except OSError as error:
            if error.errno != errno.EBUSY or not tries_left:
                raise
            time.sleep(_PAUSE)
        else:
            return


def begin(disk: Disk, run: str) -> None:
    """Take away what the disk would boot from, and mark it as half written."""
    last = max(0, disk.size - MIB) // _PAGE * _PAGE
    disk.zero(last, disk.size - last)
    disk.zero(0, min(MIB, disk.size))
    disk.write(memoryview(mark(run).ljust(min(_PAGE, disk.size), b"\0")), 0)
    disk.sync()


def block_of(facts: os.stat_result, sys: Path) -> Path:
    """The directory of a device, under its own name."""
    number_of = f"{os.major(facts.st_rdev)}:{os.minor(facts.st_rdev)}"
    return (sys / "dev/block" / number_of).resolve()
