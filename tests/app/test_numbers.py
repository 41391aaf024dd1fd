"""Numbers that are told in place of rows' own."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from boots.app.desk.numbers import Numbers

NUMBERS = Numbers(b"the key of this server is this, ")
OF_ROWS = st.integers(1, 2**52 - 1)


@given(OF_ROWS)
def test_what_is_told_is_what_was_meant(number: int) -> None:
    told = NUMBERS.told(number)
    assert 0 < told < 2**52
    assert number == NUMBERS.meant(told)


@given(OF_ROWS)
def test_any_number_may_be_asked_for(told: int) -> None:
    assert told == NUMBERS.told(NUMBERS.meant(told))


def test_no_two_rows_have_the_same_and_they_are_in_no_order() -> None:
    told = [NUMBERS.told(number) for number in range(1, 5000)]
    assert len(told) == len(set(told))
    rising = sum(one < other for one, other in pairwise(told))
    assert 2300 < rising < 2700


def test_before_and_behind_all_rows_stay_there() -> None:
    for number in (-1, 0, 2**52, 2**60):
        assert number == NUMBERS.told(number) == NUMBERS.meant(number)


def test_another_key_tells_others() -> None:
    assert NUMBERS.told(1) != Numbers(b"").told(1)
