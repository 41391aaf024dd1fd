"""The schema of a store is made, or brought up to date, before it is used.

A file of SQLite is copied first: an older Boots can go on from that.
"""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from boots.store.copying import copy_file
from boots.store.engine import StoreAway, StoreError, is_postgres, transaction

NEWEST = "0005"
"""The number of the newest schema: a test compares it with the migrations."""

_SCRIPTS = Path(__file__).parent / "migrations"
_ALONE = 0x626F6F7473  # "boots": the advisory lock of who migrates


def bring_up(engine: Engine) -> str | None:
    """Have the newest schema; of servers that start together one does it and the others wait.

    What is returned is the schema that was found; None where there was none.

    Raises:
        StoreAway: the database does not answer, or there is no room for a copy of its file.
        StoreError: a newer Boots has been here.
    """
    with transaction(engine) as connection:
        if is_postgres(connection):
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ALONE})
        found = revision(connection)
        if found != NEWEST:
            _migrate(connection, found)
        return found


def _migrate(connection: Connection, found: str | None) -> None:
    # A start that finds the newest schema need not wait for Alembic to be loaded.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None:
        if found not in known:
            raise StoreError(
                f"the store has schema {found}, of a newer Boots;"
                " start that version, or restore a backup"
            )
        _copy_first(connection, found)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _copy_first(connection: Connection, found: str) -> None:
    """Keep the file as it is; nobody else writes it now, and nothing was written yet."""
    database = connection.engine.url.database
    if is_postgres(connection) or not database:
        return
    path = before(Path(database), found)
    try:
        copy_file(Path(database), path)
    except (OSError, sqlite3.Error) as error:
        raise StoreAway(f"{path}, the copy before schema {NEWEST}, fails: {error}") from error


def before(database: Path, schema: str) -> Path:
    """Where a file of SQLite is kept as it was with an earlier schema."""
    return database.with_name(f"{database.name}.before-{schema}")


def revision(connection: Connection) -> str | None:
    """The number of the schema that a store has; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
