"""The desk as viewers have it: scripts that may tell what stands in a record alone are veiled.

So are URLs with secrets in packets; events and explanations tell nobody those.

All else is handed on as it is; what a viewer may not ask for is refused by its route, and records
are veiled where they are shown.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from msgspec.structs import replace

from boots.api.desk import Desk
from boots.api.veil import VEILED
from boots.client.words import EventLine, Events, Explained, ExplainedChain, Packets

_SCRIPT = "ScriptServed"


def viewed(desk: Desk) -> Desk:
    """The desk for who only looks on."""
    return cast("Desk", _Viewed(desk))


class _Viewed:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk, name)

    async def explain(self, mac: str, interface: str = "") -> Explained:
        """Why a MAC gets what it gets."""
        found = await self._desk.explain(mac, interface)
        return replace(found, chains=tuple(map(_chain, found.chains)))

    async def events(self, **wanted: Any) -> Events:
        """What happened."""
        found = await self._desk.events(**wanted)
        return replace(found, events=tuple(map(_line, found.events)))

    @asynccontextmanager
    async def follow_events(self, **wanted: Any) -> AsyncIterator[AsyncIterator[EventLine]]:
        """The same as it happens."""
        async with self._desk.follow_events(**wanted) as lines:
            yield (_line(each) async for each in lines)

    async def packets(self, key: str, among: Sequence[str] = (), *, veiled: bool = True) -> Packets:
        """DHCP messages; one of ours names the URL that stands in a record."""
        del veiled
        return await self._desk.packets(key, among, veiled=True)

    async def capture(self, key: str, among: Sequence[str] = (), *, veiled: bool = True) -> bytes:
        """The same as a pcap file."""
        del veiled
        return await self._desk.capture(key, among, veiled=True)


def _chain(chain: ExplainedChain) -> ExplainedChain:
    return replace(chain, script=VEILED) if chain.private else chain


def _line(line: EventLine) -> EventLine:
    """An event; of scripts from before this was told nothing is known, so they are veiled, too."""
    if line.kind != _SCRIPT or not line.event.get("private", True):
        return line
    return replace(line, event={**line.event, "script": VEILED})
