"""Records of the API, orders and tokens, and how other servers hear of them."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, event

from boots.model.order import Netboot, Order
from boots.store import changes, orders, records, tokens
from boots.store.changes import Change
from boots.store.engine import reading, transaction
from boots.store.records import Conflict, Kept

WHO = {"by": "ann", "at": 100.0, "server": "a"}


def test_a_record_is_kept_as_it_was_written(engine: Engine) -> None:
    with transaction(engine) as connection:
        assert Kept("n1", '{"mac": "x"}', 1) == records.create(
            connection, "n1", '{"mac": "x"}', **WHO
        )
    with reading(engine) as connection:
        assert [Kept("n1", '{"mac": "x"}', 1)] == records.every(connection)
        assert records.one(connection, "n2") is None


def test_of_two_that_change_a_record_the_later_is_told_what_it_has_not_seen(
    engine: Engine,
) -> None:
    with transaction(engine) as connection:
        records.create(connection, "n1", "1", **WHO)
        assert 2 == records.replace(connection, "n1", "2", 1, **WHO).revision
    with transaction(engine) as connection, pytest.raises(Conflict) as conflict:
        records.replace(connection, "n1", "3", 1, **WHO)
    assert 2 == conflict.value.revision
    with transaction(engine) as connection:
        assert 3 == records.replace(connection, "n1", "3", None, **WHO).revision


def test_a_name_is_given_once(engine: Engine) -> None:
    with transaction(engine) as connection:
        records.create(connection, "n1", "1", **WHO)
        with pytest.raises(Conflict):
            records.create(connection, "n1", "2", **WHO)


def test_what_is_not_there_is_not_changed_and_not_removed(engine: Engine) -> None:
    with transaction(engine) as connection:
        for revision in (None, 1):
            with pytest.raises(Conflict) as conflict:
                records.replace(connection, "n1", "1", revision, **WHO)
            assert conflict.value.revision is None
            with pytest.raises(Conflict):
                records.remove(connection, "n1", revision, at=1.0, server="a")


def test_with_a_record_its_order_goes(engine: Engine) -> None:
    with transaction(engine) as connection:
        records.create(connection, "n1", "1", **WHO)
        orders.give(connection, "n1", Order(netboot=Netboot.OFF, at=1.0), server="a")
        records.remove(connection, "n1", 1, at=2.0, server="a")
    with reading(engine) as connection:
        assert [] == records.every(connection)
        assert {} == orders.every(connection)


def test_every_change_is_told_in_its_order_with_who_made_it(engine: Engine) -> None:
    with transaction(engine) as connection:
        records.create(connection, "n1", "1", **WHO)
    with transaction(engine) as connection:
        orders.give(connection, "n1", Order(netboot=Netboot.ONCE, at=2.0), server="b")
    with reading(engine) as connection:
        first, second = changes.since(connection, 0)
        assert ("a", "machine", "n1") == first[1:]
        assert Change(first.id + 1, "b", "order", "n1") == second
        assert [second] == changes.since(connection, first.id)
        assert second.id == changes.last(connection)


def test_what_failed_is_not_told(engine: Engine) -> None:
    with transaction(engine) as connection:
        records.create(connection, "n1", "1", **WHO)
        connection.rollback()
    with reading(engine) as connection:
        assert 0 == changes.last(connection)


# --- orders


def test_the_last_order_counts(engine: Engine) -> None:
    once = Order(netboot=Netboot.ONCE, profile="debian", by="ann", at=1.0)
    off = Order(netboot=Netboot.OFF, by="bob", at=2.0)
    with transaction(engine) as connection:
        orders.give(connection, "n1", once, server="a")
        assert once == orders.one(connection, "n1")
        orders.give(connection, "n1", off, server="a")
        assert {"n1": off} == orders.every(connection)
        assert orders.withdraw(connection, "n1", at=3.0, server="a")
        assert not orders.withdraw(connection, "n1", at=3.0, server="a")


def test_an_order_that_was_given_anew_is_not_spent_by_the_boot_before_it(engine: Engine) -> None:
    with transaction(engine) as connection:
        orders.give(connection, "n1", Order(netboot=Netboot.ONCE, at=1.0), server="a")
        orders.spend(connection, "n1", 1.0, 9.0, at=9.0, server="a")
        first = orders.one(connection, "n1")
        orders.give(connection, "n1", Order(netboot=Netboot.ONCE, at=10.0), server="a")
        orders.spend(connection, "n1", 1.0, 11.0, at=11.0, server="a")
        second = orders.one(connection, "n1")
    assert first
    assert second
    assert (9.0, 0.0) == (first.spent, second.spent)


# --- tokens


def test_of_a_token_only_its_digest_is_kept(engine: Engine) -> None:
    secret = tokens.secret()
    with transaction(engine) as connection:
        made = tokens.create(
            connection, "ci", "viewer", secret, expires=0.0, by="ann", at=1.0, server="a"
        )
        found = tokens.by_digest(connection)
        assert {tokens.digest(secret): made} == found
        assert secret not in str(connection.exec_driver_sql("SELECT * FROM tokens").all())
        tokens.used(connection, made.id, 5.0)
        [listed] = tokens.every(connection)
        assert 5.0 == listed.used
        assert tokens.drop(connection, made.id, at=6.0, server="a")
        assert not tokens.drop(connection, made.id, at=6.0, server="a")


def test_no_two_secrets_are_alike_and_all_are_known_by_their_beginning() -> None:
    made = {tokens.secret() for _ in range(1000)}
    assert 1000 == len(made)
    assert all(each.startswith("boots_") and len(each) > 40 for each in made)


@pytest.mark.parametrize(
    "url", [pytest.param("postgresql", marks=pytest.mark.peers)], indirect=True
)
@pytest.mark.parametrize("word", ["give", "spend", "withdraw"])
def test_who_removes_a_record_and_who_orders_wait_in_turn(
    engine: Engine, another: Callable[[], Engine], word: str
) -> None:
    """The other way round, each would hold what the other waits for."""
    once = Order(netboot=Netboot.ONCE, at=1.0)
    deeds: dict[str, Callable[[Connection], object]] = {
        "give": lambda to: orders.give(to, "n1", once, server="b"),
        "spend": lambda to: orders.spend(to, "n1", 1.0, 5.0, at=5.0, server="b"),
        "withdraw": lambda to: orders.withdraw(to, "n1", at=5.0, server="b"),
    }
    with transaction(engine) as connection:
        records.create(connection, "n1", "1", **WHO)
        orders.give(connection, "n1", once, server="a")
    asked: list[str] = []
    theirs = another()
    event.listen(theirs, "before_cursor_execute", lambda *said: asked.append(said[2]))
    with transaction(theirs) as connection:
        deeds[word](connection)

    touches = ["lock" in each for each in asked if "lock" in each or "orders" in each]
    assert touches[0]
    assert not all(touches)
