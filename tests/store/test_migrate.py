"""A store of any schema becomes one of the newest."""

from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from boots.store import engine as engines
from boots.store.engine import StoreError, reading, transaction
from boots.store.migrate import _SCRIPTS, NEWEST, bring_up, revision
from boots.store.schema import metadata


def test_the_migrations_make_the_tables_that_the_code_knows(engine: Engine) -> None:
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [] == compare_metadata(context, metadata)


def test_to_bring_it_up_again_changes_nothing(engine: Engine) -> None:
    bring_up(engine)
    with reading(engine) as connection:
        assert NEWEST == revision(connection)


@pytest.mark.parametrize("earlier", ["0001"])
def test_a_store_of_an_earlier_schema_keeps_what_it_has(
    another: Callable[[], Engine], earlier: str
) -> None:
    engine = another()
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    with transaction(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, earlier)
        connection.execute(text("INSERT INTO machines VALUES ('a', '{}', 7, 1.0, 2.0, 'ann')"))

    bring_up(engine)

    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [] == compare_metadata(context, metadata)
        kept = connection.execute(text("SELECT name, revision FROM machines")).all()
        assert [("a", 7)] == [tuple(each) for each in kept]


def test_the_newest_schema_is_that_of_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    assert [NEWEST] == ScriptDirectory.from_config(config).get_heads()


def test_a_store_of_a_newer_boots_is_left_alone(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="schema 9999, of a newer Boots"):
        bring_up(engine)


def test_servers_that_start_together_make_one_schema(another: Callable[[], Engine]) -> None:
    together, failed = Barrier(3), list[Exception]()

    def start(engine: Engine) -> None:
        together.wait()
        try:
            bring_up(engine)
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [Thread(target=start, args=(another(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failed


def test_a_store_in_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "boots.db"
    engine = engines.make(engines.sqlite_url(path))
    bring_up(engine)
    engine.dispose()
    assert 0o600 == path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    "url", ["mysql://a/b", "nonsense", "sqlite://", "sqlite:///:memory:", "http://x"]
)
def test_what_is_no_store_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(StoreError, match="will not do; write postgresql://"):
        engines.make(url)
