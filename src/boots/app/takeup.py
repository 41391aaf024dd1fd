"""Taking up what other servers changed in the store, and what came while it was away."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from boots.app.keeping import Keeping
from boots.app.runs.running import Running
from boots.journal.events import AnyEvent, Entry
from boots.store import changes, history, orders, records, tokens
from boots.store.changes import Change
from boots.store.engine import StoreAway, StoreError

_PORTION = 2_000  # events of others that are read at once
_OF_RUNS = frozenset({changes.RUN, changes.FREEZE})
_MANY = 100  # changes from which on all is read anew
_AGAIN = 1.0  # seconds until a listener that lost its connection tries again
_log = structlog.get_logger()
_event: Callable[[str], AnyEvent] = msgspec.json.Decoder(AnyEvent).decode


class TakeUp:
    """Looks at the store whenever it tells of a change, and every `poll` seconds.

    `take` is given what happened at other servers; `place` puts changed records in force;
    `runs` are those of workflows.
    """

    def __init__(
        self,
        keeping: Keeping,
        poll: float,
        take: Callable[[list[Entry]], None],
        place: Callable[[], Awaitable[None]],
        runs: Running | None = None,
    ) -> None:
        self._keeping = keeping
        self._runs = runs
        self._store = keeping.store
        self._poll = poll
        self._take = take
        self._place = place

    async def run(self) -> None:
        """Take up what changes; runs until it is cancelled."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._poll):
                        await self._keeping.woken.wait()
                self._keeping.woken.clear()
                await self.look()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def look(self) -> None:
        """Look once."""
        keeping = self._keeping
        try:
            if keeping.trouble:
                await self._return()
            await keeping.write_down()
            await self._take_changes()
            await self._take_events()
        except (StoreAway, StoreError) as error:  # the latter: a newer Boots has been there
            keeping.trouble = str(error)
        except Exception:  # noqa: BLE001  # a fault of ours must not end this for good
            _log.exception("what others changed cannot be taken up")

    async def _return(self) -> None:
        """It was away: what was used up meanwhile is written first, then all is read anew."""
        await self._store.open()
        await self._keeping.write_down()
        await self._load()
        self._keeping.trouble = ""

    async def _load(self) -> None:
        await self._keeping.load()
        if self._runs is not None:
            await self._runs.load()
        await self._place()

    async def _take_changes(self) -> None:
        keeping = self._keeping
        found = await self._store.read(changes.since, keeping.changes)
        if not found:
            return
        others = [each for each in found if each.what not in _OF_RUNS]
        if len(others) > _MANY:  # runs change all the time, and are few
            await self._load()
            return
        machines = self._news(found, changes.MACHINE)
        for name in machines:
            async with keeping.turn:
                kept = await self._store.read(records.one, name)
                if kept is None:
                    keeping.kept.drop(name)
                else:
                    keeping.kept.put(*kept)
        for name in self._news(found, changes.ORDER):
            async with keeping.turn:
                keeping.found_order(name, await self._store.read(orders.one, name))
        if any(each.what == changes.TOKEN for each in found):
            async with keeping.turn:
                keeping.tokens = await self._store.read(tokens.by_digest)
        if self._runs is not None:
            await self._runs.take_up(found, self._store.me)
        keeping.changes = found[-1].id
        if not others:
            return
        if machines:
            await self._place()
        await keeping.copy()

    def _news(self, found: list[Change], what: str) -> set[str]:
        return {each.key for each in found if each.what == what and each.server != self._store.me}

    async def _take_events(self) -> None:
        keeping, found = self._keeping, None
        while found is None or len(found) == _PORTION:
            found = await self._store.read(
                history.of_others, self._store.server, keeping.events, _PORTION
            )
            if found:
                keeping.events = found[-1].id
                self._take([each for row in found for each in _entry(row)])

    async def _listen(self) -> None:
        """Be woken where the database can do that."""
        if self._store.engine.dialect.name != "postgresql":
            return
        loop = asyncio.get_running_loop()

        def woken() -> None:
            loop.call_soon_threadsafe(self._keeping.woken.set)

        listener = changes.Listener(self._store.engine, woken)
        try:
            while True:
                await asyncio.to_thread(listener.listen)
                await asyncio.sleep(_AGAIN)
        finally:
            listener.stop()


def _entry(row: history.Happened) -> list[Entry]:
    """An entry of the journal; none for an event of a newer Boots."""
    try:
        return [Entry(row.at, _event(row.body))]
    except msgspec.DecodeError:
        return []
