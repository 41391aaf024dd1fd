"""How many machines are in which state."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from boots.app.desk.house import House
from boots.machines.index import Index
from boots.model.mac import Mac
from boots.timeline.words import Boot, State

_COUNTED = 0.5  # seconds for which the counts of states are good
_AT_ONCE = 250  # machines that are counted in a turn, in half a millisecond


class _Counted(NamedTuple):
    """How many machines of an index were in which state at a moment."""

    counts: Mapping[str, int]
    at: float
    of: Index


class States:
    """Counts them, for all who ask in the same half second once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._counting = asyncio.Lock()
        self._counted: dict[tuple[str, ...], _Counted] = {}

    async def count(self, among: tuple[str, ...] = ()) -> Mapping[str, int]:
        """How many machines are in which state, half a second ago at the earliest."""
        async with self._counting:  # who asks meanwhile shares the work
            now, index = self._house.clock(), self._index
            known = {
                patterns: each
                for patterns, each in self._counted.items()
                if 0 <= now - each.at < _COUNTED and each.of is index
            }
            if among not in known:
                counts = await (self._of(among) if among else self._of_all())
                known[among] = _Counted(counts, now, index)
            self._counted = known
        return known[among].counts

    @property
    def _index(self) -> Index:
        return self._house.answers.world.index

    async def _of_all(self) -> Mapping[str, int]:
        counts = dict.fromkeys((state.value for state in State), 0)
        index = self._index
        for number, boot in enumerate(self._house.history.timelines.latest()):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)  # packets have their turn
            if boot.machine in index.by_name or boot.mac in index.by_mac:
                counts[boot.state.value] += 1
        counts[State.UNSEEN.value] = max(0, len(index.machines) - sum(counts.values()))
        return counts

    async def _of(self, among: tuple[str, ...]) -> Mapping[str, int]:
        """The same of machines whose names fit these patterns."""
        index = self._index
        names = await asyncio.to_thread(lambda: self._house.roster().among(among))
        last: dict[str, Boot] = {}
        for number, boot in enumerate(self._house.history.timelines.latest()):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)  # packets have their turn
            name = boot.machine
            if name not in index.by_name:  # its record is newer than the boot
                known = index.by_mac.get(Mac(boot.mac))
                name = known.machine.name if known is not None else ""
            if name in names and (name not in last or last[name].started < boot.started):
                last[name] = boot
        counts = dict.fromkeys((state.value for state in State), 0)
        for boot in last.values():
            counts[boot.state.value] += 1
        counts[State.UNSEEN.value] = len(names) - len(last)
        return counts
