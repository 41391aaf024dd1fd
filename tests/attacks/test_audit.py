"""Somebody changes things, tries to, and would rather not be seen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from tests.api.bench import Bench, bench

from boots.journal.events import LimitReached
from boots.model.limits import OPERATOR_REFUSALS
from boots.store import audit
from boots.store import engine as engines
from boots.store.audit import Deed
from boots.store.engine import reading, transaction
from boots.store.migrate import bring_up

KEY = b"the key of this server is this, "


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = engines.make(engines.sqlite_url(tmp_path / "boots.db"))
    bring_up(made)
    with transaction(made) as connection:
        for number in range(4):
            audit.keep(connection, deed(number), KEY)
    yield made
    made.dispose()


def deed(number: int, **other: Any) -> Deed:
    said = Deed(100.0 + number, "one", "ann", "operator", "192.0.2.1", "order", "node-1", "done")
    return said._replace(**other)


def proved(engine: Engine, key: bytes = KEY) -> audit.Proof:
    with reading(engine) as connection:
        return audit.prove(connection, key)


def test_what_was_written_is_proved(engine: Engine) -> None:
    found = proved(engine)
    assert (4, 0, 0) == (found.rows, found.foreign, found.broken)
    assert found.seal


@pytest.mark.parametrize(
    ("done", "broken"),
    [
        ("UPDATE audits SET done_by = 'ben' WHERE id = 2", 2),
        ("UPDATE audits SET outcome = 'refused' WHERE id = 4", 4),
        ("DELETE FROM audits WHERE id = 2", 3),
        ("UPDATE audits SET at = at + 1 WHERE id = 1", 1),
    ],
)
def test_who_changes_the_database_is_seen(engine: Engine, done: str, broken: int) -> None:
    with transaction(engine) as connection:
        connection.execute(text(done))
    assert broken == proved(engine).broken


def test_rows_slipped_in_by_another_key_are_counted(engine: Engine) -> None:
    with transaction(engine) as connection:
        audit.keep(connection, deed(9), b"a key of somebody else's")
    assert (5, 1, 0) == proved(engine)[:3]


def test_what_is_old_goes_and_the_rest_is_proved(engine: Engine) -> None:
    with transaction(engine) as connection:
        audit.tidy(connection, 102.0)
    assert (2, 0, 0) == proved(engine)[:3]


def test_a_clock_that_was_set_back_leaves_no_hole(engine: Engine) -> None:
    with transaction(engine) as connection:
        audit.keep(connection, deed(0, server="two"), KEY)
        audit.keep(connection, deed(5), KEY)
        audit.tidy(connection, 102.0)
    assert (4, 0, 0) == proved(engine)[:3]


def test_when_all_are_old_all_go_and_what_follows_is_proved(engine: Engine) -> None:
    with transaction(engine) as connection:
        audit.tidy(connection, 200.0)
        audit.keep(connection, deed(200), KEY)
    assert (1, 0, 0) == proved(engine)[:3]


def test_it_is_found_by_machine_and_by_who(engine: Engine) -> None:
    with transaction(engine) as connection:
        audit.keep(connection, deed(7, machine="node-2", by="ben"), KEY)
    with reading(engine) as connection:
        assert [5] == [each.id for each in audit.read(connection, machine="node-2")]
        assert [5] == [each.id for each in audit.read(connection, by="ben")]
        assert [4, 3] == [each.id for each in audit.read(connection, after=5, limit=2)]


def test_it_is_found_by_deed_and_time(engine: Engine) -> None:
    with transaction(engine) as connection:
        audit.keep(connection, deed(7, what="create_run"), KEY)
        audit.keep(connection, deed(8, what="create%run"), KEY)
    with reading(engine) as connection:
        assert [6, 5] == [each.id for each in audit.read(connection, what="run")]
        assert [6] == [each.id for each in audit.read(connection, what="%")]
        assert [3, 2] == [each.id for each in audit.read(connection, since=101.0, until=103.0)]


def test_what_is_proved_is_gone_on_from(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_PORTION", 1)
    with reading(engine) as connection:
        some = audit.prove(connection, KEY, known=audit.Proof(), most=2)
        assert (2, 2, 101.0, True) == (some.rows, some.last, some.last_at, some.more)
        rest = audit.prove(connection, KEY, known=some, most=100)
        assert (4, 4, False) == (rest.rows, rest.last, rest.more)
    assert proved(engine) == rest


@pytest.mark.parametrize(
    ("done", "broken", "rows"),
    [
        ("UPDATE audits SET done_by = 'ben' WHERE id = 4", 4, 3),
        ("DELETE FROM audits WHERE id = 3", 3, 3),
        ("UPDATE audits SET seal = 'x' WHERE id = 3", 3, 3),
        ("DELETE FROM audits WHERE id > 2", 3, 3),
        ("DELETE FROM audits", 0, 0),
    ],
)
def test_who_changes_what_was_proved_or_cuts_it_off_is_seen(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, done: str, broken: int, rows: int
) -> None:
    monkeypatch.setattr(audit, "_PORTION", 1)
    with reading(engine) as connection:
        known = audit.prove(connection, KEY, known=audit.Proof(), most=3)
    assert 3 == known.last
    with transaction(engine) as connection:
        connection.execute(text(done))
    with reading(engine) as connection:
        found = audit.prove(connection, KEY, known=known)
    assert (broken, rows) == (found.broken, found.rows), (
        "an empty log was let go, as far as is known"
    )


ADMIN = {"Authorization": "Bearer admin-token"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
VIEWER = {"Authorization": "Bearer viewer-token"}


def told(at: Bench) -> list[tuple[str, str, str]]:
    return [(each.by, each.what, each.outcome) for each in at.desk.noted]


async def test_every_change_says_who_made_it_and_what_came_of_it() -> None:
    async with bench(tokens_required=True) as at:
        body = {"name": "robot", "role": "viewer", "seconds": 60}
        assert 201 == (await at.ask("POST", "/v1/tokens", body, **ADMIN)).status
        assert 404 == (await at.ask("DELETE", "/v1/tokens/99", None, **ADMIN)).status
        assert 200 == (await at.ask("GET", "/v1/tokens", None, **ADMIN)).status
    assert [
        ("a admin", "make_token", "done"),
        ("a admin", "drop_token", "refused: 404 Not Found"),
    ] == told(at)
    assert {"name": "robot", "role": "viewer", "seconds": 60} == at.desk.noted[0].details
    assert "127.0.0.1" == at.desk.noted[0].peer


async def test_who_may_not_is_written_down_as_well() -> None:
    async with bench(tokens_required=True) as at:
        assert 403 == (await at.ask("DELETE", "/v1/tokens/1", None, **VIEWER)).status
        assert 401 == (await at.ask("DELETE", "/v1/tokens/1", None)).status
    assert [
        ("a viewer", "drop_token", "refused: 403 Forbidden"),
        ("", "drop_token", "refused: 401 Unauthorized"),
    ] == told(at)


async def test_attempts_without_a_token_do_not_fill_the_disk() -> None:
    async with bench(tokens_required=True) as at:
        for _ in range(100):
            await at.ask("DELETE", "/v1/tokens/1", None)
        assert OPERATOR_REFUSALS.burst == len(at.desk.noted)
        for _ in range(48):
            at.clock.now += 1800.0
            for _ in range(20):
                await at.ask("POST", "/login", None, **FORM)
        assert OPERATOR_REFUSALS.burst + OPERATOR_REFUSALS.most >= len(at.desk.noted)
        assert 403 == (await at.ask("DELETE", "/v1/tokens/1", None, **VIEWER)).status
    assert "a viewer" == at.desk.noted[-1].by, "they hide nobody whom we know"
    assert "refusals" in [each.limit for each in at.told if isinstance(each, LimitReached)]


async def test_what_failed_is_written_down_as_something_may_be_changed() -> None:
    async with bench(tokens_required=True) as at:
        at.desk.drop_token = _fails  # type: ignore[method-assign, assignment]
        assert 500 == (await at.ask("DELETE", "/v1/tokens/1", None, **ADMIN)).status
    assert [("a admin", "drop_token", "failed")] == told(at)


async def _fails(*_: object, **__: object) -> None:
    raise OSError("the disk is full")


async def test_no_secret_of_a_body_is_written_down() -> None:
    async with bench(tokens_required=True) as at:
        record = {"name": "nine", "mac": "52:54:00:00:00:77", "user_data": "hunter2"}
        answer = await at.ask("POST", "/v1/machines", {"record": record}, **ADMIN)
    assert 201 == answer.status, answer
    assert 1 == len(at.desk.noted)
    assert "hunter2" not in str(at.desk.noted)


async def test_what_nobody_could_write_down_is_not_acknowledged() -> None:
    async with bench(tokens_required=True) as at:
        at.desk.takes_notes = False
        body = {"name": "robot", "role": "viewer"}
        assert 503 == (await at.ask("POST", "/v1/tokens", body, **ADMIN)).status
