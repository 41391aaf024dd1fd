"""What is known of machines beside their records: a worker knows it as the main process does."""

from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.app.pools import ONE, START, TWO, Bench
from tests.app.test_leasing import FIRST, asks, lease
from tests.app.test_loops import script
from tests.app.test_seen import SECOND, THEIRS, request
from tests.policy.made import MAC, known

from boots.app.answers import Answers
from boots.app.workers import words
from boots.app.workers.replica import (
    HeardLeases,
    HeardLoops,
    HeardSeen,
    ToldLeases,
    ToldLoops,
    ToldSeen,
)
from boots.app.workers.words import Order
from boots.journal.events import Entry
from boots.leases.keeper import REMEMBERED
from boots.model.mac import Mac
from boots.settings import Boot
from boots.wire.options import MessageType

LIMITS = Boot(loop_limit=3, loop_window=600)
steps = st.lists(
    st.tuples(st.sampled_from(["count", "forget", "wait"]), st.sampled_from([ONE, TWO])),
    max_size=30,
)


class Told(list[Order]):
    """What goes to the workers, as it comes out on the other side."""

    def __call__(self, order: Order) -> None:
        self.append(words.order(words.encode(order)))


# --- loops


def tallied(count: int) -> words.Tallied:
    return words.Tallied([words.Count(MAC, count, 1000.0)])


def test_what_comes_of_a_batch_of_events_is_told_at_once() -> None:
    told = Told()
    here = ToldLoops(lambda: LIMITS, lambda: 1000.0, lambda _: None, told)
    here.write([Entry(1000.0, script()), Entry(1000.0, script())])
    here.write([])

    counts = [words.Count(MAC, number, 1000.0) for number in (1, 2)]
    assert told == [words.Tallied(counts)]


@given(steps)
def test_a_worker_holds_whom_the_main_process_holds(made: list[tuple[str, Mac]]) -> None:
    told, now, freed = Told(), 1000.0, list[str]()
    here = ToldLoops(lambda: LIMITS, lambda: now, lambda _: None, told)
    there = HeardLoops(lambda: LIMITS, lambda: now, freed.append)
    one = known()
    for step, mac in made:
        now += 400 if step == "wait" else 1
        if step == "count":
            here.count(one.mac if mac is ONE else mac, now)
        elif step == "forget":
            here.forget(one.mac if mac is ONE else mac)
        while told:
            match told.pop(0):
                case words.Tallied() as tallied:
                    there.hear(tallied)

        assert here.held(one) == there.held(one)


def test_a_new_worker_hears_all_counts() -> None:
    told = Told()
    here = ToldLoops(lambda: LIMITS, lambda: 1000.0, lambda _: None, told)
    for _ in range(3):
        here.count(MAC, 1000.0)

    assert [tallied(3)] == list(here.all()) == told[-1:]


def test_whom_a_worker_sets_free_is_told_once() -> None:
    freed = list[str]()
    there = HeardLoops(lambda: LIMITS, lambda: 1000.0, freed.append)
    there.hear(tallied(3))
    assert there.held(known()) != ""

    assert there.held(known(vlan="7")) == ""
    assert freed == [MAC]

    there.hear(tallied(0))
    assert freed == [MAC]


# --- addresses that were seen


def test_who_took_an_address_is_told_before_the_answer_is_made() -> None:
    told = Told()

    def hear() -> None:
        while told:
            match told.pop(0):
                case words.SeenAt() as one:
                    heard.hear(one)

    seen, heard = ToldSeen(told), HeardSeen(hear)
    assert heard.at(THEIRS) is None
    seen.learn(request())
    assert len(told) == 1
    assert heard.at(THEIRS) == MAC

    seen.learn(request())
    assert told == []
    assert [words.SeenAt(int(THEIRS), MAC)] == list(seen.all())

    assert heard.alone_at(THEIRS) == MAC
    seen.learn(request(SECOND))
    seen.learn(request(SECOND))
    assert len(told) == 1
    assert heard.alone_at(THEIRS) is None


# --- leases


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


class Pool:
    """A main process that gives leases, and a worker that is told of them."""

    def __init__(self, bench: Bench) -> None:
        self.told = Told()
        self.leases = ToldLeases(bench.leasing, self.told)
        bench.answers = Answers(bench.world, self.leases)
        self.heard = HeardLeases(lambda: bench.now, self.hear)

    def hear(self) -> None:
        while self.told:
            match self.told.pop(0):
                case words.Leased() as leased:
                    self.heard.learn(leased)


def test_a_lease_is_known_to_a_worker_until_it_is_forgotten(bench: Bench) -> None:
    pool = Pool(bench)
    assert pool.heard.at(FIRST) is None

    assert lease(bench, ONE) == FIRST
    assert pool.heard.at(FIRST) == ONE == bench.leasing.at(FIRST)

    until = bench.leasing.keeper.book.leases[FIRST].until
    for bench.now in (until, until + REMEMBERED, until + REMEMBERED + 1):
        assert pool.heard.at(FIRST) == bench.leasing.at(FIRST)
    assert pool.heard.at(FIRST) is None


def test_a_lease_that_ends_as_its_machine_is_given_another_holds_nothing_anywhere(
    bench: Bench,
) -> None:
    pool = Pool(bench)
    assert FIRST == lease(bench, ONE)
    assert ONE == pool.heard.holder(FIRST) == bench.leasing.holder(FIRST)

    bench.records(m525400000002=FIRST)  # which is another machine's from now on
    second = lease(bench, ONE)

    assert FIRST != second
    assert ONE == pool.heard.holder(second) == bench.leasing.holder(second)
    assert pool.heard.holder(FIRST) is None is bench.leasing.holder(FIRST)


def test_an_address_that_comes_back_is_nobodys(bench: Bench) -> None:
    pool = Pool(bench)
    lease(bench, ONE)
    bench.answer(asks(ONE, MessageType.RELEASE, ciaddr=FIRST))

    assert pool.heard.at(FIRST) is None
    assert bench.now == START


def test_a_declined_address_is_who_the_main_process_says(bench: Bench) -> None:
    pool = Pool(bench)
    lease(bench, ONE)
    bench.answer(asks(ONE, MessageType.DECLINE, wanted=FIRST))

    assert pool.heard.at(FIRST) == bench.leasing.at(FIRST)


def test_a_new_worker_hears_all_leases(bench: Bench) -> None:
    pool = Pool(bench)
    addresses = {lease(bench, ONE): ONE, lease(bench, TWO): TWO}
    pool.told[:] = pool.leases.all()

    assert addresses == {address: pool.heard.at(address) for address in addresses}
    assert pool.heard.at(IPv4Address("192.168.1.9")) is None


def test_no_more_is_told_of_a_lease_than_what_changed(bench: Bench) -> None:
    pool = Pool(bench)
    for _ in range(2):
        declined = lease(bench, ONE)
        bench.answer(asks(ONE, MessageType.DECLINE, wanted=declined))
        bench.now += 1
    pool.told.clear()

    offered = bench.given(asks(ONE))
    assert offered is not None
    assert [] == pool.told

    lease(bench, ONE)
    assert [words.Leased(int(offered), ONE, bench.leasing.of(ONE)[0].until)] == pool.told
