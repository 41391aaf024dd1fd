"""What happens goes to the store in batches, from a thread; nobody waits for it.

While the database is away what comes is kept in memory, up to a bound; then the oldest events go.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection, Engine

from boots.store import audit, history, runs, seen
from boots.store.engine import StoreAway, transaction
from boots.store.history import Happened
from boots.store.naming import Name, Naming
from boots.store.seen import Inventory, Leased
from boots.timeline.words import Boot, ForeignServer, Stranger

MOST = 200_000
"""Events that wait at most: some 100 MB."""

LARGEST = 128 << 20
"""Characters that their texts have together at most."""

MOST_BOOTS = 32_768
MOST_SIGHTINGS = 8_192
LARGEST_INVENTORIES = 64 << 20
MOST_INVENTORIES = 100_000
"""Machines whose inventories are in the store at most: those told last."""

_EVERY = 0.2  # seconds between two batches
_BATCH = 2_000  # events
_LONGEST_WAIT = 5.0  # seconds between two tries while the database is away
_TIDY_EVERY = 60.0  # seconds
_PORTION = 5_000  # events that are dropped in one transaction
_LAST_MOMENT = 3.0  # seconds that the end may take
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what happened is kept, in seconds, and how many events at most.

    `audits` is how long it is kept who changed what.
    """

    seconds: float
    events: int
    audits: float = float("inf")


@dataclass(slots=True)
class _Batch:
    events: list[Happened] = field(default_factory=list)
    boots: dict[str, Boot] = field(default_factory=dict)
    inventories: dict[str, Inventory] = field(default_factory=dict)
    sightings: dict[str, Stranger | ForeignServer] = field(default_factory=dict)
    leases: dict[str, Leased] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.events or self.boots or self.inventories or self.sightings or self.leases)

    def bound(self) -> None:
        """Let the oldest go beside the events: who makes MACs up must not fill our memory."""
        _shorten(self.boots, MOST_BOOTS)
        _shorten(self.sightings, MOST_SIGHTINGS)
        size = sum(len(each.body) for each in self.inventories.values())
        while size > LARGEST_INVENTORIES:
            size -= len(self.inventories.pop(next(iter(self.inventories))).body)


class Writer:
    """The thread, and what waits for it.

    `clock` gives seconds since 1970.  `troubled` is called in the thread with the reason when
    the database goes away, `recovered` with the number of events that were lost meanwhile when it
    is back.  `written` is called in it after each batch that is on the disk, and `renamed` with
    the id of a boot that another server had named before.
    """

    def __init__(
        self,
        engine: Engine,
        server: str,
        retention: Retention,
        clock: Callable[[], float],
        *,
        troubled: Callable[[str], None] = lambda _: None,
        recovered: Callable[[int], None] = lambda _: None,
        written: Callable[[], None] = lambda: None,
        renamed: Callable[[str, Name], None] = lambda _ours, _name: None,
    ) -> None:
        self._engine = engine
        self._server = server
        self._retention = retention
        self._clock = clock
        self._troubled = troubled
        self._recovered = recovered
        self._written = written
        self._renamed = renamed
        self._naming = Naming()
        self._lock = threading.Lock()
        self._due = threading.Event()
        self._stop = threading.Event()
        self._events: deque[Happened] = deque()
        self._size = 0
        self._rest = _Batch()
        self._lost = 0
        self._tidied = clock()
        self.lost = 0
        """Events that were never written."""
        self.trouble = ""
        """Why nothing is written now; empty while all is well."""
        self._thread = threading.Thread(target=self._run, name="store-history", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Events that wait."""
        return len(self._events)

    def put(
        self,
        events: Sequence[Happened] = (),
        *,
        boots: Sequence[Boot] = (),
        inventories: Sequence[Inventory] = (),
        sightings: Sequence[Stranger | ForeignServer] = (),
        leases: Sequence[Leased] = (),
    ) -> None:
        """Have these written soon; of what is kept by a key the last counts."""
        with self._lock:
            self._events.extend(events)
            self._size += sum(len(each.body) for each in events)
            while len(self._events) > MOST or self._size > LARGEST:
                self._size -= len(self._events.popleft().body)
                self._lose(1)
            rest = self._rest
            rest.boots.update((each.id, each) for each in boots)
            rest.inventories.update((each.mac, each) for each in inventories)
            rest.sightings.update((_key(each), each) for each in sightings)
            rest.leases.update((each.address, each) for each in leases)
            rest.bound()
        self._due.set()

    def _lose(self, count: int) -> None:
        self._lost += count
        self.lost += count

    def close(self) -> None:
        """Write what waits, if that takes a moment only, and end."""
        self._stop.set()
        self._due.set()
        if self._thread.is_alive():
            self._thread.join(_LAST_MOMENT)

    def _run(self) -> None:
        wait = _EVERY
        while True:
            self._due.wait(_TIDY_EVERY)
            ending = self._stop.wait(wait)
            self._due.clear()
            try:
                self._write()
                self._tidy()
            except StoreAway as error:
                if not self.trouble:
                    self.trouble = str(error)
                    self._troubled(str(error))
                wait = min(_LONGEST_WAIT, wait * 2)
                self._due.set()
            except MemoryError:  # nor is there any to say so
                wait = min(_LONGEST_WAIT, wait * 2)
                self._due.set()
            except Exception:  # noqa: BLE001  # a fault of ours must not end this for good
                _log.exception("what happened cannot be written down: a batch of it is lost")
            else:
                wait = _EVERY
                if self.trouble:
                    self.trouble = ""
                    lost, self._lost = self._lost, 0
                    self._recovered(lost)
            if ending:
                return

    def _write(self) -> None:
        while batch := self._take():
            try:
                with transaction(self._engine) as connection:
                    _write(connection, batch, self._server, self._naming)
            except (StoreAway, MemoryError):
                self._put_back(batch)
                raise
            except Exception:
                with self._lock:
                    self._lose(len(batch.events))
                raise
            for ours, name in self._naming.keep():
                self._renamed(ours, name)
            self._written()

    def _take(self) -> _Batch:
        with self._lock:
            batch, self._rest = self._rest, _Batch()
            count = min(_BATCH, len(self._events))
            batch.events = [self._events.popleft() for _ in range(count)]
            self._size -= sum(len(each.body) for each in batch.events)
            return batch

    def _put_back(self, batch: _Batch) -> None:
        """To the front again; what came meanwhile under the same key is newer."""
        with self._lock:
            room = MOST - len(self._events)
            kept = batch.events[-room:] if room > 0 else []
            self._lose(len(batch.events) - len(kept))
            self._events.extendleft(reversed(kept))
            self._size += sum(len(each.body) for each in kept)
            newer = self._rest
            newer.boots = batch.boots | newer.boots
            newer.inventories = batch.inventories | newer.inventories
            newer.sightings = batch.sightings | newer.sightings
            newer.leases = batch.leases | newer.leases
            newer.bound()

    def _tidy(self) -> None:
        now = self._clock()
        if now - self._tidied < _TIDY_EVERY:
            return
        before = now - self._retention.seconds
        with transaction(self._engine) as connection:
            gone = history.forget(
                connection, before=before, most=self._retention.events, portion=_PORTION
            )
            seen.forget_sightings(connection, before, MOST_SIGHTINGS)
            seen.forget_inventories(connection, MOST_INVENTORIES)
            runs.forget(connection, before)
            audit.tidy(connection, now - self._retention.audits)
        if gone < _PORTION:  # else there is more, in the next round
            self._tidied = now


def _shorten(kept: dict[str, Any], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]


def _key(each: Stranger | ForeignServer) -> str:
    return each.mac if isinstance(each, Stranger) else f"{each.server} {each.interface}"


def _write(connection: Connection, batch: _Batch, server: str, naming: Naming) -> None:
    if batch.events:
        history.write_events(connection, batch.events)
    if batch.boots:
        history.write_boots(connection, naming.named(connection, batch.boots.values()))
    seen.write_inventories(connection, list(batch.inventories.values()))
    seen.write_sightings(connection, list(batch.sightings.values()))
    seen.write_leases(connection, list(batch.leases.values()), server)
