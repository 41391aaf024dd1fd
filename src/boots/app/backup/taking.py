"""A backup is made while servers run: each file whole, and the tar in its place only when it is."""

import contextlib
import errno
import os
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from boots import __version__
from boots.app.backup import postgres
from boots.app.backup.words import (
    FORMAT,
    MANIFEST,
    POSTGRES,
    SQLITE,
    STATE,
    BackupError,
    Manifest,
    measured,
)
from boots.app.lasting import Lasting
from boots.store import engine as engines
from boots.store.copying import copy_file, sync
from boots.store.engine import StoreAway, StoreError, reading
from boots.store.migrate import revision

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def take(lasting: Lasting, to: Path) -> Manifest:
    """Write a backup into a file that is not there yet.

    Raises:
        BackupError: it cannot be; then there is no such file.
    """
    if to.exists():
        raise BackupError(f"{to} is there already; name a file that is not")
    try:
        with _folder(to) as folder:
            engine = _store(lasting, folder)
            for name in STATE:
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(lasting.state / name, folder / name)
            manifest = _manifest(lasting, folder, engine)
            _packed(folder, manifest, to)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{to} cannot be made: {error}") from None
    return manifest


@contextlib.contextmanager
def _folder(to: Path) -> Iterator[Path]:
    """A folder beside the file, for nobody else: what it will hold is secret."""
    folder = to.with_name(f".{to.name}.new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _store(lasting: Lasting, folder: Path) -> str:
    """Copy the store; what engine has it.

    It goes first: what is told beside it a moment later is of no order that it has not.
    """
    if lasting.database is None:
        postgres.dump(lasting.url, folder / POSTGRES)
        return "postgresql"
    if not lasting.database.exists():
        raise BackupError(
            f"there is no store at {lasting.database}; name the folder of the server's state"
            " (--state)"
        )
    copy_file(lasting.database, folder / SQLITE)
    return "sqlite"


def _manifest(lasting: Lasting, folder: Path, engine: str) -> Manifest:
    names = sorted(path.name for path in folder.iterdir())
    url = lasting.url if lasting.database is None else engines.sqlite_url(folder / SQLITE)
    return Manifest(
        format=FORMAT,
        boots=__version__,
        schema=_schema(url),
        engine=engine,
        server=lasting.server,
        made=time.time(),
        files={name: measured(folder / name) for name in names},
    )


def _schema(url: str) -> str:
    """The schema that was copied."""
    engine = None
    try:
        engine = engines.make(url)
        with reading(engine) as connection:
            return revision(connection) or ""
    except (StoreAway, StoreError) as error:
        raise BackupError(f"the store: {error}") from None
    finally:
        if engine is not None:
            engine.dispose()


def _packed(folder: Path, manifest: Manifest, to: Path) -> None:
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    packed = folder / "packed"
    packed.touch(mode=0o600)
    with tarfile.open(packed, "w:gz" if to.name.endswith(("gz", "tgz")) else "w") as tar:
        for name in (MANIFEST, *manifest.files):
            entry = tarfile.TarInfo(name)
            entry.size = (folder / name).stat().st_size
            entry.mtime, entry.mode = int(manifest.made), 0o600
            with (folder / name).open("rb") as file:
                tar.addfile(entry, file)
    sync(packed)
    _named(packed, to)
    sync(to.parent)


def _named(packed: Path, to: Path) -> None:
    """Give a file a name that nobody has: who came first has it.

    A stick (vfat) or a share (CIFS) has no second names: there an empty file takes the name first.

    Raises:
        OSError: somebody has it, or it cannot be.
    """
    try:
        os.link(packed, to)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        to.touch(mode=0o600, exist_ok=False)
        try:
            packed.replace(to)
        except OSError:
            to.unlink()
            raise
