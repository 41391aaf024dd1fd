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
from boots.app.backup.words import KEY, POSTGRES, SQLITE, BackupError, Manifest, Site
from boots.store import engine as engines
from boots.store.engine import StoreAway, StoreError
from boots.store.migrate import bring_up


class Restored(NamedTuple):
    """What was put in place, where the former is, and what is good no more."""

    manifest: Manifest
    former: Path
    voided: Voided


def restore(site: Site, file: Path) -> Restored:
    """Restore a backup.

    Raises:
        BackupError: it cannot be; what was there still is.
    """
    try:
        with alone(site):
            placing.finish(site)  # of one that was killed
            folder = placing.fresh(site)
            manifest = unpack(file, folder)
            voided = _store(site, folder, manifest)
            name = time.strftime("before-restore-%Y%m%dT%H%M%SZ-", time.gmtime()) + token_hex(2)
            placing.commit(site, folder, name)
            placing.finish(site)
    except (StoreAway, StoreError, OSError, sqlite3.Error) as error:
        raise BackupError(str(error)) from None
    return Restored(manifest, site.state / name, voided)


def _store(site: Site, folder: Path, manifest: Manifest) -> Voided:
    """The store with the newest schema, and nothing in it that allows anything."""
    now = time.time()
    key = (folder / KEY).read_bytes() if KEY in manifest.files else b""
    if manifest.engine == "sqlite":
        if site.database is None:
            raise BackupError(_OTHER.format("SQLite", "a file of SQLite"))
        return _void(engines.sqlite_url(folder / SQLITE), site.name, now, manifest, key)
    if site.database is not None:
        raise BackupError(_OTHER.format("PostgreSQL", "such a database"))
    postgres.refuse_in_use(site.url)
    postgres.load(site.url, folder / POSTGRES, now)
    return _void(site.url, site.name, now, manifest, key)


_OTHER = "the backup is of a store in {}, and the settings name another; name {} in store.url"


def _void(url: str, server: str, now: float, manifest: Manifest, key: bytes) -> Voided:
    engine = engines.make(url)
    try:
        bring_up(engine)
        return void(engine, server, now, manifest, key)
    finally:
        engine.dispose()
