"""Records as a person writes them into a page."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boots.api.desk import Refused
from boots.web import looks, records


def refusal(text: str) -> Refused:
    with pytest.raises(Refused) as refused:
        records.read(text)
    return refused.value


def test_a_mac_of_digits_stays_what_was_written() -> None:
    assert {"name": "one", "mac": "52:54:00:12:34:56"} == records.read(
        "name: one\nmac: 52:54:00:12:34:56\n"
    )


def test_json_is_read_too() -> None:
    assert {"name": "one", "tags": ["a"]} == records.read('{"name": "one", "tags": ["a"]}')


def test_a_mistake_is_told_with_its_place() -> None:
    assert refusal("name: one\n  mac: [\n").detail.startswith("line 2, column")


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b", "[]"])
def test_what_is_no_mapping_is_refused_with_advice(text: str) -> None:
    assert "write lines such as  name: one" == refusal(text).detail


def test_names_that_stand_for_others_are_refused() -> None:
    assert 400 == refusal("a: &a [x]\nb: [*a, *a]\n").status


def test_a_text_that_is_too_long_is_refused() -> None:
    assert 413 == refusal("a" * 70_000).status


def test_brackets_without_an_end_are_refused_at_once() -> None:
    began = time.process_time()
    assert 400 == refusal("[" * 60_000).status
    assert 400 == refusal("{a: " * 15_000).status
    assert time.process_time() - began < 0.5


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(records.read(text), dict)


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), min_size=1, max_size=4))
def test_what_a_page_shows_of_a_record_is_read_as_that(record: dict[str, str]) -> None:
    assert record == records.read(looks.record(record))


@pytest.mark.parametrize(
    ("record", "has"),
    [
        ({"name": "one"}, False),
        ({"bmc": {"url": "https://10.8.0.1"}}, True),
        ({"spec": {"bmcRef": {"name": "one-bmc"}}}, True),
        ({"spec": None}, False),
        (None, False),
        ("name: one", False),
    ],
)
def test_a_bmc_is_found_in_both_forms(record: object, has: bool) -> None:
    assert has == records.has_bmc(record)
