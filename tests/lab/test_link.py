"""What a bad link does: nothing by itself, and with equal dice the same."""

import socket
from collections.abc import Iterable, Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boots.lab.emulator import Direction, carry
from boots.lab.link import PERFECT, Flight, Link, damaged, fates

ARP = bytes(12) + b"\x08\x06" + bytes(28)
frames = st.lists(st.binary(min_size=14, max_size=80), max_size=40)
odds = st.floats(0, 1)
times = st.floats(0, 1)
links = st.builds(Link, odds, odds, odds, odds, times, times, times)


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
    slowest = 5.0 + link.delay + link.jitter + link.behind

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
    assert (3, 3, 3, 0) == (
        there.tally.sent, there.tally.arrived, back.tally.sent, back.tally.arrived,
    )  # fmt: skip
