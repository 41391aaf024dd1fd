"""Stores as earlier versions left them are brought up whole, or stay as they were."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from tests.store import vectors

from boots.store import engine as engines
from boots.store.engine import StoreAway, StoreError, reading, transaction
from boots.store.migrate import NEWEST, before, bring_up, revision
from boots.store.schema import metadata

EARLIER = [each for each in vectors.revisions() if each != NEWEST]


def test_the_newest_schema_has_a_dump() -> None:
    assert NEWEST in vectors.revisions(), "python -m tests.store.vectors makes it; then commit that"


def test_the_dump_of_the_newest_schema_has_a_row_in_every_table(
    another: Callable[[], Engine],
) -> None:
    engine = another()
    vectors.put(engine, NEWEST)
    with reading(engine) as connection:
        counts = {
            name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()
            for name in metadata.tables
        }
    assert {name: 0 for name, count in counts.items() if not count} == {}


@pytest.mark.parametrize("schema", vectors.revisions())
def test_all_that_a_store_of_an_earlier_version_holds_is_read_still(
    another: Callable[[], Engine], schema: str
) -> None:
    engine = another()
    vectors.put(engine, schema)

    bring_up(engine)

    with reading(engine) as connection:
        assert NEWEST == revision(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [] == compare_metadata(context, metadata)
        found = vectors.everything(connection)
        assert [] == vectors.kept_of(vectors.said(engine, schema), found)


@pytest.mark.parametrize("schema", EARLIER)
def test_a_store_that_was_brought_up_can_be_written(
    another: Callable[[], Engine], schema: str
) -> None:
    engine = another()
    vectors.put(engine, schema)
    bring_up(engine)
    with transaction(engine) as connection:
        for name in ("machines", "orders", "tokens"):
            connection.execute(text(f'DELETE FROM "{name}"'))
    vectors.fill(engine)


@pytest.mark.parametrize("schema", EARLIER)
def test_a_migration_that_is_killed_leaves_the_old_or_the_new(url: str, schema: str) -> None:
    engine = engines.make(url)
    vectors.put(engine, schema)
    with reading(engine) as connection:
        old = [schema, sorted(inspect(connection).get_table_names())]
    engine.dispose()

    words = [sys.executable, "-m", "tests.store.cut_off", url]
    root = Path(__file__).parents[2]
    done = subprocess.run(words, capture_output=True, text=True, cwd=root, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    *killed, (at, *new) = [json.loads(line) for line in done.stdout.splitlines()]

    assert len(killed) > 5
    assert [[number, *old] for number in range(1, len(killed) + 1)] == killed
    assert [0, NEWEST, sorted([*metadata.tables, "alembic_version"])] == [at, *new]
    again = engines.make(url)
    with reading(again) as connection:
        assert [] == vectors.kept_of(vectors.said(again, schema), vectors.everything(connection))
    again.dispose()


def columns(engine: Engine) -> dict[tuple[str, str], dict[str, Any]]:
    """Every column, by its table and name."""
    with reading(engine) as connection:
        seen = inspect(connection)
        return {
            (table, str(column["name"])): {**column, "key": seen.get_pk_constraint(table)}
            for table in seen.get_table_names()
            for column in seen.get_columns(table)
        }


@pytest.mark.parametrize("schema", EARLIER)
def test_a_migration_only_adds_so_that_the_version_before_goes_on(
    another: Callable[[], Engine], schema: str
) -> None:
    engine = another()
    vectors.put(engine, schema)
    old = columns(engine)
    engine.dispose()
    bring_up(engine)
    new = columns(engine)

    assert [] == [
        where
        for where, column in old.items()
        if where not in new
        or str(column["type"]) != str(new[where]["type"])
        or column["key"] != new[where]["key"]
    ]
    tables = {table for table, _ in old}
    added = {where: column for where, column in new.items() if where not in old}
    assert [] == [
        where
        for where, column in added.items()
        if where[0] in tables and not column["nullable"] and column["default"] is None
    ], "the version before does not fill it: have it nullable, or with a server_default"


# --- the way back


def sqlite_of(folder: Path, schema: str) -> Path:
    """A file with a store of this schema."""
    path = folder / "boots.db"
    engine = engines.make(engines.sqlite_url(path))
    vectors.put(engine, schema)
    engine.dispose()
    return path


def bring_up_at(path: Path) -> None:
    engine = engines.make(engines.sqlite_url(path))
    bring_up(engine)
    engine.dispose()


def test_a_file_is_copied_before_it_gets_a_newer_schema(tmp_path: Path) -> None:
    path = sqlite_of(tmp_path, EARLIER[0])
    bring_up_at(path)

    copy = before(path, EARLIER[0])
    assert 0o600 == copy.stat().st_mode & 0o777
    copied = engines.make(engines.sqlite_url(copy))
    with reading(copied) as connection:
        assert EARLIER[0] == revision(connection)
        counted = connection.execute(text("SELECT count(*) FROM events")).scalar_one()
        assert len(vectors.said(copied, EARLIER[0])["events"]) == counted
    copied.dispose()


def test_a_file_of_the_newest_schema_is_not_copied(tmp_path: Path) -> None:
    path = sqlite_of(tmp_path, NEWEST)
    bring_up_at(path)
    assert [] == list(tmp_path.glob("*before*"))


def test_no_schema_is_changed_where_there_is_no_room_for_the_copy(tmp_path: Path) -> None:
    path = sqlite_of(tmp_path, EARLIER[0])
    before(path, EARLIER[0]).mkdir()
    (before(path, EARLIER[0]) / "full").touch()
    engine = engines.make(engines.sqlite_url(path))
    with pytest.raises(StoreAway, match=f"the copy before schema {NEWEST}, fails"):
        bring_up(engine)
    with reading(engine) as connection:
        assert EARLIER[0] == revision(connection)
    engine.dispose()
    assert [] == list(tmp_path.glob(f".*.{os.getpid()}"))


@pytest.mark.parametrize("schema", ["0099", "9999", "a1b2"])
def test_a_store_of_a_newer_version_is_refused_with_what_to_do(
    engine: Engine, another: Callable[[], Engine], schema: str
) -> None:
    with transaction(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :s"), {"s": schema})
    with pytest.raises(StoreError) as refused:
        bring_up(another())
    assert str(refused.value) == (
        f"the store has schema {schema}, of a newer Boots; start that version, or restore a backup"
    )
