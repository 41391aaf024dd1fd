"""What is wrong with this server now, for operators: a sink of the journal that remembers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from boots.client.words import Trouble
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.timeline.knowledge import of_server

_MOST_FAULTS = 5  # that are spelt out
_OVER = {"SUCCESS", "FAILED", "TIMEOUT"}


class Troubles:
    """Remembers what went wrong until it is right again."""

    def __init__(self) -> None:
        self._standing: dict[str, Trouble] = {}

    def standing(self) -> list[Trouble]:
        """What is wrong now, the oldest first."""
        return sorted(self._standing.values(), key=lambda each: each.since)

    def write(self, entries: Sequence[Entry]) -> None:
        """Take what the journal heard."""
        for entry in entries:
            heed = _HEEDED.get(type(entry.event))
            if heed is not None:
                heed(self, entry.event, entry.at)

    def close(self) -> None:
        """Nothing is kept."""

    def note(self, what: str, at: float, said: str, advice: str, code: str = "") -> None:
        """Something is wrong; it is so since it was noted first."""
        known = self._standing.get(what)
        since = known.since if known is not None else at
        self._standing[what] = Trouble(since=since, what=said, advice=advice, code=code)

    def over(self, what: str) -> None:
        """It is right again."""
        self._standing.pop(what, None)


def _records(troubles: Troubles, event: events.RecordsRefused, at: float) -> None:
    faults = event.faults
    more = len(faults) - _MOST_FAULTS
    said = "; ".join(faults[:_MOST_FAULTS]) + (f"; and {more} more" if more > 0 else "")
    advice = "the last good records stay in force; mend these, they are read as they are saved"
    troubles.note("records", at, f"records refused: {said}", advice)


def _loaded(troubles: Troubles, _event: events.RecordsLoaded, _at: float) -> None:
    troubles.over("records")
    troubles.over("settings")


def _settings(troubles: Troubles, event: events.SettingsRefused, at: float) -> None:
    troubles.note(
        "settings", at, f"settings refused: {event.why}", "the running ones stay in force"
    )


def _store(troubles: Troubles, event: events.StoreTroubled, at: float) -> None:
    found = of_server(event.why, at)
    troubles.note("store", at, found.title, found.advice, found.code)


def _stored(troubles: Troubles, _event: events.StoreRecovered, _at: float) -> None:
    troubles.over("store")


def _interface(troubles: Troubles, event: events.InterfaceTroubled, at: float) -> None:
    advice = "put it back as it was; or change the settings, and restart the server"
    said = f"{event.interface}: {event.why}"
    troubles.note(f"interface {event.interface}", at, said, advice)


def _back(troubles: Troubles, event: events.InterfaceReturned, _at: float) -> None:
    troubles.over(f"interface {event.interface}")


def _ticket(troubles: Troubles, event: events.TicketRefused, at: float) -> None:
    if event.again:
        said = f"the ticket of {event.mac} for run {event.run} came a second time, by {event.peer}"
        advice = (
            "if that machine restarted just now the first answer was lost; else somebody else"
            " has seen its kernel's command line: cancel the run, and look who"
        )
        troubles.note(f"ticket {event.run}", at, said, advice)


def _run(troubles: Troubles, event: events.RunChanged, _at: float) -> None:
    if event.state in _OVER:
        troubles.over(f"ticket {event.run}")


_HEEDED: Mapping[type[AnyEvent], Callable[[Troubles, Any, float], None]] = {
    events.RecordsRefused: _records,
    events.RecordsLoaded: _loaded,
    events.SettingsRefused: _settings,
    events.StoreTroubled: _store,
    events.StoreRecovered: _stored,
    events.InterfaceTroubled: _interface,
    events.InterfaceReturned: _back,
    events.TicketRefused: _ticket,
    events.RunChanged: _run,
}
