"""What people wrote, read from files, and from nothing that would never end or never begin."""

import errno
import os
import stat
from pathlib import Path

from boots.documents.fault import Faulty, named, unreadable

MOST = 256 << 20
"""Bytes of a file that people wrote: some million records."""


def contents(path: Path) -> bytes:
    """All that a file says.

    Raises:
        OSError: it cannot be read, is larger than `MOST`, or no file: a pipe or a device would
            hold up whoever reads it.
    """
    # A pipe that nobody writes to is opened at once, and found to be none.
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        facts = os.fstat(file)
        if stat.S_ISDIR(facts.st_mode):
            raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "it is no file", str(path))
        if facts.st_size > MOST:
            raise OSError(errno.EFBIG, f"it is larger than {MOST >> 20} MiB", str(path))
        with open(file, "rb", closefd=False) as stream:
            return stream.read(MOST)
    finally:
        os.close(file)


def text_of(path: Path) -> str:
    """All that a file says, as text.

    Raises:
        Faulty: it cannot be read, or is no UTF-8.
    """
    try:
        return contents(path).decode()
    except OSError as error:
        wrong = str(error.strerror), "check that it may be read"
    except UnicodeDecodeError:
        wrong = "not UTF-8 text", "save it as UTF-8"
    raise Faulty([unreadable(named(path), *wrong)])
