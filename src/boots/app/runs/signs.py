"""What machines do of themselves, as runs take it: a sink of the journal."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from boots.app.runs.keeper import Keeper, NoRun
from boots.app.runs.preparing import Preparing
from boots.journal import events
from boots.journal.events import Entry
from boots.model.mac import Mac
from boots.policy.client import Program
from boots.store.engine import StoreAway
from boots.workflow.due import heard_by_dhcp

_OS = Program.OS.value
_AGAIN = 5.0  # seconds until what could not be written is tried again
_log = structlog.get_logger()


class Signs:
    """Hears of inventories, and of systems that are no OSIE of ours.

    `name_of` gives the name of the machine that has a MAC; `lives` is told of systems.
    """

    def __init__(
        self,
        keeper: Keeper,
        preparing: Preparing,
        name_of: Callable[[str], str],
        lives: Callable[[str], Awaitable[None]],
    ) -> None:
        self._keeper = keeper
        self._preparing = preparing
        self._name_of = name_of
        self._lives = lives
        self.tasks: set[asyncio.Task[None]] = set()

    def write(self, entries: Sequence[Entry]) -> None:
        """Take what the journal heard."""
        if not self._keeper.live:
            return
        for entry in entries:
            event = entry.event
            match event:
                case events.AckSent(program=program, osie=osie) if program == _OS and not osie:
                    self._system(event.mac, entry.at)
                case events.InventoryReported():
                    self._inventory(event)

    def close(self) -> None:
        """What is not written by now is not: machines do such things again."""
        for task in self.tasks:
            task.cancel()

    def _system(self, mac: str, at: float) -> None:
        name = self._name_of(Mac(mac))
        kept = self._keeper.of(name)
        worker = kept.worker(name) if kept is not None else ""
        if kept is not None and any(
            # What comes before is the address that the machine asks for on its way to OSIE.
            each.worker == worker
            and (each.terminal and each.last and heard_by_dhcp(each))
            and 0 < each.handed_at <= at
            for each in kept.run.steps
        ):
            self._begin(lambda: self._lives(name))

    def _inventory(self, event: events.InventoryReported) -> None:
        name = self._name_of(Mac(event.mac))
        kept = self._keeper.of(name)
        if kept is not None and kept.waits:
            run, told = kept.run.id, {name: event.inventory}

            async def prepare() -> None:
                await self._preparing.prepare(run, told)

            self._begin(prepare)

    def _begin(self, do: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.ensure_future(_surely(do))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def _surely(do: Callable[[], Awaitable[None]]) -> None:
    """Do it as soon as the store takes it."""
    while True:
        try:
            await do()
        except StoreAway:
            await asyncio.sleep(_AGAIN)
            continue
        except NoRun:
            pass
        except Exception:  # noqa: BLE001  # a fault of ours must not end what else goes on
            _log.exception("what a machine did cannot be taken to its run")
        return
