"""Waking who looks on: each follower has its own, so that a slow one holds nobody up."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager


class Flag:
    """Wakes all who wait for something to happen, each time that it does."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Event] = []

    def wave(self) -> None:
        """It happened."""
        for each in self._waiting:
            each.set()

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set when it happens; who waits clears it."""
        mine = asyncio.Event()
        self._waiting.append(mine)
        try:
            yield mine
        finally:
            self._waiting = [each for each in self._waiting if each is not mine]


class Changed:
    """What changed since each follower took it last; the same twice is once."""

    def __init__(self) -> None:
        self._flag = Flag()
        self._followers: list[dict[str, None]] = []

    def note(self, names: Iterable[str]) -> None:
        """These changed."""
        fresh = dict.fromkeys(names)
        for each in self._followers:
            each.update(fresh)
        if fresh:
            self._flag.wave()

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[tuple[asyncio.Event, dict[str, None]]]:
        """What changes from now on gathers in the mapping, and the event says that it did."""
        mine: dict[str, None] = {}
        self._followers.append(mine)
        try:
            async with self._flag.watched() as woken:
                yield woken, mine
        finally:
            self._followers = [each for each in self._followers if each is not mine]
