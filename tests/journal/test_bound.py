"""The bound of the log: so many in each second, and a count of all the others."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from boots.journal.bound import Bound

_TIMES = st.floats(0, 5)
_ASKED = st.lists(st.tuples(_TIMES, st.sampled_from(["OfferSent", "AckSent", "ScriptServed"])))


def test_a_second_has_room_for_so_many_and_the_next_for_as_many_again() -> None:
    bound = Bound(2)
    admitted = [bound.admits(at, "AckSent") for at in (7.0, 7.1, 7.2, 7.9, 8.0, 8.5, 8.6)]
    assert [True, True, False, False, True, True, False] == admitted


def test_what_has_no_room_is_counted_by_its_kind_until_the_counts_are_taken() -> None:
    bound = Bound(1)
    for kind in ("AckSent", "AckSent", "OfferSent", "AckSent"):
        bound.admits(3.5, kind)
    assert 3.5 == bound.latest
    assert {"AckSent": 2, "OfferSent": 1} == bound.taken()
    assert {} == bound.taken() == bound.left_out


def test_a_clock_that_is_set_back_does_not_end_the_log() -> None:
    bound = Bound(1)
    assert [True, False] == [bound.admits(1000.0, "AckSent"), bound.admits(1000.1, "AckSent")]
    assert bound.admits(500.0, "AckSent")


def test_0_is_no_bound() -> None:
    bound = Bound(0)
    assert all(bound.admits(1.0, "AckSent") for _ in range(5000))
    assert {} == bound.left_out


@given(st.integers(1, 20), _ASKED)
def test_nothing_is_lost_count_of_and_no_second_has_too_many(
    most: int, asked: list[tuple[float, str]]
) -> None:
    bound = Bound(most)
    asked = sorted(asked, key=lambda each: each[0])
    admitted = [(at, kind) for at, kind in asked if bound.admits(at, kind)]

    in_a_second = Counter(int(at) for at, _ in admitted)
    wanted = Counter(int(at) for at, _ in asked)
    assert in_a_second == {second: min(most, count) for second, count in wanted.items()}
    assert Counter(kind for _, kind in asked) == (
        Counter(kind for _, kind in admitted) + Counter(bound.taken())
    )
