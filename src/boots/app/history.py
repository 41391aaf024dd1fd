"""What happens is followed, written down and shown: a sink of the journal for operators' eyes."""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog

from boots.app.following import Changed, Flag
from boots.app.shares import Shares
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.model.mac import parse
from boots.store.history import Happened
from boots.store.naming import Name
from boots.store.seen import Inventory
from boots.store.writer import Writer
from boots.timeline.fleet import Timelines
from boots.timeline.words import ForeignServer, Stranger

_LOOK = 0.1  # seconds between two looks at what changed
_TICKS = 10  # looks between two looks for boots that stand still
_AT_ONCE = 20  # machines whose boots are made up in one go, in half a ms or so
_LATE = 0.002  # seconds: a loop that is later than that has more to do than it can
_SHARE, _LEAST = 0.03, 0.003  # seconds of each look for boots, while it is not late and while it is
_SIGHTINGS = 50  # looks between two times that who was heard is written down
_TOLD = 600  # looks between two times that it is said what was not written down
_log = structlog.get_logger()

# How far a download is the boot itself says; an advertisement says nothing of one.
_NOT_KEPT: frozenset[type[AnyEvent]] = frozenset(
    {events.TransferProgressed, events.AdvertisementSent}
)
_encode = msgspec.json.Encoder().encode


class History:
    """Follows boots in memory, has them and the events written down, and wakes who looks on.

    Without a `writer` nothing is kept.  `server` is our name among those that share a store,
    `clock` gives seconds since 1970, `is_ours` says whether a record has a MAC, and `name_of` that
    of which machine it is.
    """

    def __init__(
        self,
        timelines: Timelines,
        writer: Writer | None,
        server: str,
        clock: Callable[[], float],
        *,
        is_ours: Callable[[str], bool] = lambda _: True,
        name_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        self.timelines = timelines
        self.machines = Changed()
        """The MACs whose boots changed."""
        self.written = Flag()
        """Something is in the store that was not."""
        self._writer = writer
        self._server = server
        self._clock = clock
        self._shares = Shares(is_ours)
        self._name_of = name_of
        self._sighted = 0.0

    # --- as a sink of the journal

    def write(self, entries: Sequence[Entry]) -> None:
        """Take what happened here."""
        self.timelines.write([_slim(entry) for entry in entries])
        if self._writer is None:
            return
        admits = self._shares.admits
        rows = [
            self._row(entry)
            for entry in entries
            if type(entry.event) not in _NOT_KEPT
            and admits(entry.at, type(entry.event).__name__, getattr(entry.event, "mac", None))
        ]
        inventories = [
            Inventory(entry.event.mac, entry.at, _text(entry.event.inventory))
            for entry in entries
            if type(entry.event) is events.InventoryReported and entry.event.mac
        ]
        if rows or inventories:
            self._writer.put(rows, inventories=inventories)

    def close(self) -> None:
        """The writer is closed by who opened it."""

    def others(self, entries: Sequence[Entry]) -> None:
        """Take what happened at other servers, which is written down already."""
        self.timelines.write(entries)
        self.written.wave()

    def renamed(self, ours: str, name: Name) -> None:
        """Another server that saw a boot begin has named it before us."""
        mac = parse(ours.partition("-")[0])
        if mac is not None:
            self.timelines.renamed(mac, ours, name.id, name.started)

    @property
    def waiting(self) -> int:
        """Events that are not written down yet."""
        return self._writer.waiting if self._writer is not None else 0

    @property
    def lost(self) -> int:
        """Events that were never written down, as the store was away for too long."""
        return self._writer.lost if self._writer is not None else 0

    def left_out(self) -> Mapping[str, int]:
        """How many events of which kind were not written down since this was asked last."""
        return self._shares.taken()

    async def run(self) -> None:
        """Make boots of what happened, and look for those that stand still, until cancelled."""
        now = asyncio.get_running_loop().time
        for count in itertools.count():
            due = now() + _LOOK
            await asyncio.sleep(_LOOK)
            # Where packets keep the loop busy they come first, and we are behind for a while.
            share = _SHARE if now() - due < _LATE else _LEAST
            try:
                await self._look_through(share, tick=count % _TICKS == 0)
                if count % _SIGHTINGS == 0:
                    self._write_sightings()
                if count % _TOLD == 0:
                    self._tell_left_out()
            except Exception:  # noqa: BLE001  # a fault of ours must not end this for good
                _log.exception("boots cannot be looked through")

    async def _look_through(self, share: float = _SHARE, *, tick: bool) -> None:
        """Look at some after some, until all were looked at or so many seconds are over."""
        now = asyncio.get_running_loop().time
        until = now() + share
        while self.look(tick=tick):
            if now() >= until:
                return
            await asyncio.sleep(0)  # packets have their turn

    def look(self, *, tick: bool = True) -> bool:
        """Look once at what changed; with `tick` also for boots that stand still.

        Whether there may be more.
        """
        timelines = self.timelines
        found = timelines.tick(self._clock(), _AT_ONCE) if tick else timelines.changed(_AT_ONCE)
        if not found:
            return bool(timelines.waiting)
        self.machines.note([boot.mac for boot in found])
        if self._writer is not None:
            self._writer.put(boots=found)
        return bool(timelines.waiting) or len(found) >= _AT_ONCE

    def _write_sightings(self) -> None:
        """Have strangers and other servers that were heard since the last time written down."""
        if self._writer is None:
            return
        heard: list[Stranger | ForeignServer] = [*self.timelines.strangers()]
        heard += self.timelines.foreign()
        fresh = [each for each in heard if each.last > self._sighted]
        if fresh:
            self._sighted = max(each.last for each in fresh)
            self._writer.put(sightings=fresh)

    def _tell_left_out(self) -> None:
        left_out = self.left_out()
        if left_out:
            _log.warning(
                "more happened than is written down: some events are in no history",
                left_out=dict(left_out),
            )

    def _row(self, entry: Entry) -> Happened:
        event = _slim(entry).event  # an inventory is kept once, beside the events
        kind = type(event).__name__
        mac = getattr(event, "mac", "")
        machine = getattr(event, "machine", "") or (self._name_of(mac) if mac else "")
        return Happened(entry.at, mac, kind, _text(event), self._server, machine=machine)


def _slim(entry: Entry) -> Entry:
    """An entry that may wait: of an inventory, which can be a MiB, what says whose it is."""
    event = entry.event
    if type(event) is not events.InventoryReported:
        return entry
    return Entry(entry.at, msgspec.structs.replace(event, inventory=_identity(event.inventory)))


def _identity(inventory: Mapping[str, object]) -> dict[str, object]:
    """What of an inventory says whose it is: all that a boot is told by."""
    system = inventory.get("system")
    uuid = system.get("uuid") if isinstance(system, dict) else None
    return {"system": {"uuid": uuid[:64]}} if isinstance(uuid, str) else {}


def _text(value: object) -> str:
    """As JSON; what cannot be written is left out, for it came from the network."""
    try:
        return _encode(value).decode()
    except (UnicodeEncodeError, RecursionError):
        return "{}"
