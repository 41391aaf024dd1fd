"""The folders that we write to, made and handed over to the user that we become."""

import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boots.app import folders
from boots.app.folders import BESIDE_SQLITE, OF_THE_SYSTEM
from boots.app.privileges import reading
from boots.app.privileges.identity import Identity
from boots.model.disk_trouble import is_disk_trouble
from boots.serve.sockets import StartError
from boots.settings import Settings

# Other people's: a slip of the pen in the settings must not hand them over.
_OTHERS = (
    *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt"),
    *("/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/usr", "/usr/local"),
    *("/var", "/var/cache", "/var/lib", "/var/log", "/var/spool"),
)
_OF_SQLITE = ("", *BESIDE_SQLITE)


def written(settings: Settings) -> tuple[list[Path], list[Path]]:
    """The folders that we write to, and the files."""
    made = [folders.state_of(settings), folders.cache_of(settings)]
    database = _database(settings, made[0])
    if database is not None:
        made.append(database.parent)  # SQLite makes files beside it
    return made, [Path(settings.journal)] if settings.journal else []


def _database(settings: Settings, state: Path) -> Path | None:
    """The file of a store that is kept elsewhere than in the folder of state."""
    from boots.app.lasting import lasting_of  # noqa: PLC0415  # workers need it not, nor SQLAlchemy

    if not settings.store.url:
        return None
    database = lasting_of(settings, state).database
    if database is None or state.resolve() in database.resolve().parents:
        return None
    return database.absolute()


def hand_over(settings: Settings, identity: Identity, config: Path | None) -> None:
    """Make what we write to, and give it to a user.

    Raises:
        StartError: a folder is not for us to give away, or cannot be made.
    """
    made, files = written(settings)
    database = _database(settings, made[0])
    if database is not None:
        _refuse_shared(database.parent, settings, config)
    for folder in made:
        _refuse_others(folder)
        with _made_ours(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if database is not None and folder == database.parent:
                _give_store(database, identity)
            else:
                _give(folder, identity)
    for file in files:
        with _made_ours(file):
            _give_file(file, identity)


@contextmanager
def _made_ours(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if not is_disk_trouble(error):  # of that tells who writes there
            raise StartError(f"{place} cannot be made ours: {error.strerror}") from None


def _refuse_shared(folder: Path, settings: Settings, config: Path | None) -> None:
    """Whose folder it is can put another file in place of any in it."""
    real = folder.resolve()
    for place in reading.relied_on(settings, config):
        for each in (place.absolute(), place.resolve()):
            if each == real or each.parent.resolve() == real:
                raise StartError(
                    f"store.url: {folder} holds {place}, too, which who serves could change then;"
                    " give the store a folder of its own"
                )


def _refuse_others(folder: Path) -> None:
    real = folder.resolve()
    homes = {each.pw_dir for each in pwd.getpwall()} - {str(OF_THE_SYSTEM["state"])}
    shared = real.is_dir() and real.stat().st_mode & stat.S_ISVTX
    if shared or str(real) in {*_OTHERS, *homes}:
        raise StartError(f"{folder} is not for Boots alone; name a folder of its own")


def _give_store(database: Path, identity: Identity) -> None:
    """Give a database, what SQLite has beside it, and its folder; nothing else that is there."""
    here = os.open(database.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for ending in _OF_SQLITE:
            _give_entry(database.name + ending, here, identity)
        os.fchown(here, identity.uid, identity.gid)
    finally:
        os.close(here)


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
    if file.is_fifo():  # `boots serve --journal /dev/stdout | …`
        os.chown(file, identity.uid, identity.gid)
        return
    if file.exists() and not file.is_file():  # /dev/stderr
        return
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o640)
    try:
        found = os.fstat(opened)
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            os.fchown(opened, identity.uid, identity.gid)
    finally:
        os.close(opened)
