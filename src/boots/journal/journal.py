"""The journal: every door tells it what happened; sinks write that down, off the hot path."""

from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Protocol

from boots.journal.events import AnyEvent, Entry

# More would hold up the doors while it is written down: lines of a console may be long.
_MOST = 32


class Sink(Protocol):
    """Somewhere entries are written to, a batch at a time, in the order of their recording."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Write them.  A sink that cannot must say so elsewhere, not raise."""

    def close(self) -> None:
        """Nothing more will come."""


class Journal:
    """Collects entries and hands them to the sinks in batches.

    `clock` gives seconds since 1970.  `later` is called with `flush` when the first entry of a
    batch arrives, and runs it soon: in a server ``loop.call_later``, in a test at once.  A batch
    that has grown large does not wait for it.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        clock: Callable[[], float],
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        self._sinks = sinks
        self._clock = clock
        self._later = later
        self._waiting: list[Entry] = []
        self._asked = False

    def record(self, event: AnyEvent) -> None:
        """Take note of an event, now."""
        waiting = self._waiting
        waiting.append(Entry(self._clock(), event))
        if not self._asked:
            self._asked = True
            self._later(self._due)
        elif len(waiting) >= _MOST:
            self.flush()

    def take(self, entries: Sequence[Entry]) -> None:
        """Take what another process recorded, as it stands."""
        self._waiting += entries
        if not self._asked:
            self._asked = True
            self._later(self._due)
        elif len(self._waiting) >= _MOST:
            self.flush()

    def flush(self) -> None:
        """Hand what waits to the sinks.

        What they begin is nobody's deed, whoever recorded the first or the last of it.
        """
        entries, self._waiting = self._waiting, []
        if entries:
            Context().run(self._hand, entries)

    def _hand(self, entries: Sequence[Entry]) -> None:
        for sink in self._sinks:
            sink.write(entries)

    def _due(self) -> None:
        self._asked = False
        self.flush()

    def close(self) -> None:
        """Flush, and close the sinks."""
        self.flush()
        self.flush()  # what the sinks had to tell of that
        # What is told from now on, as by a thread that ends last, has nobody to hear it.
        sinks, self._sinks = self._sinks, ()
        for sink in sinks:
            sink.close()
