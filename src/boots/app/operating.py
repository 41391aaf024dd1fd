"""What operators have of a running server: what lasts, what happened, and the listener before it.

It stands beside the doors and is asked by none of them: with all of this away machines boot on.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from boots.api.desk import DONE, Attempt
from boots.api.listener import Listener
from boots.app import reception, tls
from boots.app.answers import Answers
from boots.app.desk.desk import Desk
from boots.app.desk.house import House
from boots.app.enrolling import Enrolling
from boots.app.going import for_good
from boots.app.history import History
from boots.app.keeping import Keeping, open_store
from boots.app.leasing import Leasing
from boots.app.orders import Orders
from boots.app.process import leave_what_is_there
from boots.app.runs import images
from boots.app.runs.beginning import Limits
from boots.app.runs.running import Running
from boots.app.takeup import TakeUp
from boots.app.troubles import Troubles
from boots.client.words import Trouble
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.journal.journal import Sink
from boots.machines.kept import Kept
from boots.model.mac import Mac, parse
from boots.model.machine import Known, Machine
from boots.model.order import Order
from boots.model.site import Site
from boots.policy.explain import one_digit_off
from boots.serve.packets import Packets
from boots.serve.sockets import StartError
from boots.settings import Settings
from boots.store import history
from boots.store.engine import StoreAway, named
from boots.store.naming import Name
from boots.store.seen import Leased
from boots.store.writer import Retention, Writer
from boots.timeline.fleet import MOST, Timelines

if TYPE_CHECKING:
    from boots.app.revoked import Revocations

_AT_ONCE = 500  # boots that are remembered in a turn
_LEASES_EVERY = 10.0  # seconds between two times that leases are written down for all to see
_log = structlog.get_logger()


class Operating:
    """Made before the world is; `answers` says later what answers come from.

    `tell` tells the journal, `unready` says why the server is not ready, `images` where images
    are: a reload may name another folder.

    Raises:
        StartError: the store cannot be one, or the listener's certificate will not do, or a list
            of revoked ones.
    """

    def __init__(
        self,
        settings: Settings,
        state: Path,
        tell: Callable[[AnyEvent], None],
        *,
        unready: Callable[[], str],
        images: Callable[[], Path],
        packets: Packets,
    ) -> None:
        self._settings = settings
        self._packets = packets
        self._tell = tell
        self._unready = unready
        self._images = images
        self._started = time.time()
        self._answers: Answers
        self._writer: Writer | None = None
        self._listener: Listener | None = None
        self._socket: socket.socket | None = None
        self.shown = tls.of_operators(settings) if settings.operator.enabled else None
        """The listener's certificate."""
        self._revoked = tls.revocations(settings, time.time)
        self._troubles = Troubles()
        self.orders = Orders(time.time, self._name_of, self._spent, self._noted)
        store = open_store(settings, state)
        self.keeping = Keeping(store, self.orders, state, time.time) if store else None
        self.running = self._made_running(self.keeping) if self.keeping is not None else None
        self._server = store.server if store is not None else socket.gethostname()
        self._history: History
        self._enrolling: Enrolling
        self._desk: Desk

    def _made_running(self, keeping: Keeping) -> Running:
        own = self._settings.workflow
        limits = Limits(float(own.hours), own.most_writing, own.containers)
        return Running(
            keeping,
            time.time,
            self._tell,
            find=self._find,
            name_of=self._name_of,
            site=lambda interface: self._answers.raw.sites[interface],
            limits=lambda: limits,
            images=lambda: images.sizes(self._images()),
        )

    @property
    def kept(self) -> Kept | None:
        """The records of the store."""
        return self.keeping.kept if self.keeping is not None else None

    # --- what the answers are asked of

    def answers(self, answers: Answers) -> None:
        """What answers come from."""
        self._answers = answers

    def held(self, known: Known) -> str:
        """Why an order lets a machine boot nothing any more."""
        return self.orders.held(known)

    def ticket(self, known: Known, site: Site) -> str:
        """What a machine's agent begins its session with, where a run waits for it."""
        return self.running.live.ticket(known, site) if self.running is not None else ""

    def _find(self, key: str) -> Machine | None:
        """The machine of a name, a MAC or an agent's id."""
        index = self._answers.raw.index
        mac = parse(key)
        known = index.by_mac.get(mac) if mac is not None else None
        if known is not None:
            return known.machine
        named = index.by_name.get(key)
        if named is not None or not key:
            return named
        return next((each for each in index.machines if each.agent_id == key), None)

    def _name_of(self, mac: str) -> str:
        known = self._answers.raw.index.by_mac.get(Mac(mac))
        return known.machine.name if known is not None else ""

    def _is_ours(self, mac: str) -> bool:
        return mac in self._answers.raw.index.by_mac

    def _nearest(self, mac: str) -> tuple[str, str] | None:
        index = self._answers.raw.index
        near = one_digit_off(Mac(mac), index.by_mac)
        return (near, index.by_mac[near].machine.name) if near is not None else None

    def _spent(self, name: str, order: Order) -> None:
        if self.keeping is not None:
            self.keeping.spent(name, order)

    def _noted(self, name: str, given: float) -> None:
        if self.keeping is not None:
            self.keeping.told.note(name, given)

    # --- the journal's ears

    def sinks(self, loop: asyncio.AbstractEventLoop) -> list[Sink]:
        """What hears of everything."""
        keeping = self.keeping
        if keeping is not None:
            self._writer = self._made_writer(keeping, loop)
        timelines = Timelines(self._name_of, self._nearest)
        self._history = History(
            timelines,
            self._writer,
            self._server,
            time.time,
            is_ours=self._is_ours,
            name_of=self._name_of,
        )
        self._enrolling = Enrolling(
            lambda: self._answers.world, self._address_of, self._enrol, self._tell, loop.call_later
        )
        if keeping is None:
            looked_at = self._settings.operator.enabled
            return [self._troubles, self._history] if looked_at else []
        signs = [self.running.signs] if self.running is not None else []
        return [self.orders, self._troubles, self._history, self._enrolling, *signs]

    def _made_writer(self, keeping: Keeping, loop: asyncio.AbstractEventLoop) -> Writer:
        """What writes down what happens; its thread tells us by way of the loop."""
        store, engine = self._settings.store, keeping.store.engine
        days = 86_400.0
        retention = Retention(
            store.keep_days * days, store.keep_events, audits=store.keep_audit_days * days
        )
        place = f"the store {named(engine)}"

        def tell(event: AnyEvent) -> None:
            loop.call_soon_threadsafe(self._tell, event)

        def written() -> None:
            loop.call_soon_threadsafe(self._history.written.wave)

        def renamed(ours: str, name: Name) -> None:
            loop.call_soon_threadsafe(self._history.renamed, ours, name)

        return Writer(
            engine,
            keeping.store.server,
            retention,
            time.time,
            troubled=lambda why: tell(events.StoreTroubled(why=f"{place}: {why}")),
            recovered=lambda lost: tell(events.StoreRecovered(lost=lost)),
            written=written,
            renamed=renamed,
        )

    def _address_of(self, mac: Mac) -> IPv4Address | None:
        boot = self._history.timelines.boot(mac)
        return IPv4Address(boot.address) if boot is not None and boot.address else None

    async def _enrol(self, record: Mapping[str, Any], by: str) -> None:
        rule = Attempt(by=by, role="", peer="", what="enrol", machine="", outcome=DONE)
        with self._desk.witnessed(lambda: rule):
            await self._desk.create(record, by)

    # --- from start to end

    def bind(self) -> None:
        """Have the listener's port, before anything else goes on.

        Raises:
            StartError: it would be open to all.
        """
        self._socket = reception.bound(self._settings, keeps_tokens=self.keeping is not None)

    async def open(
        self, place: Callable[[], Awaitable[None]], reordered: Callable[[str], None]
    ) -> None:
        """Have what lasts in force, before any door opens.

        `place` puts changed records in force, `reordered` hears of each machine whose order
        is another one.

        Raises:
            StartError: the store is of another Boots.
        """
        keeping = self.keeping
        if keeping is None:
            return
        keeping.reordered = reordered
        await keeping.open()
        if self.running is not None and not keeping.trouble:
            await self.running.load()
        if len(keeping.kept):
            await place()
        keeping.place = place

    async def start(self, leasing: Leasing | None) -> tuple[list[str], list["asyncio.Task[None]"]]:
        """Begin all that goes on; what listens, for people, and the tasks."""
        self._desk = Desk(self._house())
        tasks = [asyncio.create_task(self._history.run())]
        if self.keeping is not None:
            tasks.append(asyncio.create_task(for_good("enrolling", self._enrolling.run)))
        keeping = self.keeping
        if keeping is not None and self._writer is not None:
            self._writer.start()
            poll = self._settings.store.poll
            takeup = TakeUp(keeping, poll, self._others, keeping.place, self.running)
            if self.running is not None:
                tasks.append(asyncio.create_task(self.running.run()))
            tasks += [asyncio.create_task(takeup.run()), asyncio.create_task(self._remember())]
            if leasing is not None:
                show = partial(self._show_leases, leasing, self._writer)
                tasks.append(asyncio.create_task(for_good("showing leases", show)))
        if self._socket is None:
            return [], tasks
        self._listener, where = await reception.open_at(
            self._settings,
            self._socket,
            self._desk,
            self._tell,
            self.shown.context if self.shown is not None else None,
            revoked=self._revoked.refusal if self._revoked is not None else None,
        )
        if self._revoked is not None:
            self._tell_revoked(self._revoked)
        return [where], tasks

    async def renew_revoked(self) -> None:
        """Take up which certificates were revoked; lists that cannot be are told, and not taken."""
        known = self._revoked
        try:
            if known is not None and await asyncio.to_thread(known.renew):
                self._tell_revoked(known)
        except StartError as error:
            self._tell(events.SettingsRefused(why=str(error)))

    def _tell_revoked(self, known: "Revocations") -> None:
        found = known.summary()
        self._tell(events.RevocationsLoaded(certificates=found.certificates, until=found.until))
        for why in found.late:
            self._tell(events.SettingsRefused(why=f"operator.client_crl: {why}"))

    def _others(self, entries: list[Entry]) -> None:
        self._history.others(entries)
        self.orders.write(entries)

    async def _remember(self) -> None:
        """Take boots up where another run of this server left off."""
        if self.keeping is None:
            return
        try:
            found = await self.keeping.store.read(history.latest_boots, MOST)
        except StoreAway:
            return
        for at in range(0, len(found), _AT_ONCE):
            self._history.timelines.remember(found[at : at + _AT_ONCE])
            await asyncio.sleep(0)  # packets have their turn
        leave_what_is_there()

    async def _show_leases(self, leasing: Leasing, writer: Writer) -> None:
        shown: dict[IPv4Address, object] = {}
        while True:
            leases = dict(leasing.keeper.book.leases)
            changed = [each for at, each in leases.items() if shown.get(at) != each]
            writer.put(
                leases=[
                    Leased(str(e.address), e.mac, e.since, e.until, released=e.released)
                    for e in changed
                ]
            )
            shown = dict(leases)
            await asyncio.sleep(_LEASES_EVERY)

    def _house(self) -> House:
        return House(
            answers=self._answers,
            packets=self._packets,
            history=self._history,
            keeping=self.keeping,
            clock=time.time,
            tell=self._tell,
            unready=self._unready,
            troubles=self._standing,
            started=self._started,
            server=self._server,
            running=self.running,
        )

    def _standing(self) -> Sequence[Trouble]:
        left_out = self._answers.raw.left_out
        found = [*self._troubles.standing()]
        if self.keeping is not None and self.keeping.trouble:
            found.append(
                Trouble(
                    since=0.0,
                    what=f"the store does not answer: {self.keeping.trouble}",
                    advice="answers come from memory; changes are refused until it is back",
                )
            )
        frozen = self.running.keeper.frozen if self.running is not None else None
        if frozen is not None and frozen.frozen:
            advice = "workflows wait before they write; allow it again when all is well"
            found.append(Trouble(since=frozen.at, what=frozen.reason, advice=advice))
        advice = "put a newer one there: without a list that is good no certificate opens anything"
        due = self._revoked.due() if self._revoked is not None else ()
        found += [Trouble(since=0.0, what=each, advice=advice) for each in due]
        found += [Trouble(since=0.0, what=str(f), advice=f.advice) for f in left_out[:20]]
        return found

    async def end(self) -> None:
        """Stop serving operators; to do it again does nothing."""
        if self.running is not None:
            self.running.sessions.end()
        listener, self._listener = self._listener, None
        if listener is not None:
            await listener.close()
        if self._socket is not None:
            self._socket.close()

    def close(self) -> None:
        """Write down what is left, and let the store go; after the journal has told its last."""
        if self._writer is not None:
            self._writer.close()
        if self.keeping is not None:
            self.keeping.close()
