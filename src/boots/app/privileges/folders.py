"""The folders that we write to, made and handed over to the user that we become."""

import errno
import os
import pwd
import shutil
import stat
from pathlib import Path

from boots.app import folders
from boots.app.folders import OF_THE_SYSTEM
from boots.app.privileges.identity import Identity
from boots.serve.sockets import StartError
from boots.settings import Settings

# Other people's: a slip of the pen in the settings must not hand them over.
_OTHERS = (
    *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt"),
    *("/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/usr", "/usr/local"),
    *("/var", "/var/cache", "/var/lib", "/var/log", "/var/spool"),
)
# A disk that fails keeps no server from starting; who writes there tells of it.
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


def written(settings: Settings) -> tuple[list[Path], list[Path]]:
    """The folders that we write to, and the files."""
    made = [
        Path(settings.state) if settings.state else folders.state_folder(),
        Path(settings.cache) if settings.cache else folders.cache_folder(),
    ]
    scheme, _, rest = settings.store.url.partition(":///")
    if scheme.startswith("sqlite") and rest:
        made.append(Path(rest).absolute().parent)
    return made, [Path(settings.journal)] if settings.journal else []


def hand_over(settings: Settings, identity: Identity) -> None:
    """Make what we write to, and give it to a user.

    Raises:
        StartError: a folder is not for us to give away, or cannot be made.
    """
    made, files = written(settings)
    for folder in made:
        _refuse_others(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _give(folder, identity)
        except OSError as error:
            if error.errno in _DISK:
                continue
            raise StartError(f"{folder} cannot be made ours: {error.strerror}") from None
    for file in files:
        try:
            _give_file(file, identity)
        except OSError as error:
            if error.errno in _DISK:
                continue
            raise StartError(f"{file} cannot be made ours: {error.strerror}") from None


def _refuse_others(folder: Path) -> None:
    real = folder.resolve()
    homes = {each.pw_dir for each in pwd.getpwall()} - {str(OF_THE_SYSTEM["state"])}
    shared = real.is_dir() and real.stat().st_mode & stat.S_ISVTX
    if shared or str(real) in {*_OTHERS, *homes}:
        raise StartError(f"{folder} is not for Boots alone; name a folder of its own")


def _give(folder: Path, identity: Identity) -> None:
    """Give all that is below a folder, and it at last.

    No link is followed, and no file with a second name is given: whoever could write here may
    have put it there to be given another's.
    """
    top = folder.stat()
    for _, _, names, here in os.fwalk(folder, topdown=False, follow_symlinks=False):
        for name in names:
            _give_entry(name, here, identity)
        if not os.path.samestat(os.fstat(here), top):
            os.fchown(here, identity.uid, identity.gid)
    os.chown(folder, identity.uid, identity.gid)


def _give_entry(name: str, folder: int, identity: Identity) -> None:
    try:
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:  # a link, or a socket that somebody left
        return
    try:
        found = os.fstat(opened)
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            os.fchown(opened, identity.uid, identity.gid)
    finally:
        os.close(opened)


def _give_file(file: Path, identity: Identity) -> None:
    """Open it as it will be opened, so that it is there, and give it."""
    if file.exists() and not file.is_file():  # a pipe, or /dev/stderr
        return
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o640)
    try:
        found = os.fstat(opened)
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            os.fchown(opened, identity.uid, identity.gid)
    finally:
        os.close(opened)


def bring(home: Path, place: Path) -> list[str]:
    """Move what is in a folder to another one that is empty, or not there; the names."""
    if not home.is_dir() or (place.is_dir() and any(place.iterdir())):
        return []
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    moved = []
    for entry in sorted(home.iterdir()):
        shutil.move(entry, place / entry.name)
        moved.append(entry.name)
    home.rmdir()
    return moved
