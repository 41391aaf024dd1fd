"""All workers, as the main process sees them: started, told, replaced when they end, ended."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import structlog

from boots.app.workers import spawn, words
from boots.app.workers.channel import Channel
from boots.app.workers.underway import Underway
from boots.app.workers.words import Order
from boots.journal import events
from boots.journal.events import AnyEvent, Entry

_SLOWEST = 10.0  # seconds between two tries to replace a worker that ends again and again
_LIVED_WELL = 30.0  # seconds after which a worker's end has nothing to do with its start
_OBEYS_WITHIN = 15.0  # seconds for a new world, or to end
_MOST_WAITING = 64 << 20  # bytes that one worker may leave unheard before it is taken as stuck
_log = structlog.get_logger()

Doors = Mapping[str, socket.socket]


class Hand:
    """One worker, from its start to its end."""

    def __init__(
        self, doors: Doors, charge: int, heed: Callable[["Hand", words.Report], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        self._heed = heed
        self._started = spawn.start(doors, charge)
        try:
            self._channel = Channel(self._started.talk, loop, self._take, self._gone)
        except Exception:
            self.kill()
            raise
        self.gone = asyncio.Event()
        self.in_force = 0
        self.changed = asyncio.Event()
        self.underway = Underway()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._started.process.pid

    def tell(self, order: bytes) -> None:
        """Tell it something; who does not listen for long is ended."""
        self._channel.send(order)
        if self._channel.waiting > _MOST_WAITING:
            self.kill()

    def give(self, charge: int) -> None:
        """Give it another world."""
        try:
            spawn.give(self._started.charges, charge)
        except OSError:  # it is gone
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._started.process.kill()

    async def until(self, number: int) -> bool:
        """Whether it answers from this world, or a later one, within the time that takes."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OBEYS_WITHIN):
                while self.in_force < number and not self.gone.is_set():
                    self.changed.clear()
                    await self.changed.wait()
        return self.in_force >= number

    async def ended(self) -> int:
        """Wait for its end; its status."""
        await self.gone.wait()
        self._started.charges.close()
        deadline = time.monotonic() + 1  # its socket is closed: nothing is left to do but to go
        while (status := self._started.process.poll()) is None:
            if time.monotonic() > deadline:
                self.kill()
            await asyncio.sleep(0.01)
        return status

    def _take(self, message: bytes) -> None:
        report = words.report(message)
        if isinstance(report, words.InForce):
            self.in_force = report.number
            self.changed.set()
        self._heed(self, report)

    def _gone(self) -> None:
        self.gone.set()
        self.changed.set()


class Crew:
    """So many workers as there are sets of doors.

    `take` gets entries of their journals, `record` what happens to themselves, `metrics` what
    they ask for, `freed` whom they set free.  `recall` gives what a new one must hear first.
    """

    def __init__(
        self,
        doors: Sequence[Doors],
        *,
        take: Callable[[Sequence[Entry]], None],
        record: Callable[[AnyEvent], None],
        metrics: Callable[[str], tuple[bytes, str]] | None,
        freed: Callable[[str], None],
        recall: Callable[[], Iterable[Order]],
    ) -> None:
        self._doors = doors
        self._take = take
        self._record = record
        self._metrics = metrics
        self._freed = freed
        self._recall = recall
        self._hands: dict[int, Hand] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._charge = -1
        self._why = "the doors are not open yet"
        self._ending = asyncio.Event()

    def __iter__(self) -> Iterator[Hand]:
        return iter(list(self._hands.values()))

    def tell(self, order: Order) -> None:
        """Tell all workers; it is on its way to them when this returns."""
        if isinstance(order, words.Unready):
            self._why = order.why
        if self._hands:
            message = words.encode(order)
            for hand in self:
                hand.tell(message)

    async def start(self, charge: bytes, number: int) -> bool:
        """Start them all with a packed charge of this number; whether they are ready."""
        self._file(charge)
        self._keepers = [asyncio.create_task(self._keep(slot)) for slot in range(len(self._doors))]
        await asyncio.sleep(0)
        return all([await hand.until(number) for hand in self])

    async def change(self, charge: bytes, number: int) -> None:
        """Have all of them answer from another charge; one that does not is replaced."""
        self._file(charge)
        for hand in self:
            hand.give(self._charge)
        for hand in self:
            if not await hand.until(number):
                hand.kill()

    def _file(self, charge: bytes) -> None:
        before, self._charge = self._charge, spawn.filed(charge)
        if before >= 0:
            os.close(before)

    async def end(self) -> None:
        """End them, after the time that is given to transfers; to do it again does nothing."""
        self._ending.set()
        self.tell(words.End())
        keepers, self._keepers = self._keepers, []
        if keepers:
            await asyncio.wait(keepers, timeout=_OBEYS_WITHIN)
            for hand in self:
                hand.kill()
            await asyncio.wait(keepers)
        if self._charge >= 0:
            os.close(self._charge)
            self._charge = -1
        for doors in self._doors:
            for sock in doors.values():
                sock.close()

    # --- one of them

    async def _keep(self, slot: int) -> None:
        """See that there is a worker behind these doors."""
        pause = 0.0
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                await self._live(slot)
            except (OSError, MemoryError) as error:  # no process is left: there may be soon
                _log.error("a worker cannot be started", error=str(error))
            except Exception:  # noqa: BLE001  # a fault of ours: the next may do better
                _log.exception("a worker cannot be started")
            lived = time.monotonic() - began
            pause = 0.0 if lived > _LIVED_WELL else min(2 * pause + 0.25, _SLOWEST)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ending.wait()

    async def _live(self, slot: int) -> None:
        """One worker, from its start to its end."""
        hand = self._hands[slot] = Hand(self._doors[slot], self._charge, self._heed)
        try:
            self._begin(hand)
        except Exception:
            hand.kill()  # it would hold its doors, and never begin
            raise
        finally:
            status = await hand.ended()
            del self._hands[slot]
        self._settle(hand, status)

    def _begin(self, hand: Hand) -> None:
        for order in self._recall():
            hand.tell(words.encode(order))
        hand.tell(words.encode(words.Unready(self._why)))
        hand.tell(words.encode(words.Begin()))

    def _settle(self, hand: Hand, status: int) -> None:
        """Tell of a worker that ended without being asked, and of what ended with it."""
        if self._ending.is_set() and status == 0:
            return
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        self._record(events.WorkerEnded(pid=hand.pid, why=f"it ended {how}"))
        for event in hand.underway.lost("the worker that sent it has ended"):
            self._record(event)

    def _heed(self, hand: Hand, report: words.Report) -> None:
        match report:
            case words.Happened(entries):
                hand.underway.hear(entries)
                self._take(entries)
            case words.Ask(number, accept) if self._metrics is not None:
                hand.tell(words.encode(words.Shown(number, *self._metrics(accept))))
            case words.Freed(mac):
                self._freed(mac)
            case _:
                pass
