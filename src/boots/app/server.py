"""The running server: opens the doors, keeps the world current, closes in good order."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from pathlib import Path
from typing import Protocol

import structlog
import watchfiles

from boots import __version__
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
from boots.settings import Settings, SettingsError
from boots.wire.dhcp import Message

_FLUSH_AFTER = 0.02  # seconds that events may wait to be written together
_log = structlog.get_logger()


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
        self._read_settings = read_settings
        self._addresses = {name: sockets.interface_address(name) for name in settings.interfaces}
        self._cache = Cache(_cache_folder(settings))
        self._journal: Journal
        self._doors: list[_Door] = []
        self._http: list[HttpDoor] = []
        self._started = time.time()
        self._world = self._build(settings)

    def _build(self, settings: Settings) -> World:
        return worlds.build(settings, self._addresses, self._cache)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        Raises:
            StartError: a door cannot be opened.
        """
        loop = asyncio.get_running_loop()
        stop: asyncio.Future[str] = loop.create_future()
        self._journal = Journal(
            self._sinks(), time.time, lambda flush: loop.call_later(_FLUSH_AFTER, flush)
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _settle, stop, number.name)
        tasks: list[asyncio.Task[None]] = []
        try:
            listeners = await self._open(loop)
            reload = asyncio.Event()
            loop.add_signal_handler(signal.SIGHUP, reload.set)
            tasks = [
                asyncio.create_task(self._reload_when(reload)),
                asyncio.create_task(self._watch(reload)),
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
            self._journal.record(events.ServerStopped(why=why))
        finally:
            for task in tasks:
                task.cancel()
            await self._close(loop)
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
            found = ready.pop(0) if ready else make()
            address, port = found.getsockname()[:2]
            listeners.append(f"{door} {interface} {address}:{port}")
            return found

        for interface, address in self._addresses.items():
            for door in self._doors_of(interface, address, sock):
                door.open(loop)
                self._doors.append(door)
            if self._settings.http.enabled:
                http = self._http_door(interface, address, sock)
                await http.open()
                self._http.append(http)
        return listeners

    def _doors_of(
        self,
        interface: str,
        address: IPv4Address,
        sock: Callable[[str, str, Callable[[], socket.socket]], socket.socket],
    ) -> Sequence[_Door]:
        settings, record = self._settings, self._journal.record
        doors: list[_Door] = []
        if settings.dhcp.enabled:
            bound = sock(
                "dhcp",
                interface,
                lambda: sockets.udp(IPv4Address(0), settings.dhcp.port, interface),
            )
            doors.append(DhcpDoor(bound, interface, self._answer(interface), record))
        if settings.tftp.enabled:
            bound = sock("tftp", interface, lambda: sockets.udp(address, settings.tftp.port))
            mtu = settings.tftp.largest_block + 32 or sockets.interface_mtu(interface)
            if not settings.tftp.largest_block:
                mtu = sockets.interface_mtu(interface)
            fetch = self._fetch(interface, tftp=True)
            doors.append(TftpDoor(bound, fetch, record, time.monotonic, mtu))
        if settings.router_advertisements:
            ndp = sockets.icmpv6(interface)
            if ndp is not None:
                doors.append(NdpDoor(ndp, interface, self._may_boot, record))
        if settings.syslog.enabled:
            bound = sock("syslog", interface, lambda: sockets.udp(address, settings.syslog.port))
            doors.append(SyslogDoor(bound, self._mac_of, record))
        return doors

    def _http_door(
        self,
        interface: str,
        address: IPv4Address,
        sock: Callable[[str, str, Callable[[], socket.socket]], socket.socket],
    ) -> HttpDoor:
        bound = sock("http", interface, lambda: sockets.tcp(address, self._settings.http.port))
        return HttpDoor(
            bound,
            self._fetch(interface, tftp=False),
            self._journal.record,
            time.monotonic,
            self._alive,
        )

    async def _close(self, loop: asyncio.AbstractEventLoop) -> None:
        for door in self._doors:
            door.close(loop)
        for http in self._http:
            await http.close()

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

    async def _watch(self, reload: asyncio.Event) -> None:
        """Ask for a reload when a record file, a boot file or OSIE changes."""
        folders = {_folder(Path(name)) for name in self._settings.machines}
        folders |= {Path(name) for name in self._settings.boot.files}
        folders |= {Path(self._settings.boot.osie)}
        if self._settings.boot.profiles:
            folders.add(Path(self._settings.boot.profiles))
        there = [folder for folder in folders if folder.is_dir()]
        async for _ in watchfiles.awatch(*there, recursive=False, debounce=200, step=50):
            reload.set()

    async def _reload_when(self, asked: asyncio.Event) -> None:
        while True:
            await asked.wait()
            asked.clear()
            sockets.notify(os.environ, "RELOADING=1")
            await self._reload()
            sockets.notify(os.environ, "READY=1")

    async def _reload(self) -> None:
        """Put a new world in place; on any mistake the one in force stays."""
        began = time.monotonic()
        try:
            settings = self._read_settings()
            # In a thread: the doors go on answering from the old world meanwhile.
            world = await asyncio.to_thread(self._build, settings)
        except SettingsError as error:
            self._journal.record(events.SettingsRefused(why=str(error)))
            return
        except Faulty as error:
            self._journal.record(
                events.RecordsRefused(faults=[str(fault) for fault in error.faults])
            )
            return
        self._world = world
        self._journal.record(
            events.RecordsLoaded(
                machines=len(world.index.machines),
                seconds=time.monotonic() - began,
                source=", ".join(settings.machines),
            )
        )


def _settle(stop: "asyncio.Future[str]", why: str) -> None:
    if not stop.done():
        stop.set_result(why)


def _folder(path: Path) -> Path:
    """Where changes to a path are seen; a file is replaced in the directory it stands in."""
    return path if path.is_dir() else path.parent


def _cache_folder(settings: Settings) -> Path:
    if settings.cache:
        return Path(settings.cache)
    with contextlib.suppress(KeyError):
        return Path(os.environ["CACHE_DIRECTORY"]) / "records"  # systemd's CacheDirectory=
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "boots" / "records"
