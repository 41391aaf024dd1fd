"""The transfers of one worker that have no end yet, in case they get none."""

from collections import Counter
from collections.abc import Iterator, Sequence

from boots.journal import events
from boots.journal.events import Entry

_ENDS = (events.TransferFinished, events.TransferFailed, events.TransferProbed)


class Underway:
    """Counts transfers by who, where and what."""

    def __init__(self) -> None:
        self._open: Counter[tuple[str, str, str, str]] = Counter()

    def hear(self, entries: Sequence[Entry]) -> None:
        """Take what happened."""
        for entry in entries:
            event = entry.event
            if isinstance(event, events.TransferStarted):
                self._open[event.mac, event.peer, event.door, event.name] += 1
            elif isinstance(event, _ENDS):
                key = (event.mac, event.peer, event.door, event.name)
                self._open[key] -= 1
                if self._open[key] <= 0:  # probes have no beginning
                    del self._open[key]

    def lost(self, why: str) -> Iterator[events.TransferFailed]:
        """What is to be told of those that are open still; how far they were nobody knows."""
        for mac, peer, door, name in self._open.elements():
            yield events.TransferFailed(mac=mac, peer=peer, door=door, name=name, sent=0, why=why)
        self._open.clear()
