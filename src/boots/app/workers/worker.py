"""A worker: TFTP and HTTP doors of its own, over the world that the main process gives it.

It heeds no signal but those that cannot be refused: it ends when it is told to, or when the main
process is gone.
"""

import asyncio
import contextlib
import itertools
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Sequence

import msgspec
import structlog

from boots.app import tls
from boots.app.folders import TOLD, state_of
from boots.app.health import alive
from boots.app.opening import TRANSFERS, Door, Opening
from boots.app.orders import Orders
from boots.app.privileges import start
from boots.app.process import allow_many_files, keep_one_heap, keep_tls_small, spare_the_collector
from boots.app.runs.live import Live
from boots.app.told import Told
from boots.app.workers import spawn, words
from boots.app.workers.channel import Channel
from boots.app.workers.replica import HeardAnswers, HeardLeases, HeardLoops, HeardSeen
from boots.app.workers.spawn import Inherited
from boots.app.workers.words import Charge
from boots.journal import log
from boots.journal.events import Entry
from boots.journal.journal import Journal
from boots.journal.outlet import patient
from boots.serve.http import Extras, HttpDoor
from boots.serve.relay import Relay
from boots.serve.sockets import StartError
from boots.serve.wellbeing import Metrics
from boots.settings import trusted_proxies

_FLUSH_AFTER = 0.02  # seconds that events may wait to be told together
_MOST_WAITING = 64 << 20  # bytes of events that wait for the main process; more are lost
_log = structlog.get_logger()


class Forward:
    """The journal's only sink here: the main process writes everything down."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._failing = False

    def write(self, entries: Sequence[Entry]) -> None:
        """Send a batch."""
        full = self._channel.waiting > _MOST_WAITING
        if full and not self._failing:
            _log.error("the main process takes no events: some are lost")
        self._failing = full
        if not full:
            self._channel.send(words.encode(words.Happened(list(entries))))

    def close(self) -> None:
        """Nothing is kept."""


class Worker:
    """All there is in a worker; `charge` is what it answers from at first."""

    def __init__(self, charge: Charge, inherited: Inherited) -> None:
        self._charge = charge
        self._inherited = inherited
        self._why = "the server is starting"
        self._asked: dict[int, asyncio.Future[Metrics]] = {}
        self._numbers = itertools.count()
        self._loops = HeardLoops(lambda: self._charge.settings.boot, time.time, self._freed)
        self._seen = HeardSeen(self._catch_up)
        self._leases = HeardLeases(time.time, self._catch_up)
        told = Told(state_of(charge.settings) / TOLD, time.time)
        self._live = Live(time.time, secrets.token_bytes)
        self._relay = Relay(charge.relay) if charge.relay else None
        self._orders = Orders(time.time, lambda _: "", noted=told.note)
        self._shown = tls.of_machines(charge.settings)
        self._answers = HeardAnswers(
            charge.world,
            self._leases,
            lambda known: self._loops.held(known) or self._orders.held(known),
            self._seen,
            orders=self._orders,
            ticket=self._live.ticket,
            catch_up=self._catch_up,
        )
        self._channel: Channel
        self._begin, self._end = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Serve until the end is told, or nobody is there to tell it."""
        loop = asyncio.get_running_loop()
        talk = socket.socket(fileno=self._inherited.talk)
        charges = socket.socket(fileno=self._inherited.charges)
        charges.setblocking(False)
        self._channel = Channel(talk, loop, self._heed, self._gone)
        journal = Journal(
            [Forward(self._channel)], time.time, lambda flush: loop.call_later(_FLUSH_AFTER, flush)
        )
        doors: list[Door | HttpDoor] = []
        try:
            await self._begin.wait()
            for door in self._opening(journal).doors():
                doors.append(door)
                await door.open() if isinstance(door, HttpDoor) else door.open(loop)
            loop.add_reader(charges, self._charged, charges)
            spare_the_collector()
            self._tell(words.InForce(self._charge.number))
            await self._end.wait()
        finally:
            await _close(doors, loop)
            if self._relay is not None:
                await self._relay.close()
            journal.close()
            self._channel.close()

    def _opening(self, journal: Journal) -> Opening:
        settings = self._charge.settings
        given = {
            name: [socket.socket(fileno=number)] for name, number in self._inherited.doors.items()
        }
        return Opening(
            settings,
            self._charge.addresses,
            self._answers,
            journal.record,
            lambda: alive(self._charge.started, self._charge.world),
            extras=Extras(
                ready=lambda: self._why,
                metrics=self._metrics if settings.http.metrics else None,
                trusted=trusted_proxies(settings),
                waiting=self._live,
                relay=self._relay,
            ),
            given=given,
            secure=self._shown.context if self._shown is not None else None,
            only=TRANSFERS,
        )

    def _charged(self, charges: socket.socket) -> None:
        """Answer from another world from now on, whole."""
        with contextlib.suppress(BlockingIOError):
            self._charge = charge = spawn.take(charges)
            self._answers.world = charge.world
            self._renew()
            self._tell(words.InForce(charge.number))

    def _renew(self) -> None:
        """Show the certificate that the main process found to work."""
        if self._shown is not None:
            try:
                self._shown.renew()
            except StartError as error:  # it was changed in this moment, and comes again
                _log.warning("a certificate is not taken up", why=str(error))

    # --- what is told

    def _tell(self, report: words.Report) -> None:
        self._channel.send(words.encode(report))

    def _freed(self, mac: str) -> None:
        self._tell(words.Freed(mac))

    async def _metrics(self, accept: str) -> Metrics:
        number = next(self._numbers)
        shown: asyncio.Future[Metrics] = asyncio.get_running_loop().create_future()
        self._asked[number] = shown
        self._tell(words.Ask(number, accept))
        try:
            return await shown
        finally:
            del self._asked[number]

    # --- what is heard

    def _catch_up(self) -> None:
        self._channel.catch_up()

    def _gone(self) -> None:
        self._begin.set()
        self._end.set()

    def _show(self, number: int, metrics: Metrics) -> None:
        shown = self._asked.get(number)
        if shown is not None and not shown.done():
            shown.set_result(metrics)

    def _heed(self, message: bytes) -> None:
        match words.order(message):
            case words.Tallied() as told:
                self._loops.hear(told)
            case words.SeenAt() as told:
                self._seen.hear(told)
            case words.Leased() as told:
                self._leases.learn(told)
            case words.Ordered(machine, order):
                self._orders.put(machine, order)
            case words.Run(machine, run):
                self._live.put(machine, run)
            case words.Unready(why):
                self._why = why
            case words.Shown(number, body, kind):
                self._show(number, (body, kind))
            case words.Begin():
                self._begin.set()
            case words.End():
                self._end.set()


async def _close(doors: list[Door | HttpDoor], loop: asyncio.AbstractEventLoop) -> None:
    for door in doors:
        if not isinstance(door, HttpDoor):
            door.close(loop)
    await asyncio.gather(*(door.close() for door in doors if isinstance(door, HttpDoor)))


def main(inherited: Inherited) -> None:
    """Be a worker."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they go to all of a service, or of a terminal
    with socket.socket(fileno=os.dup(inherited.charges)) as charges:
        charge = spawn.take(charges)
    form, level = charge.settings.log.form, charge.settings.log.level
    start.helping(confine=charge.settings.confine)
    with patient(sys.stderr, form) as begin:
        begin()
        log.configure(form, level)
        allow_many_files()
        keep_tls_small()
        keep_one_heap()
        asyncio.run(Worker(charge, inherited).run())


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Inherited))
