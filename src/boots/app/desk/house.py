"""What a desk has: the parts of a running server that operators ask about."""

import functools
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from boots.api.desk import Away, Refused
from boots.app.answers import Answers
from boots.app.desk.lines import line
from boots.app.desk.numbers import Numbers
from boots.app.desk.roster import Roster
from boots.app.history import History
from boots.app.keeping import Keeping
from boots.app.runs.keeper import NoRun
from boots.app.runs.running import Running
from boots.app.runs.words import Kept
from boots.client.words import MachineLine, Trouble
from boots.journal.events import AnyEvent
from boots.model import mac as macs
from boots.model.machine import Machine
from boots.model.order import Order
from boots.serve.packets import Packets
from boots.store import witness
from boots.store.engine import StoreAway
from boots.timeline.words import Boot, Finding

Asks = TypeVar("Asks", bound=Callable[..., Coroutine[Any, Any, Any]])


@dataclass
class House:
    """A running server, as its desk sees it.  `clock` gives seconds since 1970.

    `unready` says why it is not ready, and nothing once it is; `troubles` what an operator should
    know of it now.  `running` are the runs of workflows, where there is a store.
    """

    answers: Answers
    packets: Packets
    history: History
    keeping: Keeping | None
    clock: Callable[[], float]
    tell: Callable[[AnyEvent], None]
    unready: Callable[[], str]
    troubles: Callable[[], Sequence[Trouble]]
    started: float
    server: str
    running: Running | None = None
    _rosters: list[Roster] = field(default_factory=list)

    @property
    def key(self) -> bytes:
        """The server's key; empty where there is no store."""
        return next((each.ticket_key for each in self.answers.raw.sites.values()), b"")

    def numbers(self, among: Sequence[str]) -> Numbers:
        """What is told in place of rows' numbers, to who may see machines with such names only."""
        return Numbers(self.key if among else None)

    def roster(self) -> Roster:
        """The machines by name, as they are now."""
        index = self.answers.world.index
        if not self._rosters or self._rosters[0].index is not index:
            self._rosters[:] = [Roster(index)]
        return self._rosters[0]

    def workflows(self) -> Running:
        """The runs of workflows.

        Raises:
            Refused: there is no store to keep them.
        """
        running = self.running
        if running is None:
            raise Refused(
                503, "there is no store", "store.enabled is false: workflows cannot be kept"
            )
        return running

    async def run(self, identity: str, *, fresh: bool = False) -> Kept:
        """A run; `fresh` as the store has it, for who decides: another server may have changed it.

        Raises:
            Refused: there is none of that id.
        """
        keeper = self.workflows().keeper
        try:
            return await (keeper.fresh(identity) if fresh else keeper.one(identity))
        except NoRun:
            raise Refused(404, "no such run", f'none has the id "{identity}"') from None

    def kept(self) -> Keeping:
        """The store, and what is held of it.

        Raises:
            Refused: there is none.
        """
        if self.keeping is None:
            raise Refused(
                503, "there is no store", "store.enabled is false: nothing can be kept or ordered"
            )
        return self.keeping

    def machine(self, key: str) -> Machine:
        """The machine of this name, or with this MAC, under its orders.

        Raises:
            Refused: there is none.
        """
        index = self.answers.world.index
        mac = macs.parse(key)
        known = index.by_mac.get(mac) if mac else None
        if known is not None:
            return known.machine
        plain = index.by_name.get(key)
        if plain is None:
            raise Refused(404, "no such machine", f'no record is named "{key}" or has it as MAC')
        first = index.by_mac.get(plain.interfaces[0].mac) if plain.interfaces else None
        return first.machine if first is not None else plain

    async def begin(self) -> None:
        """Have what is done elsewhere than in the store written down before it is done.

        Raises:
            StoreAway: nobody could write that down.
        """
        deed = witness.present()
        if deed is not None and not deed.stands and self.keeping is not None:
            await self.keeping.store.begin(deed)

    def order(self, name: str) -> Order | None:
        """What is ordered of a machine."""
        return self.keeping.orders.of(name) if self.keeping is not None else None

    def last_boot(self, machine: Machine) -> Boot | None:
        """The last boot of any of its interfaces; not one that such a NIC made in another."""
        found = [self.history.timelines.last(each.mac) for each in machine.interfaces]
        own = (each for each in found if each and not self._is_of_another(each, machine))
        return max(own, key=lambda each: each.started, default=None)

    def _is_of_another(self, boot: Boot, machine: Machine) -> bool:
        """Whether another machine made it that is still there; else its record has a new name."""
        return boot.machine != machine.name and boot.machine in self.answers.world.index.by_name

    def before(self, machine: Machine) -> Finding | None:
        """What was wrong with its boots before the last one, while nothing came of that."""
        boot = self.last_boot(machine)
        return self.history.timelines.before(boot.mac) if boot is not None else None

    def line(self, machine: Machine) -> MachineLine:
        """A machine as one line."""
        sites = self.answers.world.sites.values()
        default = next((site.default_profile for site in sites), "")
        boot = self.last_boot(machine)
        before = self.before(machine) if boot is not None and boot.finding is None else None
        order = self.order(machine.name)
        return line(machine, order, boot, default, self.clock(), before=before)

    def macs_among(self, patterns: tuple[str, ...]) -> tuple[str, ...]:
        """The MACs of all machines whose names fit one of these."""
        names, index = self.roster().among(patterns), self.answers.world.index
        return tuple(mac for mac, known in index.by_mac.items() if known.machine.name in names)

    def macs(self, key: str) -> tuple[str, ...]:
        """The MACs that a key stands for: a machine's, or one that no record has."""
        try:
            return tuple(each.mac for each in self.machine(key).interfaces)
        except Refused:
            mac = macs.parse(key)
            if mac is None:
                raise
            return (mac,)


def asks_store(ask: Asks) -> Asks:
    """Have an answer that needs the store refused while that is away."""

    @functools.wraps(ask)
    async def asked(*args: Any, **named: Any) -> Any:
        try:
            return await ask(*args, **named)
        except StoreAway as error:
            raise Away(str(error)) from error

    return cast("Asks", asked)
