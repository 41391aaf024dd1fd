"""What the journal records: every event is described, typed, and the same after a round trip."""

from typing import get_args

import msgspec
import pytest

from boots.journal import events
from boots.journal.events import AnyEvent, Entry, Event

EVENTS: tuple[type[Event], ...] = get_args(AnyEvent)
_VALUES = {
    str: 'a "text"\n\x1b[31m ä',
    int: -1,
    float: 0.25,
    bool: True,
    list[str]: ["one", "two"],
    dict[str, object]: {"disks": [{"name": "vda", "bytes": 1 << 40}], "nothing": None},
}


def sample(kind: type[Event]) -> Event:
    """An event of a kind, with a value in every field."""
    fields = msgspec.structs.fields(kind)
    return kind(**{field.name: _VALUES[field.type] for field in fields})


each_event = pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)


@each_event
def test_an_event_is_the_same_after_a_round_trip(kind: type[Event]) -> None:
    entry = Entry(1_700_000_000.25, sample(kind))
    assert entry == events.decode(events.encode(entry))


@each_event
def test_an_event_is_one_line_of_json_with_its_name(kind: type[Event]) -> None:
    raw = events.encode(Entry(1.0, sample(kind)))
    assert b"\n" not in raw
    assert kind.__name__ == msgspec.json.decode(raw)["event"]["event"]


@each_event
def test_an_event_says_what_it_means(kind: type[Event]) -> None:
    assert kind.__doc__
    assert kind.__doc__.partition("\n")[0].endswith((".", ";"))


@each_event
def test_an_event_is_named_in_the_past_tense(kind: type[Event]) -> None:
    past = ("ed", "Sent", "Seen", "Broken", "Withheld", "Line", "Doubtful")  # or what was said
    assert kind.__name__.endswith(past)


@each_event
def test_every_field_has_a_plain_type(kind: type[Event]) -> None:
    assert {field.type for field in msgspec.structs.fields(kind)} <= set(_VALUES)


@each_event
def test_an_event_cannot_be_changed(kind: type[Event]) -> None:
    event = sample(kind)
    with pytest.raises(AttributeError):
        event.mac = ""  # type: ignore[attr-defined]


def test_every_event_can_be_recorded() -> None:
    assert set(Event.__subclasses__()) == set(EVENTS)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b'{"at":1,"event":{"event":"Nonsense"}}', b'{"at":1,"event":{"event":"NakSent"}}'],
)
def test_what_is_no_entry_is_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        events.decode(raw)


def test_a_field_of_a_later_version_is_passed_over() -> None:
    raw = b'{"at":1.0,"event":{"event":"ServerStopped","why":"SIGTERM","later":1},"more":2}'
    assert Entry(1.0, events.ServerStopped(why="SIGTERM")) == events.decode(raw)
