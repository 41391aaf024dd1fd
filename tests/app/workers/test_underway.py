"""What is told of transfers whose worker is gone."""

from boots.app.workers.underway import Underway
from boots.journal import events
from boots.journal.events import AnyEvent, Entry

WHO = {"mac": "m", "peer": "10.0.0.1:2000", "door": "tftp"}
FINISHED = events.TransferFinished(**WHO, name="a", size=9, seconds=1)
PROBED = events.TransferProbed(**WHO, name="a", size=9)


def started(name: str) -> AnyEvent:
    return events.TransferStarted(**WHO, name=name, size=9)


def lost(*heard: AnyEvent) -> list[str]:
    underway = Underway()
    underway.hear([Entry(0, event) for event in heard])
    return [event.name for event in underway.lost("gone")]


def test_who_has_no_end_failed() -> None:
    underway = Underway()
    underway.hear([Entry(0, started("a"))])

    assert [events.TransferFailed(**WHO, name="a", sent=0, why="gone")] == list(
        underway.lost("gone")
    )
    assert [] == list(underway.lost("gone"))


def test_who_has_an_end_needs_no_other() -> None:
    assert ["b"] == lost(started("a"), started("b"), FINISHED)
    assert ["a"] == lost(started("a"), started("a"), PROBED)


def test_a_probe_without_a_beginning_takes_none_away() -> None:
    assert ["a"] == lost(PROBED, started("a"))
