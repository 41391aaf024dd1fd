"""In which order the addresses of a pool are given, and what is kept probed."""

import time
from ipaddress import IPv4Address, IPv4Network
from itertools import islice

from boots.leases.book import Book
from boots.leases.checks import Checks
from boots.leases.entry import Lease
from boots.leases.pool import Pool
from boots.model.mac import Mac
from boots.model.site import Range, Subnet

NETWORK = IPv4Network("10.0.0.0/8")
MAC = Mac("52:54:00:00:00:01")


def at(number: int) -> IPv4Address:
    return NETWORK.network_address + number


def pool(book: Book, *ranges: tuple[int, int]) -> Pool:
    made = tuple(Range(first=at(first), last=at(last)) for first, last in ranges)
    return Pool(Subnet(network=NETWORK, pool=made), book, lambda _: True)


def lease(number: int, until: float) -> Lease:
    return Lease(address=at(number), mac=Mac(f"52:54:00:00:01:{number:02}"), since=0, until=until)


def test_what_nobody_ever_had_comes_first_then_what_is_free_the_longest() -> None:
    book = Book([lease(1, until=30), lease(2, until=20), lease(3, until=99)])

    assert [at(9), at(2), at(1)] == list(pool(book, (1, 3), (9, 9)).candidates(now=50))


def test_a_large_pool_is_not_walked_to_its_end() -> None:
    assert [at(1), at(2)] == list(islice(pool(Book(), (1, 2**24 - 2)).candidates(now=0), 2))


def test_a_pool_that_is_used_up_is_looked_at_once_a_second() -> None:
    book = Book([lease(1, until=30)])
    small = pool(book, (1, 1))

    assert [] == list(small.candidates(now=29.5))
    assert [] == list(small.candidates(now=30.2))
    assert [at(1)] == list(small.candidates(now=30.6))


def test_what_was_freed_is_seen_at_once() -> None:
    book = Book([lease(1, until=30)])
    small = pool(book, (1, 1))
    assert [] == list(small.candidates(now=29.5))
    small.freed(at(1))

    assert [at(1)] == list(small.candidates(now=30.2))


def test_more_than_one_look_is_taken_in_a_second_by_a_crowd() -> None:
    book = Book()
    wide = pool(book, (1, 3000))
    for number in range(1, 3001):
        address = next(wide.candidates(now=0))
        assert address == at(number)
        book.offer(Mac(f"{number}"), address, NETWORK, until=60)


# --- probes


def test_the_next_candidates_are_due_and_not_again_until_they_grow_old() -> None:
    checks = Checks()
    line = [at(number) for number in range(200)]

    assert line[:64] == checks.due(NETWORK, line, now=0)
    for address in line[:64]:
        checks.nobody_at(address, now=0)
    assert [] == checks.due(NETWORK, line, now=200)
    assert line[:64] == checks.due(NETWORK, line, now=240)


def test_when_somebody_had_to_wait_more_are_kept_ready_for_a_while() -> None:
    checks = Checks()
    line = [at(number) for number in range(200)]
    checks.ran_short(NETWORK)

    assert [128, 64] == [len(checks.due(NETWORK, line, now=0)) for _ in range(2)]


def test_a_wish_is_due_once_wherever_it_is_in_line() -> None:
    checks = Checks()
    checks.wish(at(999))

    assert [[at(999)], []] == [checks.due(NETWORK, [], now=0) for _ in range(2)]


def test_an_address_that_answers_is_free_no_more() -> None:
    checks = Checks()
    checks.nobody_at(at(1), now=0)
    assert checks.is_free(at(1), now=299)
    assert not checks.is_free(at(1), now=300)
    checks.nobody_at(at(1), now=0)
    checks.somebody_at(at(1))

    assert not checks.is_free(at(1), now=1)


def test_who_asks_a_used_up_pool_in_vain_does_not_have_it_counted_each_time() -> None:
    """A made-up machine costs as little as any: the pool has 60,000 leases."""
    many = [
        Lease(address=at(number), mac=Mac(f"{number}"), since=0, until=99)
        for number in range(1, 60_001)
    ]
    wide = pool(Book(many), (1, 60_000))
    assert [] == list(wide.candidates(now=1))
    assert (60_000, 0) == wide.counts(now=1)
    began = time.process_time()
    for number in range(200):
        wide.freed(NETWORK[-2])  # of another pool
        assert [] == list(wide.candidates(now=1 + number / 1000))
        assert (60_000, 0) == wide.counts(now=1 + number / 1000)
    assert time.process_time() - began < 0.1
