"""A file of SQLite, copied while servers use it: whole, and on the disk before it has its name."""

import contextlib
import errno
import os
import sqlite3
from pathlib import Path

_MODE = 0o600


def copy_file(database: Path, to: Path) -> None:
    """Copy it as it is at one moment; writers go on meanwhile.

    Raises:
        OSError, sqlite3.Error: it cannot be; an earlier copy stays.
    """
    fresh = to.with_name(f".{to.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=_MODE)
    try:
        with (
            contextlib.closing(_opened(database)) as source,
            contextlib.closing(sqlite3.connect(fresh)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, not three
        sync(fresh)
        fresh.replace(to)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync(to.parent)


def _opened(database: Path) -> sqlite3.Connection:
    """For reading what is there: one that is missing is not made."""
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a share's folders may know of no such thing
            raise
    finally:
        os.close(opened)


def damage(database: Path) -> str:
    """What is wrong with a file of SQLite; empty where it is whole."""
    try:
        with contextlib.closing(_opened(database)) as opened:
            said = opened.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return "" if said == ("ok",) else str(said[0])
