"""The running server: opens the doors, keeps the world current, closes in good order."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import structlog

from boots import __version__
from boots.app import tls, watch
from boots.app import world as worlds
from boots.app.answers import Answers
from boots.app.doors import Doors
from boots.app.draining import Draining
from boots.app.folders import LEASES, records_of, state_of
from boots.app.going import for_good
from boots.app.health import alive
from boots.app.key import token_key
from boots.app.leasing import Leasing
from boots.app.links import Links
from boots.app.loops import Loops
from boots.app.observing import Observing, journal_file
from boots.app.opening import EVERY, Opening
from boots.app.operating import Operating
from boots.app.process import (
    allow_many_files,
    keep_one_heap,
    keep_tls_small,
    share_the_interpreter,
    spare_the_collector,
)
from boots.app.reloading import Reloading, let_go, unreadable
from boots.app.runs.running import Running
from boots.app.starting import doubts_of, have_state, refuse_nothing
from boots.app.upkeep import places
from boots.app.workers.team import Team, handed_over, ours, wanted
from boots.app.workers.words import Unready
from boots.app.world import World
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.journal.journal import Journal, Sink
from boots.journal.log import LogSink
from boots.machines.files import Cache
from boots.machines.lookup import pieces
from boots.model.machine import Known
from boots.serve import sockets
from boots.serve.http import Extras
from boots.serve.packets import Packets
from boots.serve.relay import Relayed
from boots.serve.sockets import StartError
from boots.settings import Settings, trusted_proxies

_FLUSH_AFTER = 0.02  # seconds that events may wait to be written together
_log = structlog.get_logger()


class Server:
    """All doors of one process, over one world that reloading replaces.

    `read_settings` gives the settings anew at a reload; it raises `SettingsError`.
    `bound` is called once all sockets are bound, and before any thread begins; it says what the
    process runs as.  `packets` keeps the latest DHCP messages.
    """

    def __init__(
        self,
        settings: Settings,
        read_settings: Callable[[], Settings],
        bound: Callable[[], str] = str,
    ) -> None:
        refuse_nothing(settings)
        self._settings = settings
        self._bound = bound
        self._reloading = Reloading(
            settings, read_settings, self._build, self._place, self._tell, renew=self._renew
        )
        self._addresses = {name: sockets.interface_address(name) for name in settings.interfaces}
        self._cache = Cache(records_of(settings))
        self._journal: Journal
        self._team = self._made_team(settings)
        self._loops = self._team.loops if self._team else self._plain_loops()
        self._doors = Doors()
        self._draining = Draining(time.monotonic)
        self._leaving: set[asyncio.Task[None]] = set()
        self._started = time.time()
        self.packets = Packets(time.time)
        self._relayed: Relayed | None = None
        self._observing = Observing(settings)
        self._trusted = trusted_proxies(settings)
        self._token_key = b""
        self._shown = tls.of_machines(settings) if settings.http.enabled else None
        self._pin = self._shown.pin if self._shown is not None else tls.pin(settings)
        self._unready = "the doors are not open yet"
        self._stamps = watch.stamps(settings)
        self._state = have_state(settings, state_of(self._settings))
        self._operating = Operating(
            settings,
            state_of(self._settings),
            self._tell,
            unready=lambda: self._unready,
            images=lambda: Path(self._settings.boot.images),
            packets=self.packets,
        )
        if self._team is not None:
            self._team.orders(self._operating.orders.every)
        self._asked_to_place = self._placed = 0
        try:
            world = self._build(settings)
        except OSError as error:
            raise StartError(unreadable(error)) from None
        self._leasing = self._leases() if settings.dhcp.mode == "pool" else None
        leases, team = self._leasing, self._team
        self._answers = Answers(
            world,
            team.leases(leases) if team and leases else leases,
            held=self._held,
            seen=team.seen if team else None,
            over=self._operating.orders.over,
            leaves=self._operating.orders.leaves,
            ticket=self._operating.ticket,
        )
        self._operating.answers(self._answers)

    @property
    def world(self) -> World:
        """The world that is in force."""
        return self._answers.world

    def _held(self, known: Known) -> str:
        """Why a machine may boot nothing for a while: its loops, or what was ordered."""
        return self._loops.held(known) or self._operating.held(known)

    def _plain_loops(self) -> Loops:
        return Loops(lambda: self._settings.boot, time.time, self._tell)

    def _made_team(self, settings: Settings) -> Team | None:
        """Those that serve files and scripts besides us, if more than one process is to do so."""
        count = wanted(settings)
        if count > 1 and handed_over(os.environ):
            _log.warning("sockets of systemd's cannot be shared out: workers = 1", workers=count)
            count = 1
        if count < 2:
            return None
        return Team(count, self._addresses, lambda: self._settings.boot, self._tell)

    def _build(self, settings: Settings) -> World:
        if (settings.metadata.enabled or settings.store.enabled) and not self._token_key:
            self._token_key = token_key(state_of(self._settings))
        kept = self._operating.kept
        key = self._token_key
        return worlds.build(settings, self._addresses, self._cache, key, kept, pin=self._pin)

    async def _renew(self) -> None:
        """Show what certificates were renewed; one that does not work is told, and not shown."""
        await self._operating.renew_revoked()
        for shown in filter(None, (self._shown, self._operating.shown)):
            try:
                if shown.renew():
                    self._tell(events.CertificateRenewed(door=shown.word, until=shown.ends))
            except StartError as error:
                self._tell(events.SettingsRefused(why=str(error)))
                continue
            if shown is self._shown:
                self._pin = shown.pin

    def _leases(self) -> Leasing:
        file = state_of(self._settings) / LEASES
        found = places(self._addresses, probe=self._settings.dhcp.probe)
        return Leasing(file, found, lambda: self.world, time.time, self._tell)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        Raises:
            StartError: a door cannot be opened.
        """
        loop = asyncio.get_running_loop()
        allow_many_files()
        share_the_interpreter()
        keep_tls_small()
        keep_one_heap()
        self._journal = Journal(
            self._sinks(loop), time.time, lambda flush: loop.call_later(_FLUSH_AFTER, flush)
        )
        stop = self._heed_signals(loop)
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._start(tasks, loop)
            why = await stop
            self._say_ready("the server is stopping")
            sockets.notify(os.environ, "STOPPING=1")
            await self._drain()
            await self._end(tasks, loop)
            self._journal.record(events.ServerStopped(why=why))
        finally:
            await self._end(tasks, loop)
            if self._leasing is not None:
                self._leasing.close()
            self._journal.close()
            await asyncio.to_thread(self._operating.close)
            if self._state is not None:
                os.close(self._state)

    def _heed_signals(self, loop: asyncio.AbstractEventLoop) -> "asyncio.Future[str]":
        """What becomes the name of the signal that ends us; SIGHUP reloads."""
        stop: asyncio.Future[str] = loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop, stop, number.name)
        loop.add_signal_handler(signal.SIGHUP, self._reloading.due.set)
        return stop

    def _asked_to_stop(self, stop: "asyncio.Future[str]", why: str) -> None:
        if stop.done():
            self._draining.hurry.set()
        else:
            stop.set_result(why)

    async def _drain(self) -> None:
        """Serve those on that were sent here, as long as the settings say."""
        settings = self._settings
        if settings.drain:
            self._doors.leave()
            await self._draining.wait(settings.drain)

    async def _start(
        self, tasks: list[asyncio.Task[None]], loop: asyncio.AbstractEventLoop
    ) -> None:
        """Open every door, begin what goes on beside them, and say that we serve."""
        listeners = self._bind()
        runs_as = self._bound()
        await self._operating.open(self._place_kept, self._reordered)
        if self._leasing is not None:
            tasks.append(asyncio.create_task(self._leasing.run()))
        await self._open(loop)
        if self._leasing is not None:
            await self._leasing.ready()
        for doubt in doubts_of(self._settings, self.world, self._addresses):
            _log.warning(doubt)
        reloading = self._reloading
        looking = partial(watch.watch, lambda: reloading.asked_for, reloading.due.set, self._stamps)
        links = Links(self._addresses, self._held_again, self._tell)
        going: dict[str, Callable[[], Awaitable[None]]] = {
            "reloading": reloading.run,
            "watching files": looking,
            "looking at interfaces": links.run,
        }
        tasks += [asyncio.create_task(for_good(*each)) for each in going.items()]
        also, more = await self._operating.start(self._leasing)
        listeners, tasks[:] = [*listeners, *also], [*tasks, *more]
        machines = len(self.world.index.machines)
        self._journal.record(
            events.ServerStarted(
                version=__version__, listeners=listeners, machines=machines, runs_as=runs_as
            )
        )
        spare_the_collector()
        self._say_ready("")
        sockets.notify(os.environ, "READY=1")

    def _say_ready(self, why: str) -> None:
        self._unready = why
        if self._team is not None:
            self._team.tell(Unready(why))

    def _tell(self, event: AnyEvent) -> None:
        self._journal.record(event)

    def _sinks(self, loop: asyncio.AbstractEventLoop) -> list[Sink]:
        log = self._settings.log
        return [
            LogSink(log.form, log.level, log.lines, lambda tell: loop.call_later(1.0, tell)),
            self._loops,
            self._draining,
            *self._operating.sinks(loop),
            *self._observing.sinks,
            *journal_file(self._settings.journal, self._tell),
        ]

    def _bind(self) -> list[str]:
        """Bind every socket, and make the doors behind them; what listens, for people."""
        running = self._operating.running
        opening = Opening(
            self._settings,
            self._addresses,
            self._answers,
            self._journal.record,
            lambda: alive(self._started, self.world),
            extras=Extras(
                ready=lambda: self._unready,
                metrics=self._observing.metrics,
                trusted=self._trusted,
                waiting=running.live if running is not None else None,
                sessions=running.sessions if running is not None else None,
            ),
            packets=self.packets,
            secure=self._shown.context if self._shown is not None else None,
            only=ours(self._settings) if self._team else EVERY,
        )
        self._doors.bind(opening)
        if self._team is not None:
            self._team.bind(self._settings, opening)
        self._operating.bind()
        return opening.listeners

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to answer."""
        await self._doors.open(loop)
        if self._team is not None:
            running = self._operating.running
            if running is not None:
                await self._relay_from(self._team, running)
            await self._team.start(
                self._settings, self._answers.raw, self._journal, self._observing.metrics
            )

    async def _relay_from(self, team: Team, running: Running) -> None:
        """Have workers know of runs, and answer what they pass on."""
        self._relayed = relayed = Relayed(
            partial(self._answers.fetch, tftp=False), running.sessions
        )
        await relayed.open()
        team.runs(relayed.path, running.live.every)
        running.moved = team.moved

    async def _end(self, tasks: list[asyncio.Task[None]], loop: asyncio.AbstractEventLoop) -> None:
        """Close every door that is open; to do it again does nothing."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._operating.end()
        await self._doors.close(loop)
        if self._team is not None:
            await self._team.end()
        if self._relayed is not None:
            await self._relayed.close()

    def _held_again(self, interface: str) -> None:
        """An interface came back as another one: what is held to it is deaf until it is told."""
        self._doors.again(interface)
        if self._leasing is not None:
            self._leasing.again(interface)

    async def _place_kept(self) -> None:
        """Put the store's records in force as they are now; who asks meanwhile shares the work."""
        self._asked_to_place = mine = self._asked_to_place + 1
        async with self._reloading.alone:
            if self._placed >= mine:
                return
            placed, kept = self._asked_to_place, self._operating.kept
            if kept is not None:
                world = await asyncio.to_thread(worlds.with_kept, self._answers.raw, kept)
                await self._place(self._settings, world)
            self._placed = placed

    def _reordered(self, name: str) -> None:
        """Another order is in force for a machine: nothing is answered from what was before."""
        machine = self._answers.raw.index.by_name.get(name)
        for interface in machine.interfaces if machine is not None else ():
            self._answers.forget(interface.mac)
        if self._team is not None:
            self._team.ordered(name, self._operating.orders.of(name))

    async def _place(self, settings: Settings, world: World) -> None:
        if self._team is not None:
            await self._team.change(settings, world)
        leaving = asyncio.create_task(let_go(pieces(self._answers.world.index)))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
        self._settings, self._answers.world = settings, world
