"""The desk: what happened, and what happens."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from typing import NamedTuple

import msgspec

from boots.api.desk import Refused
from boots.app.desk import paging
from boots.app.desk.house import House, asks_store
from boots.app.desk.numbers import Numbers
from boots.client.words import Boots, EventLine, Events, MachineLine
from boots.model.mac import Mac, parse
from boots.model.patterns import fits
from boots.store import history
from boots.store.history import Happened
from boots.timeline.steps import SAME
from boots.timeline.words import Boot

_ENOUGH = 1_000  # rows on a page at most
_PORTION = 500  # events that a follower gets at once, and rows of which some are left out
_FEW = 100  # of them that are looked at for who may see some: each number takes 16 µs
_LINES = 100  # machines that a follower gets at once, 2 ms or so
_BREATH = 0.2  # seconds between two portions of machines that changed
_event = msgspec.json.decode


class _Wanted(NamedTuple):
    """Which boots: of these MACs, in this state, of machines whose names fit these patterns."""

    macs: tuple[str, ...]
    state: str
    among: tuple[str, ...]


class HappenedDesk:
    """Answers what `boots.api.desk.Desk` asks of boots and events."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def boots(
        self,
        *,
        key: str = "",
        state: str = "",
        after: str = "",
        limit: int = 50,
        among: Sequence[str] = (),
    ) -> Boots:
        """Boots, the latest first; those that go on as they are at this moment."""
        house = self._house
        macs = house.macs(key) if key else ()
        limit = min(limit, _ENOUGH)
        keeping = house.keeping
        if keeping is None or keeping.trouble:
            wanted = _Wanted(macs, state, tuple(among))
            found = await asyncio.to_thread(self._remembered, wanted)
            return Boots(boots=tuple(found[:limit]))
        return await self._from_store(_Wanted(macs, state, tuple(among)), after, limit)

    def _remembered(self, wanted: _Wanted, most: int = 0) -> list[Boot]:
        """The last boots of these machines, or of `most` that were heard last."""
        timelines = self._house.history.timelines
        macs, state = wanted.macs, wanted.state
        each = [timelines.last(mac) for mac in macs] if macs else timelines.latest(most)
        known = [
            boot
            for boot in each
            if boot and (not state or boot.state.value == state) and self._fits(boot, wanted.among)
        ]
        return sorted(known, key=lambda boot: boot.started, reverse=True)

    @asks_store
    async def _from_store(self, wanted: _Wanted, after: str, limit: int) -> Boots:
        found = await self._read(wanted, paging.behind(after), limit + 1)
        boots = [self._now(boot) for boot in found]
        if not after:  # what began this moment is not written down yet
            by_mac: dict[str, list[Boot]] = {}
            for boot in boots:
                by_mac.setdefault(boot.mac, []).append(boot)
            oldest = boots[-1].started if len(boots) > limit else 0.0
            fresh = [
                boot
                for boot in self._remembered(wanted, _ENOUGH if wanted.among else limit)
                if boot.started >= oldest and not _is_among(boot, by_mac)
            ]
            boots = sorted([*boots, *fresh], key=lambda boot: (boot.started, boot.id), reverse=True)
        page = boots[:limit]
        more = len(boots) > limit
        return Boots(
            next=paging.following(page[-1].started, page[-1].id) if more else "", boots=tuple(page)
        )

    async def _read(
        self, wanted: _Wanted, before: tuple[float, str] | None, limit: int
    ) -> list[Boot]:
        """So many boots of the store; what is read further than those is said to nobody."""
        theirs: list[Boot] = []
        portion = max(limit, _ENOUGH) if wanted.among else limit
        while True:
            found = await self._house.kept().store.read(
                history.read_boots, **wanted._asdict(), before=before, limit=portion
            )
            theirs += [boot for boot in found if self._fits(boot, wanted.among)]
            if len(theirs) >= limit or len(found) < portion:
                return theirs[:limit]
            before = found[-1].started, found[-1].id

    def _fits(self, boot: Boot, among: tuple[str, ...]) -> bool:
        """Whether it is of such a machine, and was; a NIC may have been another's by then."""
        if not among:
            return True
        known = self._house.answers.world.index.by_mac.get(Mac(boot.mac))
        names = filter(None, (known.machine.name if known else "", boot.machine))
        return known is not None and all(fits(name, among) for name in names)

    def _now(self, boot: Boot) -> Boot:
        now = self._house.history.timelines.last(boot.mac)
        return now if now is not None and now.id == boot.id else boot

    @asks_store
    async def boot(self, identity: str) -> Boot:
        """One boot."""
        house = self._house
        mac = parse(identity.partition("-")[0])
        last = house.history.timelines.last(mac) if mac is not None else None
        if last is not None and last.id == identity:
            return last
        keeping = house.keeping
        found = await keeping.store.read(history.read_boot, identity) if keeping else None
        if found is None:
            raise Refused(404, "no such boot", "it is not known, or was forgotten by now")
        return found

    @asks_store
    async def events(
        self,
        *,
        key: str = "",
        kind: str = "",
        since: float = 0.0,
        until: float = 0.0,
        after: int = 0,
        latest: bool = False,
        limit: int = 200,
        among: Sequence[str] = (),
    ) -> Events:
        """Events in their order."""
        house = self._house
        limit = min(limit, _ENOUGH)
        macs = house.macs(key) if key else ()
        numbers = house.numbers(among)
        if among:
            macs = macs or await asyncio.to_thread(house.macs_among, tuple(among))
            if not macs:
                return Events()
        read = partial(
            history.read_events,
            macs=macs,
            kinds=_kinds(kind),
            since=since,
            until=until,
            latest=latest,
            among=tuple(among),
        )
        enough = limit if latest else limit + 1
        rows = await self._rows(read, numbers.meant(after), enough, latest=latest)
        more = not latest and len(rows) > limit
        lines = await asyncio.to_thread(_lines, rows[:limit], numbers)
        return Events(next=str(lines[-1].id) if more else "", events=lines)

    async def _rows(
        self, read: "partial[list[Happened]]", after: int, limit: int, *, latest: bool
    ) -> list[Happened]:
        """So many rows; what is read further than those is said to nobody."""
        theirs: list[Happened] = []
        among, before = read.keywords["among"], 0
        portion = max(limit, _PORTION) if among else limit
        while True:
            found = await self._house.kept().store.read(
                read, after=after, before=before, limit=portion
            )
            own = [each for each in found if not among or fits(each.machine, among)]
            theirs = [*own, *theirs] if latest else [*theirs, *own]
            if len(theirs) >= limit or len(found) < portion:
                return theirs[-limit:] if latest else theirs[:limit]
            before, after = (found[0].id, after) if latest else (0, found[-1].id)

    @asynccontextmanager
    async def follow_events(
        self,
        *,
        key: str = "",
        kind: str = "",
        after: int | None = None,
        among: Sequence[str] = (),
    ) -> AsyncIterator[AsyncIterator[EventLine]]:
        """Events as they are written down, a moment after they happened."""
        house = self._house
        store = house.kept().store
        macs, kinds = house.macs(key) if key else (), _kinds(kind)
        numbers = house.numbers(among)
        portion = _FEW if among else _PORTION
        async with house.history.written.watched() as woken:
            last = await store.read(history.last_event) if after is None else 0
            start = last if after is None else numbers.meant(after)

            async def lines() -> AsyncIterator[EventLine]:
                last = start
                while True:
                    woken.clear()
                    rows, last = await store.read(
                        history.read_on, macs=macs, kinds=kinds, after=last, limit=portion
                    )
                    for row in rows:
                        if not among or self._is_theirs(row, tuple(among)):
                            yield _line(row, numbers.told(row.id))
                    if len(rows) < portion:
                        await woken.wait()

            yield lines()

    def _is_theirs(self, row: Happened, among: tuple[str, ...]) -> bool:
        """Whether an event is of such a machine, and was."""
        known = self._house.answers.world.index.by_mac.get(Mac(row.mac))
        names = (row.machine, known.machine.name if known else "")
        return all(name and fits(name, among) for name in names)

    @asynccontextmanager
    async def follow_machines(self) -> AsyncIterator[AsyncIterator[Sequence[MachineLine]]]:
        """Machines' lines as they change."""
        async with self._house.history.machines.followed() as (woken, changed):

            async def lines() -> AsyncIterator[Sequence[MachineLine]]:
                while True:
                    await woken.wait()
                    woken.clear()
                    macs = list(islice(changed, _LINES))
                    for mac in macs:
                        del changed[mac]
                    found = self._lines(macs)
                    if found:
                        yield found
                    if changed:  # who was slow to take them finds many: packets have their turn
                        woken.set()
                    await asyncio.sleep(0 if changed else _BREATH)

            yield lines()

    def _lines(self, macs: Sequence[str]) -> tuple[MachineLine, ...]:
        house = self._house
        by_mac = house.answers.world.index.by_mac
        known = (by_mac.get(Mac(mac)) for mac in macs)
        machines = {each.machine.name: each.machine for each in known if each is not None}
        return tuple(house.line(machine) for machine in machines.values())


def _is_among(boot: Boot, by_mac: Mapping[str, list[Boot]]) -> bool:
    """Whether a boot is there; another server may have named it, which we hear in a moment."""
    return any(abs(each.started - boot.started) < SAME for each in by_mac.get(boot.mac, ()))


def _kinds(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _lines(rows: Sequence[Happened], numbers: Numbers) -> tuple[EventLine, ...]:
    return tuple(_line(each, numbers.told(each.id)) for each in rows)


def _line(row: Happened, number: int) -> EventLine:
    event = _event(row.body)
    return EventLine(
        id=number,
        at=row.at,
        mac=row.mac,
        kind=row.kind,
        event=event if isinstance(event, dict) else {},
        server=row.server,
    )
