"""A backup is put in place of what is there, which is kept beside."""

import sqlite3
import time
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from boots.app.backup import placing, postgres
from boots.app.backup.alone import alone
from boots.app.backup.reading import unpack
from boots.app.backup.voiding import Voided, void
from boots.app.backup.words import POSTGRES, SQLITE, BackupError, Manifest
from boots.app.folders import KEY
from boots.app.lasting import Lasting
from boots.store import engine as engines
from boots.store.engine import StoreAway, StoreError
from boots.store.migrate import bring_up


class Restored(NamedTuple):
    """What was put in place, where the former is, and what is good no more."""

    manifest: Manifest
    former: Path
    voided: Voided


def restore(lasting: Lasting, file: Path) -> Restored:
    """Restore a backup.

    Raises:
        BackupError: it cannot be; what was there still is, unless the text says otherwise.
    """
    loaded = False
    try:
        with alone(lasting):
            placing.finish(lasting)  # of one that was killed
            folder = placing.fresh(lasting)
            manifest = unpack(file, folder)
            url = _store(lasting, folder, manifest)
            loaded = manifest.engine == "postgresql"
            voided = _void(lasting, url, manifest, folder)
            name = time.strftime("before-restore-%Y%m%dT%H%M%SZ-", time.gmtime()) + token_hex(2)
            placing.commit(lasting, folder, name)
            placing.finish(lasting)
    except (StoreAway, StoreError, OSError, sqlite3.Error) as error:
        raise BackupError(f"{error}{_left(lasting, loaded)}") from None
    return Restored(manifest, lasting.state / name, voided)


def _left(lasting: Lasting, loaded: bool) -> str:
    """How far one came that failed, and what to do."""
    if placing.is_pending(lasting):
        return (
            "; a restore is in force: the next start of a server, or `boots restore`, finishes it"
        )
    if loaded:
        return "; the database is the backup's by now, and the other files are not: say it again"
    return ""


def _store(lasting: Lasting, folder: Path, manifest: Manifest) -> str:
    """The URL of the store that was in it, a file yet to be put in place, or the database itself.

    Raises:
        BackupError: it is of another engine, or the database cannot be loaded.
    """
    if manifest.engine == "sqlite":
        if lasting.database is None:
            raise BackupError(_OTHER.format("SQLite", "a file of SQLite"))
        return engines.sqlite_url(folder / SQLITE)
    if lasting.database is not None:
        raise BackupError(_OTHER.format("PostgreSQL", "such a database"))
    postgres.refuse_in_use(lasting.url)
    postgres.load(lasting.url, folder / POSTGRES, time.time())
    return lasting.url


_OTHER = "the backup is of a store in {}, and the settings name another; name {} in store.url"


def _void(lasting: Lasting, url: str, manifest: Manifest, folder: Path) -> Voided:
    """Bring the store to the newest schema, with nothing in it that allows anything."""
    key = (folder / KEY).read_bytes() if KEY in manifest.files else b""
    engine = engines.make(url)
    try:
        bring_up(engine)
        return void(engine, lasting.server, time.time(), manifest, key)
    finally:
        engine.dispose()
