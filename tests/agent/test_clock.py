"""When a machine's clock is set by the server's, and what is said of it."""

import pytest

from boots_agent.clock import right, settle

SAID = "Mon, 30 Nov 2026 11:08:00 GMT"
THEN = 1796036880.0


@pytest.mark.parametrize("off", [-59.0, 0.0, 59.0])
def test_a_clock_that_is_nearly_right_stays(off: float) -> None:
    assert None is right(THEN + off, SAID)


@pytest.mark.parametrize("off", [-3600.0, 3600.0, -8e8])
def test_a_clock_that_is_wrong_is_set(off: float) -> None:
    assert THEN == right(THEN + off, SAID)


@pytest.mark.parametrize("said", ["", "yesterday", "Mon, 99 Nov 2026 11:08:00 GMT"])
def test_a_server_that_does_not_say_the_time_sets_none(said: str) -> None:
    assert None is right(0.0, said)


def test_it_is_said_what_the_clock_was() -> None:
    said: list[str] = []
    turned: list[float] = []
    settle(0.0, SAID, turned.append, said.append)
    assert [THEN] == turned
    assert ["clock set to the server's: 2026-11-30 11:08 UTC, it said 1970-01-01 00:00"] == said


def test_a_clock_that_cannot_be_turned_stops_nothing() -> None:
    def refuse(_: float) -> None:
        raise PermissionError(1, "Operation not permitted")

    said: list[str] = []
    settle(0.0, SAID, refuse, said.append)
    assert ["the clock cannot be set: Operation not permitted"] == said
