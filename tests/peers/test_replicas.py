"""Two servers on one PostgreSQL: one dies, the database dies, and machines boot on.

`REPLICAS=long` has larger fleets, and a database that is away for a minute.
"""

import os
import re
import time
from collections.abc import Iterator
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest
from tests.peers.replicas import (
    SERVERS,
    Pair,
    Place,
    Replica,
    ask_dhcp,
    both,
    cut_off,
    fleet,
    macs_of,
    place,
    simulated,
    simulating,
    start,
    times,
)

from boots.client.connecting import ApiError
from boots.client.words import EventLine, Role
from boots.journal import events
from boots.model.order import Netboot
from boots.timeline.words import Boot

pytestmark = [pytest.mark.peers, pytest.mark.alone]

LONG = os.environ.get("REPLICAS") == "long"
# edk2 asks a server that died for its address for a minute before it begins anew.
STORM = ("--machines", *(("400", "--mix", "bios,uefi") if LONG else ("150", "--mix", "bios")))
SHORT = {} if LONG else {"BOOTS_BOOT_RETRIES": "1", "BOOTS_BOOT_RETRY_DELAY": "1"}
AWAY = 60.0 if LONG else 8.0  # seconds
LOST = 0.5  # seconds whose events go with a server that dies
SOON = 1.0  # in which what one server is told is in force at the other


@pytest.fixture(name="made", scope="module")
def _made() -> Iterator[Place]:
    with place() as made:
        yield made


FLEET = ("--machines", "30", "--mix", "bios=2,uefi=1")


@pytest.fixture(name="pair", scope="module")
def _pair(made: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both servers, for tests that leave them as they were."""
    with both(made, tmp_path_factory.mktemp("pair"), "pair", fleet(*FLEET)) as pair:
        yield pair


def boots_of(replica: Replica) -> list[Boot]:
    return list(replica.ask(lambda client: client.boots(limit=1000)).boots)


def record(number: int) -> dict[str, Any]:
    return {
        "name": f"made-{number}",
        "mac": f"52:54:00:99:{number >> 8:02x}:{number & 255:02x}",
        "address": f"10.77.{99 + (number >> 8)}.{number & 255}/16",
    }


# --- a server dies


def test_no_machine_fails_to_boot_when_a_server_dies_in_a_storm(
    made: Place, tmp_path: Path
) -> None:
    records = fleet(*STORM)
    macs = macs_of(records)
    with both(made, tmp_path, "storm", records, **SHORT) as (one, two):
        words_ = (*STORM, "--arrival", "3", "--tries", "5", "--timeout", "100")
        with simulating(made, tmp_path / "report.json", *words_) as report:
            deadline = time.monotonic() + 60
            while len(one.process.told(events.TransferStarted)) < 60:
                assert time.monotonic() < deadline, "the storm did not come to it"
                time.sleep(0.01)
            killed = time.time()
            one.kill()
            found = report()
        print(f"{found['booted']} of {found['machines']} booted, {found['restarts']} anew")

        assert (found["booted"], found["failures"]) == (len(macs), [])
        # Both had a share of it, and gave each machine the same address.
        assert len(two.process.told(events.ScriptServed)) >= len(macs) / 4
        offered: dict[str, set[str]] = {}
        for replica in (one, two):
            for event in replica.process.told(events.OfferSent):
                offered.setdefault(event.mac, set()).add(event.address)
        assert {len(each) for each in offered.values()} == {1}
        assert set(offered) == macs

        (tmp_path / "server-0" / "journal.jsonl").unlink()
        again = start(made, tmp_path, 0, "storm", records)
        try:
            again.process.until(events.ServerStarted, timeout=40)
            for replica in (again, two):
                seen = boots_of(replica)
                assert {boot.mac for boot in seen} == macs
                # Some power-ons are two boots, as they began anew; none is there twice.
                assert len(seen) <= len(macs) + found["restarts"]
                assert len({boot.id for boot in seen}) == len(seen)
                # What ran at the time has gone on at the other one.
                last = {boot.mac: boot for boot in sorted(seen, key=lambda boot: boot.started)}
                # What the one that died had not written down is gone: the last half second.
                assert {
                    len(boot.steps) > 3 or 0 < killed - boot.heard < LOST for boot in last.values()
                } == {True}
                assert any(boot.started < killed < boot.heard for boot in last.values())
            again.process.stop()
        finally:
            if again.process.process.poll() is None:
                again.kill()


# --- the database dies


def test_nothing_is_lost_or_late_while_the_database_is_away(made: Place, tmp_path: Path) -> None:
    count = int(AWAY * 8)
    storm = ("--machines", str(count), "--mix", "bios", "--until", "script", "--tries", "1")
    paced = (*storm, "--arrival", str(AWAY - 4))
    records = fleet(*storm)
    with both(made, tmp_path, "away", records) as (one, two):
        before = simulated(made, tmp_path / "before.json", *paced)
        _until_written(one, two)
        made.cluster.stop("immediate")
        gone = time.monotonic()
        try:
            while_away = simulated(made, tmp_path / "away.json", *paced)
            for replica in (one, two):
                _refuses_changes(replica)
                health = replica.ask(lambda client: client.health())
                assert health.ready
                assert health.store.startswith("postgresql: ")
                assert "answers" not in health.store
                assert [each for each in health.troubles if "store does not answer" in each.what]
                assert health.waiting > 0
            restarted = _restarted_alone(made, tmp_path, one, two, records)
            time.sleep(max(0.0, AWAY - (time.monotonic() - gone)))  # it is away for so long
        finally:
            made.cluster.start()
        try:
            for replica in (restarted, two):
                took = replica.until(
                    lambda client: client.health(),
                    lambda health: health.store.endswith("answers") and not health.waiting,
                    20,
                )
                print(f"server {replica.number} has all written down {took:.1f} s later")
                replica.ask(methodcaller("create", record(replica.number + 1)))
            after = simulated(made, tmp_path / "after.json", *paced)
            _until_written(restarted, two)
            for name, found in (("before", before), ("away", while_away), ("after", after)):
                print(f"{name}: {times(found, 'offer')}; {times(found, 'script')}")
                assert (found["booted"], found["failures"]) == (count, [])
            assert _late(while_away) <= 2 * _late(before) + 0.1

            # Each server's events are there in full, and in their order.
            _came_in_order(two, count * 3)
            assert {boot.mac for boot in boots_of(two)} == macs_of(records)
            restarted.process.stop()
        finally:
            if restarted.process.process.poll() is None:
                restarted.kill()


def _late(found: dict[str, Any]) -> float:
    return float(found["stages"]["script"]["p99_without_own_waits"])


def _until_written(*replicas: Replica) -> None:
    for replica in replicas:
        replica.until(lambda client: client.health(), lambda health: not health.waiting, 20)


def _refuses_changes(replica: Replica) -> None:
    changes = (
        lambda client: client.create(record(9)),
        lambda client: client.order("sim-00001", Netboot.ONCE),
        lambda client: client.make_token("x", Role.VIEWER),
    )
    for change in changes:
        began = time.monotonic()
        with pytest.raises(ApiError) as refused:
            replica.ask(change)
        assert refused.value.problem.status == 503
        assert "the store does not answer" in str(refused.value)
        assert time.monotonic() - began < 6


def _restarted_alone(
    made: Place, folder: Path, one: Replica, two: Replica, records: str
) -> Replica:
    """The first server, started anew while the database is away: it answers from its copy."""
    one.kill()
    (folder / "server-0" / "journal.jsonl").unlink()
    again = start(made, folder, 0, "away", records)
    again.process.until(events.ServerStarted, timeout=40)
    print(f"started without the database after {time.monotonic() - again.process.began:.1f} s")
    again.process.mark()
    ask_dhcp(made, min(macs_of(records)))
    assert again.process.until(events.OfferSent).address.startswith("10.77.0.")
    assert two.process.process.poll() is None
    return again


def _came_in_order(replica: Replica, least: int) -> None:
    """The history of a server's own events is what its journal's file says."""
    kinds = "OfferSent,AckSent,ScriptServed"
    lines: list[EventLine] = []
    last = 0
    while page := replica.ask(methodcaller("events", kind=kinds, after=last, limit=1000)).events:
        lines += page
        last = page[-1].id
    mine = [line for line in lines if line.server == f"server-{replica.number}"]
    told = [
        event
        for event in replica.process.told(events.AnyEvent)  # type: ignore[arg-type]
        if type(event).__name__ in kinds.split(",")
    ]
    assert len(told) >= least
    assert [(line.kind, line.mac) for line in mine] == [
        (type(event).__name__, event.mac) for event in told
    ]
    assert [line.id for line in lines] == sorted(line.id for line in lines)


# --- two that live


def test_a_boot_that_both_servers_see_is_one_boot_at_both(
    made: Place, pair: Pair, tmp_path: Path
) -> None:
    macs = macs_of(fleet(*FLEET))
    found = simulated(made, tmp_path / "report.json", *FLEET)
    assert (found["booted"], found["restarts"]) == (len(macs), 0)
    for replica in pair:
        replica.until(
            lambda client: client.boots(limit=1000).boots,
            lambda boots: (
                {len(boot.steps) > 3 for boot in boots} == {True}
                and len({boot.id for boot in boots}) == len(boots) == len(macs)
            ),
            5,
        )
    first, second = map(boots_of, pair)

    assert {boot.mac for boot in first} == macs
    assert {boot.id for boot in first} == {boot.id for boot in second}
    # Events of both are in the one history, whoever is asked.
    mac = min(macs)
    lines = [
        replica.ask(lambda client: client.events(key=mac, limit=1000)).events for replica in pair
    ]
    assert lines[0] == lines[1]
    assert {line.server for line in lines[0]} == {"server-0", "server-1"}


def test_the_same_question_has_the_same_answer_at_both(pair: Pair) -> None:
    for mac in sorted(macs_of(fleet(*FLEET)))[:3]:
        said = [repr(replica.ask(methodcaller("explain", mac)).chains) for replica in pair]
        for number, address in enumerate(SERVERS):
            own = rf"\b{re.escape(str(address.ip))}\b|server-{number}"
            said[number] = re.sub(own, "SERVER", said[number])

        assert "undionly.kpxe" in said[0]
        assert said[0] == said[1]


# --- what one is told is in force at the other


def test_a_record_made_at_one_is_answered_by_the_other(made: Place, pair: Pair) -> None:
    one, two = pair
    took = []
    for number in range(1, 6):
        one.ask(methodcaller("create", record(number)))
        took.append(two.until(methodcaller("machine", f"made-{number}"), bool, SOON))
    print(f"a record is in force at the other after {max(took) * 1000:.0f} ms at most")
    mac = record(1)["mac"]
    ask_dhcp(made, mac)
    assert {each.process.until(events.OfferSent, mac=mac).address for each in pair} == {
        "10.77.99.1"
    }

    two.ask(lambda client: client.remove("made-5"))
    one.until(
        lambda client: client.machines(text="made-").machines, lambda each: len(each) == 4, SOON
    )


def test_an_order_given_at_one_and_used_up_at_the_other_is_used_up_at_both(
    made: Place, pair: Pair, tmp_path: Path
) -> None:
    one, two = pair
    one.ask(lambda client: client.order("sim-00001", Netboot.ONCE))
    two.until(
        lambda client: client.machine("sim-00001").order,
        lambda order: order is not None and order.netboot is Netboot.ONCE and not order.spent,
        SOON,
    )
    with cut_off(one):  # so that the other must be the one that uses it up
        alone = ("--machines", "1", "--mix", "bios", "--until", "script")
        assert simulated(made, tmp_path / "report.json", *alone)["booted"] == 1
        for replica in (two, one):
            replica.until(
                lambda client: client.machine("sim-00001").order,
                lambda order: order is not None and order.spent > 0,
                SOON,
            )


def test_a_token_is_good_at_both_until_it_is_taken_away_at_one(pair: Pair) -> None:
    one, two = pair
    made = one.ask(lambda client: client.make_token("mine", Role.VIEWER))
    _until_token(two, made.secret, "mine")
    two.ask(lambda client: client.drop_token(made.token.id))
    _until_token(one, made.secret, "")


def _until_token(replica: Replica, secret: str, name: str) -> None:
    """The token says who bears it; or is refused, where that is nobody."""
    deadline = time.monotonic() + SOON
    while True:
        try:
            found = replica.ask(lambda client: client.me(), token=secret).name
        except ApiError as error:
            found = "" if error.problem.status == 401 else str(error)
        if found == name:
            return
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
