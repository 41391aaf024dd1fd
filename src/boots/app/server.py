"""The running server: opens the doors, keeps the world current, closes in good order."""

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from boots import __version__
from boots.app import catalogue, certificate, watch
from boots.app import world as worlds
from boots.app.answers import Answers
from boots.app.folders import cache_folder, state_folder
from boots.app.key import token_key
from boots.app.leasing import Leasing
from boots.app.loops import Loops
from boots.app.observing import Observing
from boots.app.opening import Door, Opening
from boots.app.upkeep import places
from boots.app.world import Faulty, World
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.journal.file import FileSink
from boots.journal.journal import Journal, Sink
from boots.journal.log import LogSink
from boots.machines.files import Cache
from boots.serve import sockets
from boots.serve.http import Extras, HttpDoor
from boots.serve.sockets import StartError
from boots.settings import Settings, SettingsError, all_keys, of_keys, trusted_proxies, value_of

_FLUSH_AFTER = 0.02  # seconds that events may wait to be written together
# Sockets and sinks are opened once: what says where and how counts until a restart.
AT_START = (
    "interfaces",
    "address",
    "router_advertisements",
    "journal",
    "cache",
    "state",
    "dhcp.mode",
    "dhcp.port",
    "dhcp.proxy_port",
    "dhcp.shadow",
    "dhcp.probe",
    "tftp.enabled",
    "tftp.port",
    "tftp.address",
    "tftp.largest_block",
    "tftp.single_port",
    "http.enabled",
    "http.port",
    "http.trusted_proxies",
    "http.https_port",
    "http.certificate",
    "http.key",
    "http.metrics",
    "trace.endpoint",
    "syslog.enabled",
    "syslog.port",
    "syslog.address",
    "log.form",
    "log.level",
)
_log = structlog.get_logger()


class Server:
    """All doors of one process, over one world that reloading replaces.

    `read_settings` gives the settings anew at a reload; it raises `SettingsError`.
    """

    def __init__(self, settings: Settings, read_settings: Callable[[], Settings]) -> None:
        if not settings.interfaces:
            there = ", ".join(name for _, name in socket.if_nameindex() if name != "lo")
            raise StartError(f"no interface to serve; give --interface, one of {there}")
        if settings.lacks_records:
            raise StartError("no records to serve from; give --machines, a file or a directory")
        self._settings = settings
        self._asked_for = settings  # the same but for what only a restart brings into force
        self._refused_keys: list[str] = []
        self._read_settings = read_settings
        self._addresses = {name: sockets.interface_address(name) for name in settings.interfaces}
        self._cache = Cache(Path(settings.cache) if settings.cache else cache_folder() / "records")
        self._journal: Journal
        self._loops = Loops(lambda: self._settings.boot, time.time, self._tell)
        self._doors: list[Door] = []
        self._http: list[HttpDoor] = []
        self._started = time.time()
        self._observing = Observing(settings)
        self._trusted = trusted_proxies(settings)
        self._token_key = b""
        self._unready = "the doors are not open yet"
        self._stamps = watch.stamps(settings)
        try:
            world = self._build(settings)
        except OSError as error:
            raise StartError(_unreadable(error)) from None
        self._leasing = self._leases() if settings.dhcp.mode == "pool" else None
        self._answers = Answers(world, self._leasing, held=self._loops.held)

    @property
    def world(self) -> World:
        """The world that is in force."""
        return self._answers.world

    def _build(self, settings: Settings) -> World:
        if settings.metadata.enabled and not self._token_key:
            self._token_key = token_key(self._state_folder())
        return worlds.build(settings, self._addresses, self._cache, self._token_key)

    def _state_folder(self) -> Path:
        return Path(self._settings.state) if self._settings.state else state_folder()

    def _leases(self) -> Leasing:
        folder = self._state_folder()
        found = places(self._addresses, probe=self._settings.dhcp.probe)
        return Leasing(folder / "leases", found, lambda: self.world, time.time, self._tell)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        Raises:
            StartError: a door cannot be opened.
        """
        loop = asyncio.get_running_loop()
        stop: asyncio.Future[str] = loop.create_future()
        reload = asyncio.Event()
        _allow_many_files()
        self._journal = Journal(
            self._sinks(), time.time, lambda flush: loop.call_later(_FLUSH_AFTER, flush)
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _settle, stop, number.name)
        loop.add_signal_handler(signal.SIGHUP, reload.set)
        tasks: list[asyncio.Task[None]] = []
        try:
            if self._leasing is not None:
                tasks.append(asyncio.create_task(self._leasing.run()))
            listeners = await self._open(loop)
            if self._leasing is not None:
                await self._leasing.ready()
            if not any(site.boot_files for site in self.world.sites.values()):
                _log.warning(catalogue.missing())
            for doubt in self._doubts():
                _log.warning(doubt)
            tasks += [
                asyncio.create_task(self._reload_when(reload)),
                asyncio.create_task(watch.watch(lambda: self._asked_for, reload.set, self._stamps)),
            ]
            self._journal.record(
                events.ServerStarted(
                    version=__version__,
                    listeners=listeners,
                    machines=len(self.world.index.machines),
                )
            )
            gc.collect()
            gc.freeze()  # the records live as long as we do: the collector need not walk them
            self._unready = ""
            sockets.notify(os.environ, "READY=1")
            why = await stop
            self._unready = "the server is stopping"
            sockets.notify(os.environ, "STOPPING=1")
            await self._end(tasks, loop)
            self._journal.record(events.ServerStopped(why=why))
        finally:
            await self._end(tasks, loop)
            if self._leasing is not None:
                self._leasing.close()
            self._journal.close()

    def _tell(self, event: AnyEvent) -> None:
        self._journal.record(event)

    def _sinks(self) -> list[Sink]:
        sinks: list[Sink] = [LogSink(), self._loops, *self._observing.sinks]
        if self._settings.journal:
            try:
                sinks.append(FileSink(Path(self._settings.journal)))
            except OSError as error:
                raise StartError(
                    f"the journal {self._settings.journal} cannot be written: {error.strerror}"
                ) from None
        return sinks

    async def _open(self, loop: asyncio.AbstractEventLoop) -> list[str]:
        opening = Opening(
            self._settings,
            self._addresses,
            self._answers,
            self._journal.record,
            self._alive,
            extras=Extras(
                ready=lambda: self._unready,
                metrics=self._observing.metrics,
                trusted=self._trusted,
            ),
        )
        for door in opening.doors():
            if isinstance(door, HttpDoor):
                self._http.append(door)
                await door.open()
            else:
                door.open(loop)
                self._doors.append(door)
        return opening.listeners

    async def _end(self, tasks: list[asyncio.Task[None]], loop: asyncio.AbstractEventLoop) -> None:
        """Close every door that is open; to do it again does nothing."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._doors:
            self._doors.pop().close(loop)
        leaving, self._http = self._http, []
        await asyncio.gather(*(door.close() for door in leaving))

    def _doubts(self) -> list[str]:
        """What firmware will not take of our certificate, where its URLs call for one."""
        sites = self.world.sites.values()
        found = {site.http_url: None for site in sites}
        return [
            str(doubt)
            for url in found
            for doubt in certificate.doubts(self._settings, url, certificate.now())
        ]

    def _alive(self) -> object:
        up = time.time() - self._started
        return {
            "version": __version__,
            "git_rev": __version__,  # these two as Tinkerbell's monitoring reads them
            "uptime_seconds": f"{up:.2f}",
            "uptime": round(up, 3),
            "machines": len(self.world.index.machines),
        }

    # --- staying current

    async def _reload_when(self, asked: asyncio.Event) -> None:
        while True:
            await asked.wait()
            asked.clear()
            # systemd wants the time with it, to tell this reload from an earlier one.
            now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            sockets.notify(os.environ, f"RELOADING=1\nMONOTONIC_USEC={now}")
            await self._reload()
            sockets.notify(os.environ, "READY=1")

    async def _reload(self) -> None:
        """Put a new world in place; on any mistake the one in force stays."""
        began = time.monotonic()
        try:
            self._asked_for = settings = self._lasting(self._read_settings())
            # In a thread: the doors go on answering from the old world meanwhile.
            world = await asyncio.to_thread(self._build, settings)
        except SettingsError as error:
            self._journal.record(events.SettingsRefused(why=str(error)))
        except Faulty as error:
            faults = [str(fault) for fault in error.faults]
            self._journal.record(events.RecordsRefused(faults=faults))
        except OSError as error:
            self._journal.record(events.RecordsRefused(faults=[_unreadable(error)]))
        except Exception as error:  # noqa: BLE001  # a fault of ours must not end reloading for good
            _log.exception("reload failed")
            self._journal.record(events.RecordsRefused(faults=[f"a fault of ours: {error!r}"]))
        else:
            self._settings, self._answers.world = settings, world
            self._journal.record(
                events.RecordsLoaded(
                    machines=len(world.index.machines),
                    seconds=time.monotonic() - began,
                    source=", ".join(settings.machines),
                )
            )

    def _lasting(self, fresh: Settings) -> Settings:
        """Fresh settings, but for those that only a restart brings into force; that is said."""
        values = {key: value_of(fresh, key) for key, _, _ in all_keys()}
        moved = [key for key in AT_START if values[key] != value_of(self._settings, key)]
        if moved and moved != self._refused_keys:
            self._journal.record(
                events.SettingsRefused(
                    why=f"{', '.join(moved)}: changed, which needs a restart; "
                    "until then the running value stays in force"
                )
            )
        self._refused_keys = moved
        values.update({key: value_of(self._settings, key) for key in moved})
        return of_keys(values)


def _unreadable(error: OSError) -> str:
    return f"{error.filename}: cannot be read: {error.strerror}"


def _allow_many_files() -> None:
    """Take as many file descriptors as we may: each TFTP transfer has a socket to itself."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # forbidden: then with as many as there are
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _settle(stop: "asyncio.Future[str]", why: str) -> None:
    if not stop.done():
        stop.set_result(why)
