"""Inputs that a fuzzer found: each goes through its door again, and in time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fuzz import places
from fuzz.target import Target
from fuzz.targets import every
from fuzz.timing import ON_LOOP, seconds

TARGETS = every()
_ROOM = 100_000


def inputs(target: Target) -> Iterator[tuple[str, bytes]]:
    for number, data in enumerate(target.seeds()):
        yield f"seed {number}", data
    for path in places.kept(target.name):
        yield path.name, path.read_bytes()


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_what_was_found_is_taken_or_refused_and_in_time_where_others_wait(target: Target) -> None:
    for name, data in inputs(target):
        try:
            took = seconds(target.run, data, ON_LOOP if target.on_loop else float("inf"))
        except Exception as error:
            error.add_note(f"the input is {name} of {target.name}")
            raise
        assert took < ON_LOOP or not target.on_loop, name


def test_every_input_belongs_to_a_target() -> None:
    assert set() == {path.name for path in places.KEPT.glob("*")} - TARGETS.keys()


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_kept_is_small(name: str) -> None:
    assert _ROOM > sum(path.stat().st_size for path in places.kept(name))


def test_every_target_has_seeds() -> None:
    assert [] == [target.name for target in TARGETS.values() if not list(target.seeds())]


def test_vectors_lie_where_the_tests_look() -> None:
    assert Path(__file__).parent.parent / "vectors" / "fuzz" == places.KEPT
