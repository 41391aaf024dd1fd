"""A store in PostgreSQL, there and back by its own programs."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from tests.store import vectors
from tests.store.postgres import Cluster, cluster

from boots.app.backup import postgres, restoring
from boots.app.backup.restoring import restore
from boots.app.backup.taking import take
from boots.app.backup.words import POSTGRES, BackupError
from boots.app.lasting import Lasting
from boots.store import engine as engines
from boots.store import freezes, runs
from boots.store.engine import StoreAway, reading, transaction
from boots.store.migrate import NEWEST

pytestmark = pytest.mark.peers


@pytest.fixture(name="running", scope="module")
def _running() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture
def made(running: Cluster, request: pytest.FixtureRequest) -> tuple[str, str]:
    """The URLs of a database that is filled, and of an empty one."""
    names = [f"{request.node.name[:40].strip('[]').lower()}_{n}".replace("[", "_") for n in (1, 2)]
    for name in names:
        running.create(name)
    there, here = (running.url(name) for name in names)
    engine = engines.make(there)
    vectors.put(engine, NEWEST)
    engine.dispose()
    return there, here


def lasting_at(url: str, folder: Path, name: str = "one") -> Lasting:
    folder.mkdir(exist_ok=True)
    (folder / "key").write_bytes(bytes(32))
    return Lasting(folder, url, None, name)


def held(url: str) -> dict[str, Any]:
    engine = engines.make(url)
    with reading(engine) as connection:
        said = vectors.everything(connection)
    engine.dispose()
    return said


def test_a_database_is_restored_and_allows_nothing(made: tuple[str, str], tmp_path: Path) -> None:
    there, here = made
    take(lasting_at(there, tmp_path / "there"), tmp_path / "backup.tar.gz")
    done = restore(lasting_at(here, tmp_path / "here", "two"), tmp_path / "backup.tar.gz")

    assert 1 == len(done.voided.runs)
    was, is_ = held(there), held(here)
    assert {True} == {bool(o["spent"]) for o in is_["orders"].values() if o["netboot"] == "once"}
    for changed in ("runs", "orders", "holding", "audit"):
        was.pop(changed, None)
    assert [] == vectors.kept_of(was, is_)
    engine = engines.make(here)
    with reading(engine) as connection:
        assert [] == runs.alive(connection)
        assert "audit" == freezes.read(connection).why, "the freeze is as it was"
    engine.dispose()


def test_what_was_in_the_database_is_replaced(made: tuple[str, str], tmp_path: Path) -> None:
    there, _ = made
    take(lasting_at(there, tmp_path / "there"), tmp_path / "backup.tar")
    engine = engines.make(there)
    with transaction(engine) as connection:
        connection.execute(text("UPDATE machines SET revision = 99"))
        connection.execute(text("DELETE FROM freezes"))
    engine.dispose()
    restore(lasting_at(there, tmp_path / "there"), tmp_path / "backup.tar")
    assert 99 not in {revision for _, _, revision in held(there)["records"]}


def test_a_freeze_of_the_restore_is_over_with_it(made: tuple[str, str], tmp_path: Path) -> None:
    there, here = made
    engine = engines.make(there)
    with transaction(engine) as connection:
        connection.execute(text("DELETE FROM freezes"))
    engine.dispose()
    take(lasting_at(there, tmp_path / "there"), tmp_path / "backup.tar")
    restore(lasting_at(here, tmp_path / "here"), tmp_path / "backup.tar")
    assert False is held(here)["freeze"][0]


def test_a_restore_that_ends_with_the_database_filled_writes_no_disk(
    made: tuple[str, str], tmp_path: Path
) -> None:
    there, here = made
    lasting = lasting_at(there, tmp_path / "there")
    engine = engines.make(there)
    with transaction(engine) as connection:
        connection.execute(text("DELETE FROM freezes"))
    engine.dispose()
    postgres.dump(lasting.url, tmp_path / POSTGRES)
    postgres.load(here, tmp_path / POSTGRES, 1.0)  # and is killed here

    frozen, why, by, _ = held(here)["freeze"]
    assert (True, "a backup is being restored", "boots restore") == (frozen, why, by)


def test_one_that_fails_once_the_database_is_filled_says_so(
    made: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, here = made
    take(lasting_at(there, tmp_path / "there"), tmp_path / "backup.tar")

    def fails(*_: object) -> None:
        raise StoreAway("no answer")

    monkeypatch.setattr(restoring, "void", fails)
    said = "^no answer; the database is the backup's by now, and the other files are not: say it"
    with pytest.raises(BackupError, match=said):
        restore(lasting_at(here, tmp_path / "here"), tmp_path / "backup.tar")
    assert held(there)["records"] == held(here)["records"]


def test_a_dump_that_ends_early_changes_nothing(made: tuple[str, str], tmp_path: Path) -> None:
    there, _ = made
    postgres.dump(there, tmp_path / POSTGRES)
    whole = (tmp_path / POSTGRES).read_text()
    (tmp_path / POSTGRES).write_text(whole[: len(whole) // 2] + "\nCREATE nonsense;\n")
    was = held(there)
    with pytest.raises(BackupError, match="psql fails: "):
        postgres.load(there, tmp_path / POSTGRES, 1.0)
    assert was == held(there)


def test_a_database_in_use_is_left_alone(made: tuple[str, str], tmp_path: Path) -> None:
    there, _ = made
    take(lasting_at(there, tmp_path / "there"), tmp_path / "backup.tar")
    engine = engines.make(there)
    with (
        reading(engine),
        pytest.raises(BackupError, match="1 others use the database; stop every server"),
    ):
        restore(lasting_at(there, tmp_path / "there"), tmp_path / "backup.tar")
    engine.dispose()


def test_its_own_vacuum_is_nobody_who_uses_it(made: tuple[str, str]) -> None:
    there, _ = made
    with psycopg.connect(there, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(_VACUUMED)  # some 440 pages, each a tenth of a second
        connection.execute("INSERT INTO wide SELECT generate_series(1, 100000)")
        connection.execute("DELETE FROM wide WHERE id % 2 = 0")

    def workers() -> int:
        with psycopg.connect(there, autocommit=True) as connection:
            (count,) = connection.execute(_WORKERS).fetchone() or (0,)
        return int(count)

    ends = time.monotonic() + 30
    while not workers():
        assert time.monotonic() < ends, "no vacuum begins"
        time.sleep(0.1)
    postgres.refuse_in_use(there)
    assert workers() > 0


_VACUUMED = """CREATE TABLE wide (id integer) WITH (
    autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)"""
_WORKERS = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'autovacuum worker'"""


def test_a_database_of_a_newer_boots_is_left_alone(made: tuple[str, str], tmp_path: Path) -> None:
    there, _ = made
    take(lasting_at(there, tmp_path / "there"), tmp_path / "backup.tar")
    engine = engines.make(there)
    with transaction(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(BackupError, match=r"has schema 9999, of a newer Boots"):
        restore(lasting_at(there, tmp_path / "there"), tmp_path / "backup.tar")


def test_no_secret_stands_in_an_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "$@ / $PGPASSWORD" > ' + f"{tmp_path}/said\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    postgres.dump("postgresql://ann:s3cret@db.example/boots", tmp_path / "out")
    arguments, _, secret = (tmp_path / "said").read_text().strip().partition(" / ")
    assert "s3cret" not in arguments
    assert "postgresql://ann@db.example/boots" in arguments
    assert "s3cret" == secret


def test_without_its_programs_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_beside_the_server", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match=r"pg_dump is not installed; or copy it where it runs"):
        postgres.dump("postgresql://ann@db.example/boots", tmp_path / "out")
