"""A server that stops serves those on that it has sent here, and takes nobody else."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from boots.journal import events
from boots.journal.events import AnyEvent, Entry

QUIET = 5.0
"""Seconds after which nobody is on the way here any more: a transfer tells of itself each second,
and a machine that has its address asks for its boot file sooner."""

_BUSY: frozenset[type[AnyEvent]] = frozenset(
    {
        events.OfferSent,
        events.AckSent,
        events.TransferStarted,
        events.TransferProgressed,
        events.TransferFinished,
        events.ScriptServed,
        events.FileRendered,
    }
)


class Draining:
    """A sink that knows when a machine last wanted something.  `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = float("-inf")
        self.hurry = asyncio.Event()
        """Somebody does not want to wait."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Take what happened."""
        if any(type(entry.event) in _BUSY for entry in entries):
            self._last = self._clock()

    def close(self) -> None:
        """Nothing is kept here."""

    @property
    def left(self) -> float:
        """Seconds until nobody is on the way here, if nobody asks any more."""
        return self._last + QUIET - self._clock()

    async def wait(self, seconds: float) -> None:
        """Wait until it is quiet, somebody is in a hurry, or so many seconds are over."""
        until = self._clock() + seconds
        while not self.hurry.is_set():
            left = min(self.left, until - self._clock())
            if left <= 0:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self.hurry.wait()
