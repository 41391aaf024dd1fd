"""Who uses a folder of state: servers share it, a restore has it alone."""

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boots.app.backup import placing
from boots.app.backup.words import BackupError
from boots.app.folders import LOCK
from boots.app.lasting import Lasting
from boots.model.disk_trouble import is_disk_trouble


def served(lasting: Lasting) -> int | None:
    """Have a folder as a server; what is to be closed at its end.

    A restore that was killed is finished first.  Where the disk takes nothing, no restore can be.

    Raises:
        BackupError: a restore is under way, or the folder is not ours to have.
        OSError: a restore that was killed cannot be finished.
    """
    try:
        file = _opened(lasting.state)
    except OSError as error:
        if is_disk_trouble(error):
            return None  # who writes there tells of it
        raise BackupError(
            f"the lock {lasting.state / LOCK} cannot be had: {error.strerror}; make the folder and"
            " what is in it this user's (chown -R), or name another one in state"
        ) from None
    try:
        if placing.is_pending(lasting):
            _lock(file, fcntl.LOCK_EX)
            placing.finish(lasting)
        _lock(file, fcntl.LOCK_SH)
    except BlockingIOError:
        os.close(file)
        raise BackupError(f"a backup is being restored into {lasting.state}; wait for it") from None
    return file


@contextmanager
def alone(lasting: Lasting) -> Iterator[None]:
    """Have a folder alone.

    Raises:
        BackupError: a server uses it, or another restore, or it cannot be written.
    """
    try:
        file = _opened(lasting.state)
    except OSError as error:
        raise BackupError(
            f"{lasting.state} cannot be written: {error.strerror}; do this as the user of the"
            " server"
        ) from None
    try:
        _lock_alone(file, lasting)
        yield
    finally:
        os.close(file)


def _lock_alone(file: int, lasting: Lasting) -> None:
    try:
        _lock(file, fcntl.LOCK_EX)
    except BlockingIOError:
        raise BackupError(f"a server uses {lasting.state}; stop it first") from None


def _opened(state: Path) -> int:
    """The lock, which is whose the folder is: root's would shut the server out.

    No link is followed, and no file with a second name is given: whoever can write here may have
    put it there to be given another's.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.open(state / LOCK, flags, 0o600)
    found, owner = os.fstat(file), state.stat()
    is_one = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
    if is_one and found.st_uid == os.geteuid() != owner.st_uid:
        with contextlib.suppress(OSError):  # no root, or files here have no owner of their own
            os.fchown(file, owner.st_uid, owner.st_gid)
    return file


def _lock(file: int, how: int) -> None:
    fcntl.flock(file, how | fcntl.LOCK_NB)
