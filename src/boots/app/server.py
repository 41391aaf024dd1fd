"""The running server: opens the doors, keeps the world current, closes in good order."""

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog

from boots import __version__
from boots.app import watch
from boots.app import world as worlds
from boots.app.world import Faulty, World
from boots.journal import events
from boots.journal.file import FileSink
from boots.journal.journal import Journal, Sink
from boots.journal.log import LogSink
from boots.machines.files import Cache
from boots.model.mac import Mac
from boots.policy import answer as policy
from boots.policy import boot, path
from boots.policy import client as clients
from boots.serve import sockets
from boots.serve.dhcp import DhcpDoor
from boots.serve.doors import Fetch, Given
from boots.serve.http import HttpDoor
from boots.serve.ndp import NdpDoor
from boots.serve.sockets import StartError
from boots.serve.syslog import SyslogDoor
from boots.serve.tftp import TftpDoor
from boots.settings import Settings, SettingsError, all_keys
from boots.wire.dhcp import Message

_FLUSH_AFTER = 0.02  # seconds that events may wait to be written together
# Sockets and sinks are opened once: what says where and how counts until a restart.
_AT_START = (
    "interfaces",
    "address",
    "router_advertisements",
    "journal",
    "cache",
    "dhcp.enabled",
    "dhcp.port",
    "tftp.enabled",
    "tftp.port",
    "tftp.address",
    "tftp.largest_block",
    "http.enabled",
    "http.port",
    "syslog.enabled",
    "syslog.port",
    "syslog.address",
    "log.form",
    "log.level",
)
_log = structlog.get_logger()

_Socket = Callable[[str, str, Callable[[], socket.socket]], socket.socket]


class _Door(Protocol):
    def open(self, loop: asyncio.AbstractEventLoop) -> None: ...
    def close(self, loop: asyncio.AbstractEventLoop) -> None: ...


class Server:
    """All doors of one process, over one world that reloading replaces.

    `read_settings` gives the settings anew at a reload; it raises `SettingsError`.
    """

    def __init__(self, settings: Settings, read_settings: Callable[[], Settings]) -> None:
        if not settings.interfaces:
            there = ", ".join(name for _, name in socket.if_nameindex() if name != "lo")
            raise StartError(f"no interface to serve; give --interface, one of {there}")
        if not settings.machines:
            raise StartError("no records to serve from; give --machines, a file or a directory")
        self._settings = settings
        self._asked_for = settings  # the same but for what only a restart brings into force
        self._refused_keys: list[str] = []
        self._read_settings = read_settings
        self._addresses = {name: sockets.interface_address(name) for name in settings.interfaces}
        self._cache = Cache(_cache_folder(settings))
        self._journal: Journal
        self._doors: list[_Door] = []
        self._http: list[HttpDoor] = []
        self._bound: set[tuple[str, IPv4Address]] = set()
        self._started = time.time()
        try:
            self._world = self._build(settings)
        except OSError as error:
            raise StartError(_unreadable(error)) from None

    def _build(self, settings: Settings) -> World:
        return worlds.build(settings, self._addresses, self._cache)

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
            listeners = await self._open(loop)
            tasks = [
                asyncio.create_task(self._reload_when(reload)),
                asyncio.create_task(watch.watch(lambda: self._asked_for, reload.set)),
            ]
            self._journal.record(
                events.ServerStarted(
                    version=__version__,
                    listeners=listeners,
                    machines=len(self._world.index.machines),
                )
            )
            gc.collect()
            gc.freeze()  # the records live as long as we do: the collector need not walk them
            sockets.notify(os.environ, "READY=1")
            why = await stop
            sockets.notify(os.environ, "STOPPING=1")
            await self._end(tasks, loop)
            self._journal.record(events.ServerStopped(why=why))
        finally:
            await self._end(tasks, loop)
            self._journal.close()

    def _sinks(self) -> list[Sink]:
        sinks: list[Sink] = [LogSink()]
        if self._settings.journal:
            try:
                sinks.append(FileSink(Path(self._settings.journal)))
            except OSError as error:
                raise StartError(
                    f"the journal {self._settings.journal} cannot be written: {error.strerror}"
                ) from None
        return sinks

    # --- doors

    async def _open(self, loop: asyncio.AbstractEventLoop) -> list[str]:
        given = sockets.from_systemd(os.environ, os.getpid())
        listeners: list[str] = []

        def sock(door: str, interface: str, make: Callable[[], socket.socket]) -> socket.socket:
            """The socket systemd holds for a door, or one of our own."""
            ready = given.get(f"{door}-{interface}") or given.get(door)
            handed = bool(ready)
            found = ready.pop(0) if ready else make()
            if handed and door == "dhcp":
                sockets.hold_to(found, interface)
            address, port = found.getsockname()[:2]
            listeners.append(f"{door} {interface} {address}:{port}")
            return found

        for interface, address in self._addresses.items():
            for door in self._doors_of(interface, address, sock):
                door.open(loop)
                self._doors.append(door)
            if self._settings.http.enabled:
                http = self._http_door(interface, address, sock)
                self._http.append(http)
                await http.open()
        for name, unused in given.items():
            for each in unused:
                each.close()
                _log.warning("a socket of systemd's is not used", name=name)
        return listeners

    def _at(self, door: str, named: str, address: IPv4Address) -> IPv4Address:
        """Where a door listens: where clients are told it is, if that address is this machine's.

        Of several interfaces the first one has it; the others listen on their own.
        """
        told = IPv4Address(named or self._settings.address or address)
        taken = told in self._addresses.values() or (door, told) in self._bound
        if told != address and (taken or not sockets.is_ours(told)):
            told = address
        self._bound.add((door, told))
        return told

    def _doors_of(
        self,
        interface: str,
        address: IPv4Address,
        sock: _Socket,
    ) -> Iterator[_Door]:
        settings, record = self._settings, self._journal.record
        if settings.dhcp.enabled:
            bound = sock(
                "dhcp",
                interface,
                partial(sockets.udp, IPv4Address(0), settings.dhcp.port, interface),
            )
            yield DhcpDoor(bound, interface, self._answer(interface), record)
        if settings.tftp.enabled:
            at = self._at("tftp", settings.tftp.address, address)
            bound = sock("tftp", interface, partial(sockets.udp, at, settings.tftp.port))
            block = settings.tftp.largest_block
            mtu = block + 32 if block else sockets.interface_mtu(interface)
            fetch = self._fetch(interface, tftp=True)
            yield TftpDoor(bound, fetch, record, time.monotonic, mtu)
        if settings.router_advertisements:
            ndp = sockets.icmpv6(interface)
            if ndp is not None:
                yield NdpDoor(ndp, interface, self._may_boot, record)
        if settings.syslog.enabled:
            at = self._at("syslog", settings.syslog.address, address)
            bound = sock("syslog", interface, partial(sockets.udp, at, settings.syslog.port))
            yield SyslogDoor(bound, self._mac_of, record)

    def _http_door(self, interface: str, address: IPv4Address, sock: _Socket) -> HttpDoor:
        at = self._at("http", "", address)
        bound = sock("http", interface, partial(sockets.tcp, at, self._settings.http.port))
        return HttpDoor(
            bound,
            self._fetch(interface, tftp=False),
            self._journal.record,
            time.monotonic,
            self._alive,
        )

    async def _end(self, tasks: list[asyncio.Task[None]], loop: asyncio.AbstractEventLoop) -> None:
        """Close every door that is open; to do it again does nothing."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._doors:
            self._doors.pop().close(loop)
        leaving, self._http = self._http, []
        await asyncio.gather(*(door.close() for door in leaving))

    # --- what the doors ask

    def _answer(self, interface: str) -> Callable[[Message], policy.Answer]:
        def answer(message: Message) -> policy.Answer:
            world = self._world
            client = clients.from_dhcp(message)
            known = world.index.by_mac.get(client.mac) if client else None
            return policy.answer(message, client, known, world.sites[interface])

        return answer

    def _fetch(self, interface: str, *, tftp: bool) -> Fetch:
        def fetch(asked: str, peer: IPv4Address) -> Given:
            world = self._world
            wanted = path.read(asked)
            index = world.index
            known = index.by_mac.get(wanted.mac) if wanted.mac else index.by_address.get(peer)
            what = boot.fetch(wanted.name, known, world.sites[interface], tftp=tftp)
            return Given(known.mac if known else wanted.mac or "", wanted.name, what, known)

        return fetch

    def _may_boot(self, mac: Mac) -> bool:
        known = self._world.index.by_mac.get(mac)
        return known is not None and not boot.refused(known)

    def _mac_of(self, address: IPv4Address) -> str:
        known = self._world.index.by_address.get(address)
        return known.mac if known else ""

    def _alive(self) -> object:
        return {
            "version": __version__,
            "uptime": round(time.time() - self._started, 3),
            "machines": len(self._world.index.machines),
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
            self._settings, self._world = settings, world
            self._journal.record(
                events.RecordsLoaded(
                    machines=len(world.index.machines),
                    seconds=time.monotonic() - began,
                    source=", ".join(settings.machines),
                )
            )

    def _lasting(self, fresh: Settings) -> Settings:
        """Fresh settings, but for those that only a restart brings into force; that is said."""
        values = {key: _value(fresh, key) for key, _, _ in all_keys()}
        moved = [key for key in _AT_START if values[key] != _value(self._settings, key)]
        if moved and moved != self._refused_keys:
            self._journal.record(
                events.SettingsRefused(
                    why=f"{', '.join(moved)}: changed, which needs a restart; "
                    "until then the running value stays in force"
                )
            )
        self._refused_keys = moved
        values.update({key: _value(self._settings, key) for key in moved})
        nested: dict[str, Any] = {}
        for key, value in values.items():
            section, _, name = key.rpartition(".")
            (nested.setdefault(section, {}) if section else nested)[name] = value
        return msgspec.convert(nested, Settings)


def _value(settings: Settings, key: str) -> Any:
    section, _, name = key.rpartition(".")
    return getattr(getattr(settings, section) if section else settings, name)


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


def _cache_folder(settings: Settings) -> Path:
    if settings.cache:
        return Path(settings.cache)
    with contextlib.suppress(KeyError):
        return Path(os.environ["CACHE_DIRECTORY"]) / "records"  # systemd's CacheDirectory=
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "boots" / "records"
