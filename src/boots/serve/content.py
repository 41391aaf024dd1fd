"""What TFTP sends: files and what was made for a machine, and their blocks.

A file is cut into packets once for each block size and window and kept for the next machine, as
far as there is room; what is too large for that is read from the disk, or rather from the
kernel's cache of it, as transfers get there.  So memory does not grow with the transfers.

Files are not mapped: a mapped file that somebody copies another one over ends the whole process
(SIGBUS).
"""

import errno
import os
import stat
import time
import weakref
from collections.abc import Callable

from boots.policy.got import File, Rendered, Script
from boots.serve.prepared import Prepared
from boots.transfer import Blocks, Unprepared, to_netascii

_LARGEST_NETASCII = 16 << 20
_LARGEST_PREPARED = 32 << 20
_ROOM = 64 << 20  # bytes of memory for prepared blocks
_SETTLED = 2_000_000_000  # ns after which a file system tells a change by another time

Key = tuple[int, ...]


class Content:
    """An open file, or a text in memory, to be read in any order by all who get it."""

    def __init__(self, size: int, text: bytes = b"", file: int = -1, key: Key = ()) -> None:
        self.size = size
        self.key = key  # which state of which file it is; empty for a text
        self._text = memoryview(text)
        self._file = file
        if file >= 0:
            weakref.finalize(self, os.close, file)

    def read(self, start: int, end: int) -> bytes | memoryview:
        """The bytes from `start` to before `end`.

        Raises:
            OSError: the file cannot be read, or has become shorter.
        """
        if self._file < 0:
            return self._text[start:end]
        found = os.pread(self._file, end - start, start)
        while len(found) < end - start:
            more = os.pread(self._file, end - start - len(found), start + len(found))
            if not more:
                raise OSError("it became shorter while it was sent")
            found += more
        return found

    def is_settled(self, now: int) -> bool:
        """Whether it is still as it was opened, and a change from now on (in ns) would show."""
        facts = os.fstat(self._file)
        return _key(facts) == self.key and not 0 <= now - facts.st_ctime_ns < _SETTLED


class Shelf:
    """The files that are being sent, and the blocks of those that were, as long as there is room.

    `room` is in bytes, `now` the time of day in nanoseconds, as files have it.
    """

    def __init__(self, room: int = _ROOM, now: Callable[[], int] = time.time_ns) -> None:
        self._room = room
        self._now = now
        self._contents: weakref.WeakValueDictionary[Key, Content] = weakref.WeakValueDictionary()
        self._prepared: weakref.WeakValueDictionary[Key, Prepared] = weakref.WeakValueDictionary()
        self._kept: dict[Key, Prepared] = {}  # whole ones, the one longest not asked for first

    def take(self, what: File | Script | Rendered, mode: str) -> Content:
        """The content of a file, or of what was made, in the form that a TFTP mode wants.

        Raises:
            OSError: the file cannot be read, or is too long for netascii.
        """
        if not isinstance(what, File):
            text = what.text.encode() if isinstance(what, Script) else what.content
            text = to_netascii(text) if mode == "netascii" else text
            return Content(len(text), text)
        content = self._open(what.path)
        if mode != "netascii":
            return content
        if content.size > _LARGEST_NETASCII:
            raise OSError("it is too long for netascii, ask for octet")
        text = to_netascii(bytes(content.read(0, content.size)))
        return Content(len(text), text)

    def blocks(self, content: Content, blksize: int, window: int = 1) -> Blocks:
        """The content in blocks of a size, ready for windows of so many."""
        if not content.key:
            return Unprepared(content.size, content.read, blksize)
        key = (*content.key, blksize, window)
        found = self._prepared.get(key)
        if found is not None:
            if found.is_whole:
                self._keep(key, found)
            return found
        if not self._has_room(Prepared.room_for(content.size, blksize, window)):
            return Unprepared(content.size, content.read, blksize)

        def whole(prepared: Prepared) -> None:
            if content.is_settled(self._now()):
                self._keep(key, prepared)

        made = Prepared(content.size, content.read, blksize, window, whole)
        self._prepared[key] = made
        return made

    @property
    def held(self) -> int:
        """Bytes of memory that prepared blocks take, or will when they are whole."""
        return sum(prepared.room for prepared in self._prepared.values())

    def _keep(self, key: Key, prepared: Prepared) -> None:
        self._kept.pop(key, None)
        self._kept[key] = prepared

    def _has_room(self, size: int) -> bool:
        """Whether there is room for so many bytes, once those nobody uses have made place."""
        if size > min(_LARGEST_PREPARED, self._room):
            return False
        while self.held + size > self._room:
            if not self._kept:
                return False
            del self._kept[next(iter(self._kept))]
        return True

    def _open(self, path: str) -> Content:
        # Without waiting: where a pipe has taken the place of the file, nobody may ever write.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            facts = _facts(file)
        except OSError:
            os.close(file)
            raise
        key = _key(facts)
        content = self._contents.get(key)
        if content is not None:
            os.close(file)
            return content
        content = Content(facts.st_size, file=file, key=key)
        self._contents[key] = content
        return content


def _facts(file: int) -> os.stat_result:
    facts = os.fstat(file)
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(facts.st_mode):
        raise OSError(errno.EINVAL, "it is no file")
    return facts


def _key(facts: os.stat_result) -> Key:
    # With the time of change, which unlike that of modification nobody can set.
    return (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
