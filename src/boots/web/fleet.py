"""The fleet at a glance: counts, troubles, and a table of machines that is alive."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from boots.api.asked import Asked
from boots.api.desk import Refused
from boots.client.words import Health, MachineLine, Machines
from boots.timeline.words import State
from boots.web.live import Pace, Stream, first
from boots.web.looks import STATES
from boots.web.room import Room, softly

ROWS = 100
_RECENT = 86_400.0  # seconds that another DHCP server is worth a banner after it was heard
_LOOK = 5.0  # seconds between two looks at what stands above the table
_PACE = 1.0  # the same while machines change
_SOON = 0.3  # seconds in which more of them change


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which machines a page shows."""

    text: str = ""
    state: str = ""
    after: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read from a URL; a state that does not exist is none."""
        state = query.get("state", "")
        known = {each.value for each in State}
        text = query.get("q", "").strip()[:200]
        return cls(text, state if state in known else "", query.get("after", "")[:300])

    def query(self, **other: str) -> str:
        """The same as it stands in a URL, with other values for some."""
        values = {"q": self.text, "state": self.state, "after": self.after, **other}
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True, slots=True)
class Share:
    """One state's part of the fleet: `left` and `width` of its bar are in percent."""

    state: State
    count: int
    left: float
    width: float


def shares(states: Mapping[str, int]) -> tuple[Share, ...]:
    """The states in their order, each with its part of the bar."""
    total = sum(states.values()) or 1
    left, found = 0.0, []
    for state in STATES:
        many = states.get(state.value, 0)
        width = 100 * many / total
        found.append(Share(state, many, left, width))
        left += width
    return tuple(found)


async def page(room: Room, asked: Asked) -> web.StreamResponse:
    """The page."""
    wanted = Wanted.of(asked.request.query)
    found, health, strange = await asyncio.gather(
        _found(room, wanted), room.desk.health(), _strange(room)
    )
    values = {"found": found, "seen": digest(found.machines), **_counted(health, wanted), **strange}
    return await room.page(asked, "fleet.html", **values)


async def _found(room: Room, wanted: Wanted) -> Machines:
    return await room.desk.machines(
        text=wanted.text, state=wanted.state, after=wanted.after, limit=ROWS
    )


def _counted(health: Health, wanted: Wanted) -> dict[str, Any]:
    """What the bar and the counts say."""
    return {"health": health, "shares": shares(health.states), "wanted": wanted}


async def _strange(room: Room) -> dict[str, Any]:
    """Who is on the network and should not, and whether all writing stands still."""
    foreign, found, freeze = await asyncio.gather(
        softly(room.desk.foreign()), softly(room.desk.discovered()), softly(room.desk.freeze())
    )
    servers = () if isinstance(foreign, Refused) else foreign.servers
    strangers = () if isinstance(found, Refused) else [each.stranger for each in found.discovered]
    now = room.clock()
    return {
        "foreign": [each for each in servers if now - each.last < _RECENT],
        "near": [each for each in strangers if each.nearest],
        "strangers": len(strangers),
        "freeze": freeze,
    }


def digest(lines: Sequence[MachineLine]) -> str:
    """What tells whether rows are still as they were when the page was made."""
    return hashlib.sha256(msgspec.msgpack.encode(lines)).hexdigest()[:16]


async def live(room: Room, asked: Asked) -> web.StreamResponse:
    """Rows as they change, and what stands above them."""
    query = asked.request.query

    async def follow(to: Stream) -> None:
        async with room.desk.follow_machines() as machines:
            table = LiveTable(room, Wanted.of(query), to)
            await table.catch_up(query.get("seen", ""))
            await first(table.rows(machines), table.above())

    return await room.streams.stream(asked, follow)


class LiveTable:
    """The rows of one open page, kept as they are."""

    def __init__(self, room: Room, wanted: Wanted, to: Stream) -> None:
        self._room = room
        self._wanted = wanted
        self._to = to
        self._names: set[str] = set()
        self._others: set[str] = set()
        self._changed = asyncio.Event()

    async def catch_up(self, seen: str) -> None:
        """Send the rows as they are now, unless they are as the page was made."""
        found = await _found(self._room, self._wanted)
        self._names = {line.name for line in found.machines}
        if digest(found.machines) != seen:
            await self._send(found.machines)

    async def rows(self, machines: AsyncIterator[Sequence[MachineLine]]) -> None:
        """Send what changes of the rows, and how many others do."""
        async for lines in machines:
            await self._send(lines)
            self._changed.set()

    async def above(self) -> None:
        """Send what stands above the rows: beside them, as some of it waits for the store."""
        troubles = Pace(_LOOK, _LOOK)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._changed.wait()
            await asyncio.sleep(_SOON)
            self._changed.clear()
            values = _counted(await self._room.desk.health(), self._wanted)
            await self._part("counts", values)
            if troubles.due(changed=True):
                await self._part("troubles", values | await _strange(self._room))
            await asyncio.sleep(_PACE - _SOON)

    async def _part(self, name: str, values: Mapping[str, Any]) -> None:
        await self._to.send({name: await self._room.written(f"parts/{name}.html", **values)})

    async def _send(self, lines: Sequence[MachineLine]) -> None:
        if lines:  # of ten thousand machines, it may be
            rows = await asyncio.to_thread(self._written, lines)
            await self._to.send(rows, more=len(self._others))

    def _written(self, lines: Sequence[MachineLine]) -> dict[str, str]:
        """The rows that are on the page; of others it is noted that they changed."""
        rows = {}
        for line in lines:
            if line.name in self._names:
                row = self._room.render("parts/row.html", {"line": line})
                rows[f"machine:{line.name}"] = row
            elif line.name not in self._others and fits(line, self._wanted):
                self._others.add(line.name)
        return rows


def fits(line: MachineLine, wanted: Wanted) -> bool:
    """Whether a machine is one of those that the page is about."""
    if wanted.state and line.state.value != wanted.state:
        return False
    text = wanted.text.lower()
    told = (line.name, *(part for each in line.interfaces for part in (each.mac, each.address)))
    return not text or any(text in part.lower() for part in told)
