"""Who uses a folder of state: servers share it, a restore has it alone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boots.app.backup import placing
from boots.app.backup.words import BackupError, Site

_NAME = "lock"


def served(site: Site) -> int | None:
    """Have a folder as a server; what is to be closed at its end.

    A restore that was killed is finished first.  A folder that cannot be written is nobody's.

    Raises:
        BackupError: a restore is under way.
        OSError: one that was killed cannot be finished.
    """
    file = _opened(site.state)
    if file is None:
        return None
    try:
        if placing.is_pending(site):
            _lock(file, fcntl.LOCK_EX)
            placing.finish(site)
        _lock(file, fcntl.LOCK_SH)
    except BlockingIOError:
        os.close(file)
        raise BackupError(f"a backup is being restored into {site.state}; wait for it") from None
    return file


@contextmanager
def alone(site: Site) -> Iterator[None]:
    """Have a folder alone.

    Raises:
        BackupError: a server uses it, or another restore, or it cannot be written.
    """
    file = _opened(site.state)
    if file is None:
        raise BackupError(f"{site.state} cannot be written; do this as the user of the server")
    try:
        _lock_alone(file, site)
        yield
    finally:
        os.close(file)


def _lock_alone(file: int, site: Site) -> None:
    try:
        _lock(file, fcntl.LOCK_EX)
    except BlockingIOError:
        raise BackupError(f"a server uses {site.state}; stop it first") from None


def _opened(state: Path) -> int | None:
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(state / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None


def _lock(file: int, how: int) -> None:
    fcntl.flock(file, how | fcntl.LOCK_NB)
