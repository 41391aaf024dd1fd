"""Who was told under an order of once: a file that outlives a kill and does not grow for ever."""

from pathlib import Path

import pytest

from boots.app.told import Line, Told

NOW = 1_800_000_000.0


class Clock:
    """A clock of our own."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def test_what_one_process_notes_another_reads(tmp_path: Path) -> None:
    one, two = (Told(tmp_path / "told", lambda: NOW) for _ in range(2))
    assert [] == one.read()
    one.note("n1", NOW - 5)
    two.note('n "2"', NOW - 6)
    assert [Line("n1", NOW - 5, NOW), Line('n "2"', NOW - 6, NOW)] == one.read()
    assert 0o600 == (tmp_path / "told").stat().st_mode & 0o777


@pytest.mark.parametrize("torn", [b'["n2",18', b"\xff\n", b"[]\n", b"\n"])
def test_a_line_that_was_torn_says_nothing(tmp_path: Path, torn: bytes) -> None:
    told = Told(tmp_path / "told", lambda: NOW)
    told.note("n1", NOW)
    with (tmp_path / "told").open("ab") as file:
        file.write(torn)
    assert [Line("n1", NOW, NOW)] == told.read()


def test_where_it_cannot_be_written_the_machine_boots_all_the_same(tmp_path: Path) -> None:
    told = Told(tmp_path / "nowhere" / "told", lambda: NOW)
    told.note("n1", NOW)
    told.tidy()
    assert [] == told.read()


def test_what_the_store_has_by_now_goes_once_there_is_much_of_it(tmp_path: Path) -> None:
    clock = Clock()
    told = Told(tmp_path / "told", clock)
    for number in range(2000):
        told.note(f"machine-{number}", NOW)
    told.tidy()
    assert 2000 == len(told.read()), "the store may not have heard of these"
    clock.now += 3600
    told.note("late", NOW)
    told.tidy()
    assert [Line("late", NOW, NOW + 3600)] == told.read()
    clock.now += 3600
    told.tidy()
    assert 1 == len(told.read()), "little is left as it is"
