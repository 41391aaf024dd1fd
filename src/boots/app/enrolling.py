"""Rules that ask nobody: as machines tell what they are made of, they get their records.

The first inventory comes before the switches have spoken.  Where a rule asks for the switch, a
record is made once the second one has come, or when it is not to come any more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any, NamedTuple

from boots.app import enrolment
from boots.app.world import World
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.model.mac import Mac

SETTLED = 45.0  # seconds after an inventory: OSIE's agent listens for 35
_MOST = 1000  # machines that wait for a record


class _Told(NamedTuple):
    """A machine without a record, and what it told; `settled` once it is to say no more."""

    mac: Mac
    inventory: Any
    settled: bool = False


class Enrolling:
    """A sink of the journal that makes records.

    `address_of` gives the address that a MAC has now.  `create` keeps a record, which `by` the
    rule of this name is made; what it raises is why it is not.  `later` calls something after so
    many seconds, as ``loop.call_later``.
    """

    def __init__(
        self,
        world: Callable[[], World],
        address_of: Callable[[Mac], IPv4Address | None],
        create: Callable[[Mapping[str, Any], str], Awaitable[object]],
        tell: Callable[[AnyEvent], None],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._world = world
        self._address_of = address_of
        self._create = create
        self._tell = tell
        self._later = later
        self._waiting = asyncio.Queue[_Told](_MOST)
        self._settling: dict[Mac, _Told] = {}

    def write(self, entries: Sequence[Entry]) -> None:
        """Take note of machines without a record that told what they are made of."""
        world = self._world()
        if not any(rule.auto for rule in world.rules):
            return
        for entry in entries:
            event = entry.event
            if isinstance(event, events.InventoryReported) and event.mac not in world.index.by_mac:
                self._take(_Told(Mac(event.mac), event.inventory))

    def close(self) -> None:
        """Nothing more will come."""

    async def run(self) -> None:
        """Make the records, one by one; runs until it is cancelled."""
        while True:
            told = await self._waiting.get()
            try:
                await self.enrol(told)
            finally:
                self._waiting.task_done()

    async def done(self) -> None:
        """Wait until nobody waits for a record any more."""
        await self._waiting.join()

    def _take(self, told: _Told) -> None:
        try:
            self._waiting.put_nowait(told)
        except asyncio.QueueFull:
            why = f"{_MOST} machines wait for a record already; it is asked again at its next start"
            self._refused(told.mac, "", why)

    async def enrol(self, told: _Told) -> None:
        """Make the record of one machine, if a rule makes it without asking."""
        # In a thread: templates may take their time.
        address = self._address_of(told.mac)
        made = await asyncio.to_thread(
            enrolment.propose, self._world(), told.mac, told.inventory, address
        )
        if not made.auto:
            return
        if made.early and not told.settled:
            self._settle(told)
        elif made.record is None:
            self._refused(told.mac, made.rule, made.problem)
        else:
            try:
                await self._create(made.record, f'rule "{made.rule}"')
            except Exception as error:  # noqa: BLE001  # whatever it is, the next has its turn
                self._refused(told.mac, made.rule, str(error) or type(error).__name__)

    def _settle(self, told: _Told) -> None:
        """Look again when the machine has said all that it will; what it says last counts."""
        mac = told.mac
        if mac not in self._settling:
            if len(self._settling) >= _MOST:
                return self._refused(mac, "", f"{_MOST} machines wait for their switches already")
            self._later(SETTLED, lambda: self._take(self._settling.pop(mac)))
        self._settling[mac] = told._replace(settled=True)
        return None

    def _refused(self, mac: Mac, rule: str, why: str) -> None:
        self._tell(events.EnrolmentRefused(mac=mac, rule=rule, why=why))
