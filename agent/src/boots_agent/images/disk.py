"""The one way to a disk that may be written: `open_target`.

Whoever has no `Armed` value, or one of another disk, gets none.  Everything is looked at through a
descriptor that can only read; the one that writes is opened of that same descriptor, so no other
device can come in between.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import stat
import struct
from pathlib import Path
from typing import NamedTuple

from boots_agent.disks import serial_of, wwn_of
from boots_agent.facts import number, text
from boots_agent.images.armed import Armed, Policy
from boots_agent.images.signatures import disk_guid, held, mark, marked
from boots_agent.images.words import MIB, DiskFailed, State, Unsuitable
from boots_agent.images.zstd import address

_BLKRRPART, _BLKGETSIZE64, _BLKSSZGET, _BLKZEROOUT = 0x125F, 0x80081272, 0x1268, 0x127F
BLKDISCARD, BLKSECDISCARD = 0x1277, 0x127D
_PUNCH = 1 | 2  # FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE
_PAGE = 4096
_ZEROED_AT_ONCE = 64 * MIB


class Refused(Unsuitable):
    """The disk may not be written."""


class Seen(NamedTuple):
    """A disk before anything is written to it.

    Attributes:
        holds: What is on it, in words; empty if nothing is.
        ends: Its first and its last MiB; of a smaller one all.
    """

    holds: str
    ends: bytes


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
                fcntl.ioctl(self._plain, _BLKRRPART)

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
        return "" if not self._is_device else _block(facts, Path("/sys")).name

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


def open_target(path: str, armed: Armed, *, sys: Path, direct: bool = True) -> Disk:
    """The disk, open for writing, and nothing on it changed yet.

    Raises:
        Refused: It is not the disk that was armed, it is in use, or holds what may not be lost.
    """
    if not isinstance(armed, Armed):  # whoever calls may be no friend of types
        raise Refused(f"{path} is not armed: nothing may be written to it")
    reading = _opened(path, os.O_RDONLY)
    try:
        size = _size(reading)
        _check(Disk(path, reading, None, size), reading, armed, sys)
        # Through /proc it is the same device, whatever stands under the path by now.
        same = f"/proc/self/fd/{reading}"
        plain = _opened(same, os.O_RDWR | os.O_EXCL, named=path)
        return Disk(path, plain, _direct(same) if direct else None, size)
    finally:
        os.close(reading)


def open_source(path: str) -> Disk:
    """A disk or partition, to read.

    Raises:
        Refused: It cannot be opened.
    """
    descriptor = _opened(path, os.O_RDONLY)
    return Disk(path, descriptor, None, _size(descriptor))


def examine(path: str, armed: Armed, *, sys: Path, named: str = "", shielded: bool = False) -> Seen:
    """Look at a disk as `open_target` does, without opening it for writing.

    Args:
        path: The device.
        armed: What shall allow it to be written.
        sys: Where the kernel tells of disks.
        named: What it is called in errors; empty: its path.
        shielded: It takes no writes because nobody let it through yet.

    Raises:
        Refused: It is not the disk that was armed, or holds what may not be lost.
    """
    reading = _opened(path, os.O_RDONLY, named)
    try:
        disk = Disk(named or path, reading, None, _size(reading))
        _check(disk, reading, armed, sys, shielded=shielded)
        return Seen(held(disk.look, disk.size), _ends(disk))
    finally:
        os.close(reading)


def identities(descriptor: int, sys: Path) -> frozenset[str]:
    """By what a disk can be named in an `Armed` value."""
    facts = os.fstat(descriptor)
    if not stat.S_ISBLK(facts.st_mode):
        return frozenset({f"file:{Path(f'/proc/self/fd/{descriptor}').readlink()}"})
    block = _block(facts, sys)
    behind = text(block / "loop/backing_file")
    named = {serial_of(block), wwn_of(block), f"file:{behind}" if behind else None}
    return frozenset(each for each in named if each)


def begin(disk: Disk, run: str) -> None:
    """Take away what the disk would boot from, and mark it as half written."""
    last = max(0, disk.size - MIB) // _PAGE * _PAGE
    disk.zero(last, disk.size - last)
    disk.zero(0, min(MIB, disk.size))
    disk.write(memoryview(mark(run).ljust(min(_PAGE, disk.size), b"\0")), 0)
    disk.sync()


def _check(disk: Disk, descriptor: int, armed: Armed, sys: Path, *, shielded: bool = False) -> None:
    facts = os.fstat(descriptor)
    block = _block(facts, sys)
    if stat.S_ISBLK(facts.st_mode):
        if number(block / "partition") is not None:
            raise Refused(f"{disk.path} is a partition, and disks are armed, not partitions")
        if text(block / "ro") == "1" and not shielded:
            raise Refused(f"{disk.path} is read-only")
    names = identities(descriptor, sys)
    if armed.serial not in names:
        has = ", ".join(sorted(names)) or "none that can be read"
        raise Refused(f"{disk.path} has the serial {has}; armed is {armed.serial}")
    if armed.size != disk.size:
        raise Refused(f"{disk.path} has {disk.size} bytes; armed is a disk of {armed.size}")
    if armed.policy is not Policy.FORCE:
        _check_content(disk, armed)


def _ends(disk: Disk) -> bytes:
    if disk.size <= 2 * MIB:
        return disk.look(0, disk.size)
    return disk.look(0, MIB) + disk.look(disk.size - MIB, MIB)


def _block(facts: os.stat_result, sys: Path) -> Path:
    """The directory of a device, under its own name."""
    number_of = f"{os.major(facts.st_rdev)}:{os.minor(facts.st_rdev)}"
    return (sys / "dev/block" / number_of).resolve()


def _check_content(disk: Disk, armed: Armed) -> None:
    if armed.run and marked(disk.look) == armed.run:
        return
    found = held(disk.look, disk.size)
    if not found:
        return
    known = disk_guid(disk.look)
    if armed.policy is Policy.WIPE_KNOWN and known in armed.known:
        return
    raise Refused(
        f"{disk.path} holds {found}, and the policy is {armed.policy.value}: nothing was written"
    )


def _opened(path: str, flags: int, named: str = "") -> int:
    try:
        # Without O_CREAT: a missing /dev/sdb must not become a file in memory.
        descriptor = os.open(path, flags | os.O_CLOEXEC)
    except OSError as error:
        why = "is in use" if error.errno == errno.EBUSY else f"cannot be opened: {error.strerror}"
        raise Refused(f"{named or path} {why}") from None
    if stat.S_IFMT(os.fstat(descriptor).st_mode) in {stat.S_IFBLK, stat.S_IFREG}:
        return descriptor
    os.close(descriptor)
    raise Refused(f"{named or path} is no disk")


def _size(descriptor: int) -> int:
    facts = os.fstat(descriptor)
    if stat.S_ISREG(facts.st_mode):
        return facts.st_size
    said = fcntl.ioctl(descriptor, _BLKGETSIZE64, bytes(8))
    return int(struct.unpack("Q", said)[0])


def _direct(path: str) -> int | None:
    """A descriptor that goes past the page cache; not every file system has one."""
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_DIRECT)
    except OSError:
        return None
