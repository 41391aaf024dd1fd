"""What TFTP sends: files in memory, read as transfers get there, shared by those of one file.

They are not mapped: a mapped file that somebody copies another one over ends the whole process
(SIGBUS), and each map holds a file open.
"""

import errno
import mmap
import os
import stat
import weakref

from boots.policy.got import File, Rendered, Script
from boots.transfer import to_netascii

_LARGEST_NETASCII = 16 << 20
_AT_ONCE = 1 << 18  # bytes read in one go: the other doors wait for it


class Content:
    """The bytes of a file or text.  `view` has their full length, and zeros where none are yet."""

    def __init__(self, view: memoryview, file: int | None = None) -> None:
        self.view = view
        self._file = -1 if file is None else file
        self._read = len(view) if file is None else 0
        self._close = weakref.finalize(self, os.close, file) if file is not None else None

    def reach(self, end: int) -> None:
        """Have the bytes up to `end`.

        Raises:
            OSError: the file cannot be read, or has become shorter.
        """
        end = min(end, len(self.view))
        while self._read < end:
            part = self.view[self._read : self._read + _AT_ONCE]
            count = os.preadv(self._file, [part], self._read)
            if count == 0:
                raise OSError("it became shorter while it was sent")
            self._read += count


class Shelf:
    """The files that are being sent, each in memory once."""

    def __init__(self) -> None:
        self._contents: weakref.WeakValueDictionary[tuple[int, ...], Content] = (
            weakref.WeakValueDictionary()
        )

    def take(self, what: File | Script | Rendered, mode: str) -> Content:
        """The content of a file, or of what was made, in the form that a TFTP mode wants.

        Raises:
            OSError: the file cannot be read, or is too long for netascii.
        """
        if not isinstance(what, File):
            text = what.text.encode() if isinstance(what, Script) else what.content
            return Content(memoryview(to_netascii(text) if mode == "netascii" else text))
        content = self._open(what.path)
        if mode != "netascii":
            return content
        if len(content.view) > _LARGEST_NETASCII:
            raise OSError("it is too long for netascii, ask for octet")
        content.reach(len(content.view))
        return Content(memoryview(to_netascii(bytes(content.view))))

    def _open(self, path: str) -> Content:
        # Without waiting: where a pipe has taken the place of the file, nobody may ever write.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            is_now = _facts(file)
            key = (is_now.st_dev, is_now.st_ino, is_now.st_size, is_now.st_mtime_ns)
            content = self._contents.get(key)
            if content is None:
                content = Content(_room(is_now.st_size), file)
                self._contents[key] = content
                return content
        except OSError:
            os.close(file)
            raise
        os.close(file)
        return content


def _facts(file: int) -> os.stat_result:
    facts = os.fstat(file)
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(facts.st_mode):
        raise OSError(errno.EINVAL, "it is no file")
    return facts


def _room(size: int) -> memoryview:
    """Memory that the kernel gives page by page, when it is first written to."""
    if size == 0:
        return memoryview(b"")
    return memoryview(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
