"""A backup holds all that lasts, and what is restored allows nothing that was allowed then."""

import contextlib
import errno
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine
from tests.app.backup.cut_off import found, lasting_at
from tests.store import vectors

from boots.app.backup import placing
from boots.app.backup.alone import alone, served
from boots.app.backup.reading import unpack
from boots.app.backup.restoring import restore
from boots.app.backup.taking import take
from boots.app.backup.words import MANIFEST, SQLITE, BackupError
from boots.app.lasting import Lasting
from boots.app.runs import words as kept
from boots.app.server import Server
from boots.serve.sockets import StartError
from boots.settings import Settings
from boots.store import audit, runs
from boots.store import engine as engines
from boots.store.engine import reading
from boots.store.migrate import NEWEST
from boots.workflow.run import State, StepState

NOBODY = 65534
TOLD = b'["file-1",1800000002.0,1800000020.0]\n'
LEASE = b'{"address":"192.168.1.77","mac":"52:54:00:00:00:09","since":1.0,"until":9e9}\n'


def state_of(folder: Path, schema: str = NEWEST) -> Path:
    """A folder of state, as a server of this schema left it."""
    state = folder / "state"
    state.mkdir(parents=True)
    engine = engines.make(engines.sqlite_url(state / "boots.db"))
    vectors.put(engine, schema)
    engine.dispose()
    (state / "leases").write_bytes(LEASE)
    (state / "store-copy.told").write_bytes(TOLD)
    (state / "store-copy.json").write_bytes(b'{"records": []}')
    (state / "key").write_bytes(bytes(range(32)))
    return state


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return state_of(tmp_path / "there")


@pytest.fixture
def backup(state: Path, tmp_path: Path) -> Path:
    to = tmp_path / "backup.tar"
    take(lasting_at(state, "there"), to)
    return to


def opened(state: Path) -> Engine:
    return engines.make(engines.sqlite_url(state / "boots.db"))


def held(state: Path) -> dict[str, Any]:
    """All that its store says."""
    engine = opened(state)
    with reading(engine) as connection:
        said = vectors.everything(connection)
    engine.dispose()
    return said


def lasting(said: dict[str, Any]) -> dict[str, Any]:
    """All but what a restore ends, uses up, or adds to."""
    changed = {"runs", "holding", "orders", "audit"}
    return {name: value for name, value in said.items() if name not in changed}


# --- there and back


@pytest.mark.parametrize("name", ["backup.tar", "backup.tar.gz"])
def test_what_was_backed_up_is_restored_at_another_host(
    state: Path, tmp_path: Path, name: str
) -> None:
    take(lasting_at(state, "there"), tmp_path / name)
    here = tmp_path / "here"

    done = restore(lasting_at(here, "another"), tmp_path / name)

    said = done.manifest
    assert ("there", "sqlite", NEWEST) == (said.server, said.engine, said.schema)
    for each in ("leases", "store-copy.told", "store-copy.json", "key"):
        assert (state / each).read_bytes() == (here / each).read_bytes()
        assert 0o600 == (here / each).stat().st_mode & 0o777
    was, is_ = held(state), held(here)
    assert [] == vectors.kept_of(lasting(was), is_)


def test_a_backup_is_for_its_owner_alone_and_leaves_nothing_beside(
    backup: Path, tmp_path: Path
) -> None:
    assert 0o600 == backup.stat().st_mode & 0o777
    assert {"backup.tar", "there"} == {path.name for path in tmp_path.iterdir()}


def test_no_backup_takes_the_place_of_another_file(state: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="is there already; name a file that is not"):
        take(lasting_at(state), state / "boots.db")


@pytest.mark.parametrize("name", ["EPERM", "EOPNOTSUPP"])
def test_a_backup_goes_where_files_have_no_second_names(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    code, to = getattr(errno, name), tmp_path / "backup.tar"

    def fails(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", fails)
    take(lasting_at(state), to)

    assert 0o600 == to.stat().st_mode & 0o777
    assert {"backup.tar", "there"} == {path.name for path in tmp_path.iterdir()}
    restore(lasting_at(tmp_path / "here"), to)
    assert LEASE == (tmp_path / "here" / "leases").read_bytes()


def test_a_name_that_another_takes_meanwhile_stays_the_others(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "backup.tar"

    def fails(*_: object) -> None:
        to.write_text("another's")
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", fails)
    with pytest.raises(BackupError, match="File exists"):
        take(lasting_at(state), to)
    assert "another's" == to.read_text()


def test_a_backup_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"there is no store at .*boots\.db; name the folder"):
        take(lasting_at(tmp_path / "nowhere"), tmp_path / "backup.tar")
    assert [] == list(tmp_path.iterdir())


def test_what_is_written_meanwhile_is_in_it_or_not_and_nothing_in_between(
    state: Path, tmp_path: Path
) -> None:
    writer = sqlite3.connect(state / "boots.db", isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("UPDATE machines SET revision = 1000")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE machines SET revision = 2000")
    take(lasting_at(state), tmp_path / "backup.tar")
    writer.execute("ROLLBACK")
    writer.close()

    folder = tmp_path / "opened"
    folder.mkdir()
    unpack(tmp_path / "backup.tar", folder)
    with sqlite3.connect(folder / SQLITE) as copy:
        assert [(1000,)] == copy.execute("SELECT DISTINCT revision FROM machines").fetchall()
    copy.close()


# --- nothing is allowed by what was allowed then


def test_runs_on_their_way_are_over_once_restored(backup: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    done = restore(lasting_at(here), backup)

    engine = opened(here)
    with reading(engine) as connection:
        assert [] == runs.alive(connection)
        assert "" == runs.holding(connection, "file-1")
        (row,) = (each for each in runs.page(connection) if each.machine == "file-1")
    engine.dispose()
    assert (f"{row.id} of file-1",) == done.voided.runs
    assert not row.writing
    run = kept.read(row).run
    assert run.is_final
    assert State.FAILED is run.state
    assert "cancelled by the restore of a backup" == run.why
    assert StepState.CANCELLED in {step.state for step in run.steps}
    assert not {StepState.RUNNING, StepState.HANDED} & {step.state for step in run.steps}


def test_orders_of_once_are_used_up_once_restored(state: Path, tmp_path: Path) -> None:
    with sqlite3.connect(state / "boots.db") as connection:
        given = [("a", "once", 0.0), ("b", "once", 7.0), ("c", "on", 0.0)]
        connection.execute("DELETE FROM orders")
        connection.executemany("INSERT INTO orders VALUES (?, ?, '', 'ann', 5.0, ?)", given)
    connection.close()
    take(lasting_at(state), tmp_path / "backup.tar")

    done = restore(lasting_at(tmp_path / "here"), tmp_path / "backup.tar")

    assert ("a",) == done.voided.orders
    spent = {name: order["spent"] for name, order in held(tmp_path / "here")["orders"].items()}
    assert spent["a"] > 1e9
    assert (7.0, 0.0) == (spent["b"], spent["c"])


def test_who_has_tokens_again_is_said(backup: Path, tmp_path: Path) -> None:
    assert ("robot", "ci") == restore(lasting_at(tmp_path / "here"), backup).voided.tokens


def test_a_restore_stands_in_the_audit_log_and_the_log_is_whole(
    backup: Path, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    done = restore(lasting_at(here, "two"), backup)
    engine = opened(here)
    with reading(engine) as connection:
        kept = audit.read(connection, limit=1)[0]
        proof = audit.prove(connection, (here / "key").read_bytes())
    engine.dispose()
    assert ("restore-backup", "two", "done") == (
        kept.deed.what,
        kept.deed.server,
        kept.deed.outcome,
    )
    assert list(done.voided.runs) == json.loads(kept.deed.details)["runs"]
    assert ("", 0) == (proof.why, proof.broken)


# --- what is there


def test_what_was_there_stays_beside(backup: Path, state: Path, tmp_path: Path) -> None:
    (state / "leases").write_bytes(b"later\n")
    (state / "boots.db-wal").write_bytes(b"")
    was = (state / "boots.db").read_bytes()

    former = restore(lasting_at(state), backup).former

    assert state == former.parent
    assert was == (former / "boots.db").read_bytes()
    assert b"later\n" == (former / "leases").read_bytes()
    assert 0o700 == former.stat().st_mode & 0o777
    assert LEASE == (state / "leases").read_bytes()
    assert {
        former.name,
        "boots.db",
        "key",
        "leases",
        "lock",
        "store-copy.json",
        "store-copy.told",
    } == {path.name for path in state.iterdir()}


def test_what_a_backup_has_not_is_not_there_afterwards(state: Path, tmp_path: Path) -> None:
    there = state_of(tmp_path / "other")
    (there / "leases").unlink()
    take(lasting_at(there), tmp_path / "backup.tar")
    restore(lasting_at(state), tmp_path / "backup.tar")
    assert not (state / "leases").exists()


def test_a_store_elsewhere_is_restored_there(backup: Path, tmp_path: Path) -> None:
    database = tmp_path / "srv" / "store.sqlite"
    database.parent.mkdir()
    database.write_bytes(b"the former")
    done = restore(elsewhere(tmp_path / "here", database), backup)
    assert b"the former" == (done.former / SQLITE).read_bytes()
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM machines").fetchone() > (0,)
    connection.close()


def elsewhere(state: Path, database: Path) -> Lasting:
    return lasting_at(state)._replace(database=database, url=engines.sqlite_url(database))


def test_a_store_is_restored_into_a_folder_that_is_not_there_yet(
    backup: Path, tmp_path: Path
) -> None:
    database = tmp_path / "new" / "host" / "store.sqlite"
    restore(elsewhere(tmp_path / "here", database), backup)
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM machines").fetchone() > (0,)
    connection.close()
    assert 0o700 == database.parent.stat().st_mode & 0o777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_restores_is_whose_the_state_is(backup: Path, tmp_path: Path) -> None:
    here, database = tmp_path / "here", tmp_path / "new" / "host" / "store.sqlite"
    here.mkdir()
    os.chown(here, NOBODY, NOBODY)
    former = restore(elsewhere(here, database), backup).former
    made = [*here.iterdir(), former, database, database.parent, database.parent.parent]
    assert {NOBODY} == {path.stat().st_uid for path in made}
    assert 0 == tmp_path.stat().st_uid


def test_a_store_for_which_no_folder_can_be_made_changes_nothing(
    backup: Path, state: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (state / "leases").write_bytes(b"later\n")
    with pytest.raises(BackupError, match=r"Not a directory|File exists") as refused:
        restore(elsewhere(state, tmp_path / "file" / "store.sqlite"), backup)
    assert "in force" not in str(refused.value)
    assert b"later\n" == (state / "leases").read_bytes()
    assert not placing.is_pending(lasting_at(state))


def test_a_restore_that_cannot_be_finished_keeps_what_was_unpacked_and_goes_on_later(
    backup: Path, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, place = lasting_at(tmp_path / "here"), placing._move
    lost = here.state / "boots.db"

    def fails(source: Path, to: Path) -> None:
        if to == lost:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(to))
        place(source, to)

    monkeypatch.setattr(placing, "_move", fails)
    with pytest.raises(BackupError, match="a restore is in force: the next start of a server"):
        restore(here, backup)
    monkeypatch.undo()

    lock = served(here)
    assert lock is not None
    os.close(lock)
    assert found(state).keys() == found(here.state).keys()


def test_nothing_is_restored_beneath_a_running_server(backup: Path, state: Path) -> None:
    lock = served(lasting_at(state))
    assert lock is not None
    with pytest.raises(BackupError, match=r"a server uses .*; stop it first"):
        restore(lasting_at(state), backup)
    os.close(lock)
    restore(lasting_at(state), backup)


def test_a_server_has_its_folder_from_its_first_start_on(backup: Path, tmp_path: Path) -> None:
    lock = served(lasting_at(tmp_path / "new"))
    assert lock is not None
    with pytest.raises(BackupError, match="stop it first"):
        restore(lasting_at(tmp_path / "new"), backup)
    os.close(lock)


@pytest.mark.parametrize("name", ["EROFS", "ENOSPC", "EDQUOT", "EIO"])
def test_a_server_starts_on_a_disk_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    code = getattr(errno, name)

    def fails(path: Path, *_: object) -> int:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(os, "open", fails)
    assert served(lasting_at(tmp_path)) is None


@pytest.mark.parametrize("of", ["lock", "state"])
def test_a_server_that_is_shut_out_of_its_folder_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    def shut(path: Path, *_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "open" if of == "lock" else "mkdir", shut)
    settings = Settings(interfaces=("lo",), state=str(tmp_path / "here"))
    if of == "lock":
        (tmp_path / "here").mkdir()
    with pytest.raises(StartError, match=r"here/lock cannot be had: Permission denied; make the"):
        Server(settings, lambda: settings)


def test_a_server_whose_folder_would_be_in_a_file_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackupError, match=r"file/state/lock cannot be had: Not a directory"):
        served(lasting_at(tmp_path / "file" / "state"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_lock_that_root_makes_is_whose_the_folder_is(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    with alone(lasting_at(tmp_path)):
        made = (tmp_path / "lock").stat()
    assert (NOBODY, NOBODY, 0o600) == (made.st_uid, made.st_gid, made.st_mode & 0o777)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_lock_of_a_user_who_shares_a_folder_stays_that_users(tmp_path: Path) -> None:
    (tmp_path / "lock").touch(mode=0o600)
    os.chown(tmp_path / "lock", NOBODY, NOBODY)
    with alone(lasting_at(tmp_path)):
        assert NOBODY == (tmp_path / "lock").stat().st_uid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("second", ["symlink_to", "hardlink_to"])
def test_no_file_of_anothers_is_given_away_as_the_lock(tmp_path: Path, second: str) -> None:
    (tmp_path / "secret").touch(mode=0o600)
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, NOBODY, NOBODY)
    getattr(state / "lock", second)(tmp_path / "secret")
    with contextlib.suppress(BackupError), alone(lasting_at(state)):
        pass
    assert 0 == (tmp_path / "secret").stat().st_uid


def test_no_server_starts_while_a_backup_is_restored(state: Path) -> None:
    settings = Settings(interfaces=("lo",), state=str(state))
    with (
        alone(lasting_at(state)),
        pytest.raises(StartError, match="a backup is being restored into"),
    ):
        Server(settings, lambda: settings)


def test_two_servers_may_have_one_folder(state: Path) -> None:
    locks = [served(lasting_at(state)), served(lasting_at(state))]
    assert None not in locks
    for lock in locks:
        os.close(lock or 0)


@pytest.mark.parametrize("schema", [each for each in vectors.revisions() if each != NEWEST])
def test_a_backup_of_an_earlier_version_is_restored_with_the_newest_schema(
    tmp_path: Path, schema: str
) -> None:
    there, here = state_of(tmp_path / "there", schema), tmp_path / "here"
    take(lasting_at(there), tmp_path / "backup.tar")
    done = restore(lasting_at(here), tmp_path / "backup.tar")
    assert schema == done.manifest.schema
    engine = opened(here)
    wanted = vectors.said(engine, schema)
    engine.dispose()
    assert [] == vectors.kept_of(lasting(wanted), held(here))
    assert [] == list(here.glob("*before-0*"))


# --- what is none, or damaged


def changed(backup: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The same backup with other content."""
    with tarfile.open(backup) as tar:
        content = {each.name: tar.extractfile(each).read() for each in tar}  # type: ignore[union-attr]
    change(content)
    to = backup.with_name("changed.tar")
    with tarfile.open(to, "w") as tar:
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return to


def manifest(**other: Any) -> Callable[[dict[str, bytes]], None]:
    def change(content: dict[str, bytes]) -> None:
        said = {**json.loads(content[MANIFEST]), **other}
        content[MANIFEST] = msgspec.json.encode(said)

    return change


def too_deep(content: dict[str, bytes]) -> None:
    content[MANIFEST] = b'{"a":' * 100_000


def without(name: str) -> Callable[[dict[str, bytes]], object]:
    return lambda content: content.pop(name)


def other(name: str) -> Callable[[dict[str, bytes]], None]:
    def change(content: dict[str, bytes]) -> None:
        content[name] = content[name][:-1] + bytes([content[name][-1] ^ 1])

    return change


def longer(content: dict[str, bytes]) -> None:
    content["leases"] += b"x"


def outside(content: dict[str, bytes]) -> None:
    said = json.loads(content[MANIFEST])
    said["files"]["../evil"] = said["files"]["key"]
    content[MANIFEST] = msgspec.json.encode(said)
    content["../evil"] = content["key"]


def twice(content: dict[str, bytes]) -> None:
    content["./key"] = content["key"]


REFUSED = {
    "schema": (manifest(schema="9998"), "has schema 9998, of Boots .*; install that version"),
    "format": (manifest(format=2), "in a form not known here; install that version"),
    "engine": (manifest(engine="oracle"), "names files that are none of a backup, or no store"),
    "nothing": (manifest(files={}), "or no store"),
    "no word": (manifest(made="yesterday"), "its manifest cannot be read: Expected `float`"),
    "too deep": (too_deep, "its manifest cannot be read: "),
    "gone": (without("leases"), "is damaged: leases is missing"),
    "no manifest": (without(MANIFEST), "this is no backup of Boots"),
    "another key": (other("key"), "is damaged: key has another digest"),
    "another store": (other(SQLITE), "is damaged: boots.db has another digest"),
    "longer": (longer, "is damaged: leases is not what it was"),
    "outside": (outside, "names files that are none of a backup"),
    "twice": (twice, r"is damaged: \./key is not what it was"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_whole_backup_changes_nothing(
    backup: Path, state: Path, tmp_path: Path, case: str
) -> None:
    change, why = REFUSED[case]
    was = found(state)
    with pytest.raises(BackupError, match=why):
        restore(lasting_at(state), changed(backup, change))
    assert was == found(state)
    assert not list(tmp_path.glob("**/evil"))


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.7, 0.99])
@pytest.mark.parametrize("name", ["cut.tar", "cut.tar.gz"])
def test_half_a_backup_changes_nothing(state: Path, tmp_path: Path, name: str, part: float) -> None:
    take(lasting_at(state), tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole.rstrip(b"\0")) * part)])
    was = found(state)
    with pytest.raises(BackupError):
        restore(lasting_at(state), tmp_path / name)
    assert was == found(state)


def test_a_tar_whose_sizes_are_no_numbers_is_no_backup(state: Path, tmp_path: Path) -> None:
    entry = tarfile.TarInfo(MANIFEST)
    entry.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.size": "x"}
    with tarfile.open(tmp_path / "backup.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(entry)

    with pytest.raises(BackupError, match="cannot be read: invalid literal"):
        restore(lasting_at(state), tmp_path / "backup.tar")


def test_a_damaged_store_is_not_restored_though_its_digest_is_right(
    state: Path, tmp_path: Path
) -> None:
    here = shutil.copytree(state, tmp_path / "here")
    take(lasting_at(state), tmp_path / "backup.tar")

    def damage(content: dict[str, bytes]) -> None:
        page = content[SQLITE]
        content[SQLITE] = page[: len(page) // 2] + bytes(8192) + page[len(page) // 2 + 8192 :]
        said = json.loads(content[MANIFEST])
        import hashlib

        said["files"][SQLITE]["sha256"] = hashlib.sha256(content[SQLITE]).hexdigest()
        content[MANIFEST] = msgspec.json.encode(said)

    with pytest.raises(BackupError, match="is damaged: its store: "):
        restore(lasting_at(here), changed(tmp_path / "backup.tar", damage))


def test_a_backup_of_another_engine_is_refused_with_what_to_set(
    backup: Path, tmp_path: Path
) -> None:
    lasting = lasting_at(tmp_path / "here")._replace(database=None, url="postgresql://nobody@/none")
    with pytest.raises(BackupError, match=r"of a store in SQLite, and the settings name another"):
        restore(lasting, backup)


# --- kill -9


def cut_off(what: str, folder: Path) -> list[Any]:
    words = [sys.executable, "-m", "tests.app.backup.cut_off", what, str(folder)]
    root = Path(__file__).parents[3]
    done = subprocess.run(words, capture_output=True, text=True, cwd=root, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.peers
def test_a_restore_that_is_killed_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    there = state_of(tmp_path / "there")
    take(lasting_at(there), tmp_path / "backup.tar")
    state = shutil.copytree(there, tmp_path / "state")
    (state / "leases").write_bytes(b"later\n")
    (state / "key").write_bytes(bytes(32))
    with sqlite3.connect(state / "boots.db") as connection:
        connection.execute("UPDATE machines SET revision = 77")
    connection.close()
    old = found(state)

    *killed, (last, new) = cut_off("restore", tmp_path)

    assert not last
    assert new != old
    assert {True} == {each for each, _ in killed}
    left = [there for _, there in killed]
    assert [] == [each for each in left if each not in (old, new)]
    turn = left.index(new)
    assert left == [old] * turn + [new] * (len(left) - turn)
    assert turn > 10
    assert len(left) - turn > 10


@pytest.mark.peers
def test_a_backup_that_is_killed_is_whole_or_not_there(tmp_path: Path) -> None:
    state_of(tmp_path)
    *killed, (last, whole) = cut_off("take", tmp_path)
    assert not last
    assert found(tmp_path / "state") == whole
    assert [] == [there for _, there in killed if there not in (None, whole)]
    assert len(killed) > 20
