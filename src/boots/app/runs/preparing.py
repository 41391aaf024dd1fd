"""Runs that wait for their machines to tell what they are made of."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from boots.app.runs.keeper import Keeper
from boots.app.runs.making import Find, Made, Seen, make
from boots.app.runs.words import Kept
from boots.model.machine import Machine
from boots.store import edges, seen
from boots.store.store import Store
from boots.workflow.advancing import advance
from boots.workflow.happened import Prepared
from boots.workflow.run import State, begin

_LARGEST = 1 << 20  # characters of an inventory


class Seeing:
    """What the store knows of machines; `images` gives those of ours, with their sizes.

    `containers`: images that are no native action are run.
    """

    def __init__(
        self,
        store: Store,
        find: Find,
        images: Callable[[], Mapping[str, int]],
        *,
        containers: bool = False,
    ) -> None:
        self._store = store
        self._images = images
        self._containers = containers
        self.find = find

    async def of(self, names: list[str], fresh: Mapping[str, Any] | None = None) -> Seen:
        """What is known of these; `fresh` are inventories that came this moment.

        Raises:
            StoreAway: it does not answer.
        """
        machines = [each for name in names if (each := self.find(name)) is not None]
        inventories = {each.name: await self._inventory(each) for each in machines}
        told = {name: each for name, each in inventories.items() if each is not None}
        known = {each.name: await self._store.read(edges.known, each.name) for each in machines}
        images = await asyncio.to_thread(self._images)
        told |= fresh or {}
        return Seen(self.find, told, known, images, self._containers)

    async def knows(self, name: str) -> bool:
        """Whether it is known what a machine is made of.

        Raises:
            StoreAway: the store does not answer.
        """
        machine = self.find(name)
        return machine is None or await self._inventory(machine) is not None

    async def _inventory(self, machine: Machine) -> Any:
        own = [str(each.mac) for each in machine.interfaces]
        found = await self._store.read(seen.read_inventories, own, _LARGEST)
        last = max(found.values(), key=lambda each: each.at, default=None)
        return msgspec.json.decode(last.body) if last is not None else None


class Preparing:
    """Makes runs again that wait for inventories."""

    def __init__(self, keeper: Keeper, seeing: Seeing, clock: Callable[[], float]) -> None:
        self._keeper = keeper
        self._seeing = seeing
        self._clock = clock

    async def knows(self, name: str) -> bool:
        """As `Seeing` has it."""
        return await self._seeing.knows(name)

    async def prepare(self, run: str, fresh: Mapping[str, Any] | None = None) -> Kept:
        """Have a run go on if all is known by now that it waits for.

        Raises:
            NoRun, StoreAway: nothing was changed.
        """
        kept = await self._keeper.one(run)
        if not kept.waits or kept.run.is_final:
            return kept
        seen = await self._seeing.of([each.name for each in kept.machines], fresh)
        made = await asyncio.to_thread(make, kept.given, seen)
        return await self._keeper.change(run, lambda kept: prepared(kept, made, self._clock()))


def prepared(kept: Kept, made: Made, now: float) -> Kept:
    """A run with what came of its inventory; with a note where it cannot begin."""
    if not kept.waits or kept.run.is_final or made.waits:
        return kept
    problems = [*map(str, made.mistakes), *made.faults]
    workers = [each.worker for each in made.machines]
    if not problems and workers != [each.worker for each in kept.machines]:
        problems = ["its machines have other records by now"]
    if problems or made.template is None:
        note = "; ".join(problems)
        return kept if note == kept.note else replace(kept, note=note)
    steps = begin(kept.run.id, made.template, now).steps
    run = replace(kept.run, steps=steps, state=State.PREPARING)
    return replace(
        kept,
        run=advance(run, Prepared(), now),
        template=made.text,
        machines=made.machines,
        disks=made.disks,
        note="",
        waits=False,
    )
