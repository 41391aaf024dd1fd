"""Staying current: settings and records are read again while the doors go on answering."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from boots.app.world import World
from boots.documents.fault import Faulty, named
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.serve import sockets
from boots.settings import Settings, SettingsError, all_keys, of_keys, value_of

# Sockets and sinks are opened once: what says where and how counts until a restart.
AT_START = (
    "interfaces",
    "address",
    "router_advertisements",
    "journal",
    "cache",
    "state",
    "workers",
    "user",
    "confine",
    "dhcp.mode",
    "dhcp.port",
    "dhcp.proxy_port",
    "dhcp.shadow",
    "dhcp.probe",
    "dhcp.friends",
    "dhcp.strangers",
    "tftp.enabled",
    "tftp.port",
    "tftp.address",
    "tftp.largest_block",
    "tftp.single_port",
    "tftp.strangers",
    "http.enabled",
    "http.port",
    "http.trusted_proxies",
    "http.https_port",
    "http.certificate",
    "http.key",
    "http.metrics",
    "http.connections",
    "trace.endpoint",
    "syslog.enabled",
    "syslog.port",
    "syslog.address",
    "operator.enabled",
    "operator.address",
    "operator.port",
    "operator.certificate",
    "operator.key",
    "operator.client_ca",
    "operator.client_crl",
    "operator.clients",
    "operator.tokens_required",
    "operator.hosts",
    "workflow.most_writing",
    "workflow.hours",
    "workflow.containers",
    "store.enabled",
    "store.url",
    "store.server",
    "store.keep_days",
    "store.keep_audit_days",
    "store.keep_events",
    "store.poll",
    "log.form",
    "log.level",
    "log.lines",
)
_A_MOMENT = 1.0  # seconds
_NO_MEMORY = "no memory is left to read the records anew; give the server more, or fewer records"
_log = structlog.get_logger()


class Reloading:
    """Puts a new world in place whenever `due` is set; on any mistake the one in force stays.

    `started` are the settings of the start.  `renew` takes up certificates, and who was revoked;
    `read` gives the settings anew or raises `SettingsError`, in another one; `build` makes their
    world, `place` puts both in force.  `asked_for` is what was read last, but for what only a
    restart brings into force.
    """

    def __init__(
        self,
        started: Settings,
        read: Callable[[], Settings],
        build: Callable[[Settings], World],
        place: Callable[[Settings, World], Awaitable[None]],
        tell: Callable[[AnyEvent], None],
        *,
        renew: Callable[[], Awaitable[None]],
    ) -> None:
        self.asked_for = started
        self.due = asyncio.Event()
        self.alone = asyncio.Lock()
        """Whoever makes a world and puts it in force holds this meanwhile."""
        self._started = started
        self._renew = renew
        self._read = read
        self._build = build
        self._place = place
        self._tell = tell
        self._refused_keys: list[str] = []

    async def run(self) -> None:
        """Reload when it is due; runs until it is cancelled."""
        while True:
            await self.due.wait()
            self.due.clear()
            # systemd wants the time with it, to tell this reload from an earlier one.
            now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            sockets.notify(os.environ, f"RELOADING=1\nMONOTONIC_USEC={now}")
            await self._reload()
            sockets.notify(os.environ, "READY=1")

    async def _reload(self) -> None:
        began = time.monotonic()
        try:
            await self._renew()
            fresh = await asyncio.to_thread(self._read)  # its disk may be slow, too
            self.asked_for = settings = self._lasting(fresh)
            async with self.alone:
                # In a thread: the doors go on answering from the old world meanwhile.
                world = await asyncio.to_thread(self._build, settings)
                await self._place(settings, world)
        except SettingsError as error:
            self._tell(events.SettingsRefused(why=str(error)))
        except Faulty as error:
            self._tell(events.RecordsRefused(faults=[str(fault) for fault in error.faults]))
        except OSError as error:
            self._tell(events.RecordsRefused(faults=[unreadable(error)]))
        except MemoryError:
            self._tell(events.RecordsRefused(faults=[_NO_MEMORY]))
        except Exception as error:  # noqa: BLE001  # a fault of ours must not end reloading for good
            _log.exception("reload failed")
            self._tell(events.RecordsRefused(faults=[f"a fault of ours: {error!r}"]))
        else:
            self._tell(
                events.RecordsLoaded(
                    machines=len(world.index.machines),
                    seconds=time.monotonic() - began,
                    source=", ".join(settings.machines),
                )
            )

    def _lasting(self, fresh: Settings) -> Settings:
        """Fresh settings, but for those that only a restart brings into force; that is said."""
        values = {key: value_of(fresh, key) for key, _, _ in all_keys()}
        moved = [key for key in AT_START if values[key] != value_of(self._started, key)]
        if moved and moved != self._refused_keys:
            self._tell(
                events.SettingsRefused(
                    why=f"{', '.join(moved)}: changed, which needs a restart; "
                    "until then the running value stays in force"
                )
            )
        self._refused_keys = moved
        values.update({key: value_of(self._started, key) for key in moved})
        return of_keys(values)


async def let_go(pieces: list[object]) -> None:
    """Forget these one by one, from the end; others have their turn after each.

    The doors have an old index until the next packet comes.
    """
    await asyncio.sleep(_A_MOMENT)
    while pieces:
        pieces.pop()
        await asyncio.sleep(0)


def unreadable(error: OSError) -> str:
    """What to say of a file that cannot be read."""
    place = named(Path(os.fsdecode(error.filename))) if error.filename else "a file"
    return f"{place}: cannot be read: {error.strerror}"
