"""The runs that are not over, as they are in force; each change is in the store before.

What happens to a run is written with the revision that it was seen at.  Where another server was
quicker, the run is read anew and the event applied to that: it may change nothing any more.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable

from msgspec.structs import replace
from sqlalchemy import Connection

from boots.app.following import Flag
from boots.app.runs import telling
from boots.app.runs.words import Kept, read, row
from boots.journal.events import AnyEvent
from boots.store import changes, freezes, run_lines
from boots.store import runs as rows
from boots.store.freezes import Freeze
from boots.store.run_lines import Heard, Line
from boots.store.runs import Conflict
from boots.store.store import Store
from boots.workflow.advancing import advance
from boots.workflow.due import deadline
from boots.workflow.happened import Event

_MOST_OVER = 256
"""Runs that are over and still in memory: their agents ask on for a moment."""

How = Callable[[Kept], Kept]
"""What becomes of a run; the same value where nothing does."""


class NoRun(Exception):
    """There is no such run."""


class Keeper:
    """Runs by their ids, and which one each machine has.

    `clock` gives seconds since 1970, `tell` tells the journal.  `moved` hears of each machine
    that has a run, another one, or none any more.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        tell: Callable[[AnyEvent], None],
        moved: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.live: dict[str, Kept] = {}
        self.frozen = Freeze()
        self.deadlines: dict[str, float] = {}
        """When time matters next to each run."""
        self.due = asyncio.Event()
        """Set when the next of them may be sooner."""
        self.moved = moved
        self._tell = tell
        self._turn = asyncio.Lock()
        self._over: OrderedDict[str, Kept] = OrderedDict()
        self._by_machine: dict[str, str] = {}
        self._flags: defaultdict[str, Flag] = defaultdict(Flag)
        self._heard: dict[tuple[str, str], Heard] = {}

    # --- to ask

    def of(self, machine: str) -> Kept | None:
        """The run of a machine that is not over."""
        id_ = self._by_machine.get(machine)
        return self.live.get(id_) if id_ is not None else None

    def machines(self) -> Iterable[str]:
        """Those that have one."""
        return list(self._by_machine)

    async def one(self, id_: str) -> Kept:
        """A run, over or not.

        Raises:
            NoRun: there is none.
            StoreAway: it is not in memory.
        """
        known = self.live.get(id_) or self._over.get(id_)
        if known is not None:
            return known
        return await self.fresh(id_)

    async def fresh(self, id_: str) -> Kept:
        """A run as the store has it: another server may have changed it this moment.

        Raises:
            NoRun: there is none.
            StoreAway: it does not answer.
        """
        found = await self.store.read(rows.one, id_)
        if found is None:
            self._drop(id_)
            raise NoRun(id_)
        return self._put(read(found))

    async def waiting_for(self, machine: str) -> Kept | None:
        """The run of a machine that is not over, by the store: another server may have begun it."""
        id_ = await self.store.read(rows.holding, machine)
        return await self.fresh(id_) if id_ else None

    def took(self, found: rows.Row) -> Kept:
        """A run of a row of the store, or as it is by now."""
        known = self.live.get(found.id) or self._over.get(found.id)
        return known if known is not None and known.revision >= found.revision else read(found)

    def flag(self, id_: str) -> Flag:
        """Waves when something of a run changes."""
        return self._flags[id_]

    # --- to take up

    async def load(self) -> None:
        """Have in force what the store says.  Raises `StoreAway`."""
        found = await self.store.read(rows.alive)
        ids = {each.id for each in found}
        for each in found:
            self._put(read(each))
        await self.take_up(id_ for id_ in [*self.live] if id_ not in ids)
        await self.thaw_or_freeze()

    async def take_up(self, ids: Iterable[str]) -> None:
        """Have in force what others wrote of these.  Raises `StoreAway`."""
        for id_ in ids:
            found = await self.store.read(rows.one, id_)
            if found is not None:
                self._put(read(found))
            elif id_ in self.live:
                self._drop(id_)

    async def thaw_or_freeze(self) -> None:
        """Have in force what the store says of the freeze.  Raises `StoreAway`."""
        self.frozen = await self.store.read(freezes.read)
        self.wake_all()

    def wake_all(self) -> None:
        """Have all who wait look again."""
        for id_ in self.live:
            self._flags[id_].wave()

    # --- to change

    async def create(
        self, kept: Kept, along: Callable[[Connection], None] = lambda _: None
    ) -> Kept:
        """Begin with a run; what is written `along` with it is so in the same moment.

        Raises:
            Busy: a machine of it has another one.
            StoreAway: nothing was changed.
        """
        names = [each.name for each in kept.machines]

        def write(connection: Connection) -> None:
            rows.create(connection, row(kept), names, at=self.clock(), server=self.store.me)
            along(connection)

        async with self._turn:
            await self.store.write(write)
            made = self._put(kept)
        self._told(None, made)
        return made

    async def change(self, id_: str, how: How, *, most_writing: int = 0) -> Kept:
        """Have something become of a run: written, then in force.

        Raises:
            NoRun: there is none.
            Held: with `most_writing`, no more may write now.
            StoreAway: nothing was changed.
        """
        async with self._turn:
            before = await self.one(id_)
            while True:
                after = how(before)
                if after is before:
                    return before
                after = replace(after, revision=before.revision + 1)
                try:
                    await self.store.write(
                        rows.replace,
                        row(after),
                        at=self.clock(),
                        server=self.store.me,
                        most_writing=most_writing,
                    )
                except Conflict:
                    before = await self.fresh(id_)
                    continue
                break
            made = self._put(after)
        self._told(before, made)
        return made

    async def happen(self, id_: str, *happened: Event, most_writing: int = 0) -> Kept:
        """Have these happen to a run, one after the other.  Raises as `change`."""

        def how(kept: Kept) -> Kept:
            run = kept.run
            now = self.clock()
            for event in happened:
                run = advance(run, event, now)
            return kept if run is kept.run else replace(kept, run=run)

        return await self.change(id_, how, most_writing=most_writing)

    async def freeze(self, freeze: Freeze) -> None:
        """Freeze all writing, or allow it again.  Raises `StoreAway`."""
        await self.store.write(freezes.give, freeze, server=self.store.me)
        self.frozen = freeze
        self.wake_all()

    # --- what agents say besides

    async def hear(self, id_: str, worker: str, heard: Heard, lines: list[Line]) -> Heard:
        """Keep what an agent said, and how far it is.  Raises `StoreAway`."""
        now = await self.store.write(run_lines.hear, id_, worker, heard, lines)
        self.note(id_, worker, now)
        return now

    def note(self, id_: str, worker: str, heard: Heard) -> None:
        """Know how far an agent is, without writing it down."""
        if id_ in self.live:
            self._heard[id_, worker] = heard
        self._flags[id_].wave()

    def heard(self, id_: str, worker: str) -> Heard | None:
        """What was heard of an agent last, by this server."""
        return self._heard.get((id_, worker))

    # --- in force

    def _put(self, kept: Kept) -> Kept:
        """Have a run in force as it is here, unless a later one is."""
        id_ = kept.run.id
        known = self.live.get(id_) or self._over.get(id_)
        if known is not None and known.revision >= kept.revision:
            return known
        if kept.run.is_final:
            self._drop(id_)
            self._over[id_] = kept
            while len(self._over) > _MOST_OVER:
                gone, _ = self._over.popitem(last=False)
                self._flags.pop(gone, None)
        else:
            self.live[id_] = kept
            self._due(id_, kept)
            for each in kept.machines:
                self._by_machine[each.name] = id_
                self.moved(each.name)
        self._flags[id_].wave()
        if known is not None and known.writing and not kept.writing:
            self.wake_all()  # somebody may wait for its place
        return kept

    def _due(self, id_: str, kept: Kept) -> None:
        at = deadline(kept.run)
        if at is None:
            self.deadlines.pop(id_, None)
            return
        if at < min(self.deadlines.values(), default=float("inf")):
            self.due.set()
        self.deadlines[id_] = at

    def _drop(self, id_: str) -> None:
        gone = self.live.pop(id_, None)
        self.deadlines.pop(id_, None)
        for each in gone.machines if gone is not None else ():
            self._heard.pop((id_, each.worker), None)
            if self._by_machine.get(each.name) == id_:
                del self._by_machine[each.name]
                self.moved(each.name)

    def _told(self, before: Kept | None, after: Kept) -> None:
        for event in telling.told(before, after):
            self._tell(event)


def news(found: Iterable[changes.Change], me: str) -> tuple[set[str], bool]:
    """Which runs others changed, and whether somebody froze or thawed."""
    others = [each for each in found if each.server != me]
    ids = {each.key for each in others if each.what == changes.RUN}
    return ids, any(each.what == changes.FREEZE for each in others)
