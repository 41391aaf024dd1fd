"""What a bad link does: nothing by itself, and with equal dice the same."""

import socket
from collections.abc import Iterable, Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boots.lab.damage import damaged
from boots.lab.emulator import Direction, carry
from boots.lab.link import PERFECT, Flight, Link, fates

ARP = bytes(12) + b"\x08\x06" + bytes(28)
frames = st.lists(st.binary(min_size=14, max_size=80), max_size=40)
odds = st.floats(0, 1)
times = st.floats(0, 1)
links = st.builds(Link, odds, odds, odds, odds, times, times, times, stale=odds, late=times)


def every(flight: Flight, sent: Iterable[tuple[float, bytes]]) -> list[bytes]:
    """What arrives of frames sent at these times, when one waits long enough."""
    for moment, frame in sent:
        flight.send(frame, moment)
    return list(flight.arrived(1e9))


@given(frames, times, st.integers())
def test_without_faults_every_frame_arrives_once_and_in_order(
    sent: list[bytes], delay: float, seed: int
) -> None:
    flight = Flight(Link(delay=delay), Random(seed))

    assert sent == every(flight, ((number / 7, frame) for number, frame in enumerate(sent)))


@given(links, frames, st.integers())
def test_equal_seeds_give_equal_fates(link: Link, sent: list[bytes], seed: int) -> None:
    one, other = Random(seed), Random(seed)

    assert [fates(link, each, 1.0, one) for each in sent] == [
        fates(link, each, 1.0, other) for each in sent
    ]


@given(links, st.binary(min_size=14), st.integers())
def test_a_frame_takes_no_less_than_the_delay_and_no_more_than_all_of_it(
    link: Link, frame: bytes, seed: int
) -> None:
    slowest = 5.0 + link.delay + max(link.jitter + link.behind, link.late)

    for due, arriving in fates(link, frame, 5.0, Random(seed)):
        assert 5.0 + link.delay <= due <= slowest + 1e-9
        assert len(frame) == len(arriving)


@pytest.mark.parametrize(("link", "copies"), [(PERFECT, 1), (Link(drop=1), 0), (Link(double=1), 2)])
def test_certain_faults_befall_every_frame(link: Link, copies: int) -> None:
    assert copies == len(fates(link, ARP, 0.0, Random(1)))


@pytest.mark.parametrize("fault", ["drop", "double", "damage", "reorder"])
def test_one_frame_in_ten_means_one_in_ten(fault: str) -> None:
    link, dice, frame = Link(**{fault: 0.1}), Random(7), bytes(60)
    fine = [(0.0, frame)]

    struck = sum(fates(link, frame, 0.0, dice) != fine for _ in range(10_000))

    assert 900 < struck < 1_100


def test_a_reordered_frame_is_overtaken() -> None:
    flight = Flight(Link(reorder=0.5, behind=0.5), Random(4))
    sent = [bytes([number]) * 20 for number in range(40)]

    arrived = every(flight, ((number / 10, frame) for number, frame in enumerate(sent)))

    assert sent != arrived
    assert sent == sorted(arrived)


@given(st.binary(min_size=15), st.integers())
def test_damage_turns_one_bit_behind_the_header(frame: bytes, seed: int) -> None:
    arriving = damaged(frame, Random(seed))
    turned = int.from_bytes(frame, "big") ^ int.from_bytes(arriving, "big")

    assert frame[:14] == arriving[:14]
    assert (frame[12:14] != b"\x08\x06") == turned.bit_count()


def test_arp_has_no_checksum_and_stays_whole() -> None:
    assert [(0.0, ARP)] == fates(Link(damage=1), ARP, 0.0, Random(1))


@pytest.mark.parametrize("field", ["drop", "double", "damage", "reorder"])
@pytest.mark.parametrize("value", [-0.1, 1.1, 5])
def test_odds_are_from_nothing_to_certain(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} = {value}: odds are a number from 0 to 1"):
        Link(**{field: value})


@pytest.mark.parametrize("field", ["delay", "jitter", "behind"])
def test_no_frame_arrives_before_it_was_sent(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        Link(**{field: -0.1})


def test_bursts_are_as_long_and_as_many_as_they_shall_be() -> None:
    flight, frame = Flight(Link(burst=0.01, burst_time=0.05), Random(3)), bytes(60)
    lost, runs = 0, 0
    for number in range(40_000):
        now = number * 0.001
        flight.send(frame, now)
        arrived = len(list(flight.arrived(now)))
        runs += not arrived and not lost
        lost = 0 if arrived else lost + 1
    # A burst begins every 0.1 s that it does not last, and lasts 0.05 s: 40 s have 266.
    assert 230 < runs < 300


def test_a_link_is_down_from_when_until_when() -> None:
    flight = Flight(Link(down=((1, 2), (3, 4))), Random(1), began=10)
    for moment in (10.9, 11, 11.9, 12, 13.5, 14):
        flight.send(str(moment).encode(), moment)

    assert [b"10.9", b"12", b"14"] == list(flight.arrived(99))


def test_what_is_too_large_is_lost_in_silence() -> None:
    fits, does_not = bytes(14 + 1400), bytes(14 + 1401)

    assert [(0.0, fits)] == fates(Link(mtu=1400), fits, 0.0, Random(1))
    assert [] == fates(Link(mtu=1400), does_not, 0.0, Random(1))


def test_a_stale_copy_comes_when_nobody_expects_it() -> None:
    assert [(0.0, ARP), (3.0, ARP)] == fates(Link(stale=1, late=3), ARP, 0.0, Random(1))


def test_a_storm_is_of_many_copies() -> None:
    assert 20 == len(fates(Link(double=1, copies=20), ARP, 0.0, Random(1)))


def test_a_link_becomes_another_and_what_was_under_way_arrives() -> None:
    flight = Flight(Link(delay=1), Random(1))
    flight.send(b"before", 0)
    flight.become(Link(drop=1), 0.5)
    flight.send(b"meanwhile", 0.6)
    flight.become(Link(down=((1, 2),)), 10)
    flight.send(b"after", 10.5)
    flight.send(b"down", 11.5)

    assert [b"before", b"after"] == list(flight.arrived(99))


def test_nothing_arrives_before_it_is_due() -> None:
    flight = Flight(Link(delay=0.5), Random(1))
    flight.send(ARP, 1.0)

    assert flight.due == 1.5
    assert [] == list(flight.arrived(1.49))
    assert [ARP] == list(flight.arrived(1.5))
    assert flight.due is None


@pytest.fixture
def wire() -> Iterator[list[socket.socket]]:
    """A machine, its side of the link, the far side, and whoever is there."""
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
    ends = [*pairs[0], *pairs[1]]
    for each in ends:
        each.setblocking(False)
    yield ends
    for each in ends:
        each.close()


def test_the_process_carries_until_its_parent_lets_go(wire: list[socket.socket]) -> None:
    machine, near, far, other = wire
    ours, its = socket.socketpair()
    clock = iter(range(1_000)).__next__
    there = Direction(near.fileno(), far.fileno(), Flight(Link(delay=1), Random(1)), clock)
    back = Direction(far.fileno(), near.fileno(), Flight(Link(drop=1), Random(1)), clock)
    for number in range(3):
        machine.send(b"there %d" % number)
        other.send(b"back")
    there.take()
    back.take()
    there.deliver()
    ours.close()
    carry([there, back], its, clock)
    its.close()

    assert [b"there %d" % number for number in range(3)] == [other.recv(99) for _ in range(3)]
    assert (0, 0) == (there.tally.again, back.tally.again)
    assert (3, 3, 3, 0) == (
        there.tally.sent, there.tally.arrived, back.tally.sent, back.tally.arrived,
    )  # fmt: skip
