"""A backup that was unpacked is put in place: whoever is killed, there is the old or the new.

It is in force from the moment on that its folder is called ``restore-ready``.  Who comes next, a
server or another restore, goes on from there: what is in place goes beside first, and only then,
with the folder called ``restore-placing``, what was unpacked goes in place.
"""

import contextlib
import errno
import os
import shutil
from pathlib import Path

from boots.app.backup.words import JOURNALS, SQLITE, STATE
from boots.app.lasting import Lasting
from boots.store.copying import sync

_FRESH, _READY, _PLACING = ".restore", "restore-ready", "restore-placing"
_FORMER = "former"  # the file that names the folder of what was there before


def fresh(lasting: Lasting) -> Path:
    """An empty folder to unpack into, for nobody else."""
    folder = lasting.state / _FRESH
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def commit(lasting: Lasting, folder: Path, former: str) -> None:
    """From now on it is in force; what was there before goes into the folder `former`.

    Raises:
        OSError: it cannot be; nothing of what was there was touched.
    """
    if lasting.database is not None:
        _make_folder(lasting.database.parent, lasting.state)
    (folder / _FORMER).write_text(former)
    for path in (folder, *folder.iterdir()):
        _owned_as(path, lasting.state)
        sync(path)
    folder.rename(lasting.state / _READY)
    sync(lasting.state)


def is_pending(lasting: Lasting) -> bool:
    """Whether a restore was killed that has to be finished."""
    return any((lasting.state / name).is_dir() for name in (_READY, _PLACING))


def finish(lasting: Lasting) -> None:
    """Finish what is in force; nothing where nothing is.

    Raises:
        OSError: it cannot be; what was unpacked is there still, and the next one goes on.
    """
    ready, placing = lasting.state / _READY, lasting.state / _PLACING
    if ready.is_dir():
        former = lasting.state / (ready / _FORMER).read_text()
        former.mkdir(mode=0o700, exist_ok=True)
        for name in _names(lasting):
            _move(lasting.place(name), former / name)
        _owned_as(former, lasting.state)
        sync(former)
        ready.rename(placing)
        sync(lasting.state)
    if placing.is_dir():
        if lasting.database is not None:
            _make_folder(lasting.database.parent, lasting.state)
        for name in _names(lasting):
            _move(placing / name, lasting.place(name))
        shutil.rmtree(placing)
        sync(lasting.state)


def _names(lasting: Lasting) -> tuple[str, ...]:
    """All that belongs to a state, the store last: what is beside it is nothing without it."""
    return STATE if lasting.database is None else (*STATE, *JOURNALS, SQLITE)


def _move(here: Path, there: Path) -> None:
    """Move a file, to another file system too; nothing where there is none."""
    try:
        here.lstat()
    except FileNotFoundError:
        return
    try:
        here.replace(there)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = there.with_name(f".{there.name}.restored")
        beside.unlink(missing_ok=True)
        beside.touch(mode=0o600)
        shutil.copyfile(here, beside)
        _owned_as(beside, there.parent)
        sync(beside)
        beside.replace(there)
        here.unlink()
    sync(there.parent)


def _make_folder(path: Path, other: Path) -> None:
    """Make it, and what it is in, where it is not there: for the user of another folder."""
    if path.is_dir():
        return
    _make_folder(path.parent, other)
    path.mkdir(mode=0o700, exist_ok=True)
    _owned_as(path, other)
    sync(path.parent)


def _owned_as(path: Path, other: Path) -> None:
    owner = other.stat()
    with contextlib.suppress(PermissionError):  # a service's folder is its user's
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
