"""Whatever happens to a run, in whatever order, and wherever the server is killed in between."""

import asyncio
import contextlib
import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.app.desks import FILE_MAC
from tests.app.runs.yard import Yard, inventory, new_run

from boots.api.desk import Refused
from boots.client.workflows import NewFreeze, Settle
from boots.journal import events
from boots.model.mac import Mac
from boots.model.order import Netboot
from boots.serve.agent_words import Ask, Caller, Denied, Hand, Happened, Hello, Report
from boots.store import runs as rows

TEMPLATE = """\
version: "0.1"
name: debian
global_timeout: 50000
tasks:
  - name: install
    worker: "{{ .device_1 }}"
    actions:
      - {name: look, image: inventory, timeout: 60}
      - name: write
        image: image2disk
        timeout: 600
        retries: 1
        on-failure: [sh, -c, sync]
        environment: {IMG_URL: "http://192.168.1.1/images/debian", DEST_DISK: /dev/vda}
      - {name: go, image: reboot, timeout: 60}
"""
OVER = {"SUCCESS", "FAILED", "TIMEOUT"}
DEEDS = (
    *("on", "on", "on", "on", "on", "on", "on", "ask", "boot", "boot", "again", "crash", "crash"),
    *("fail", "tick", "life", "redo", "redo", "done", "cancel", "freeze", "thaw", "tells"),
)


class World:
    """A server that may be killed, a machine with an agent, and a person."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = ""
        self.session, self.key = 0, ""
        self.sequence = 0
        self.hand: Hand | None = None
        self.begun = False
        self.handed: dict[tuple[int, int], set[int]] = defaultdict(set)
        self.over = ""
        self.writing: tuple[int, int] | None = None  # attempt and session that may have the disk
        self.yard: Yard

    async def open(self) -> None:
        now = self.yard.now if hasattr(self, "yard") else None
        self.yard = Yard(self.folder)
        self.yard.now = now or self.yard.now
        await self.yard.keeping.open()
        await self.yard.running.load()

    def caller(self) -> Caller:
        known = self.yard.answers.world.index.by_mac[Mac(FILE_MAC)]
        return Caller(known, "lan0", "10.0.0.9:1", self.key)

    async def do(self, deed: str) -> None:
        """One deed; what is refused changes nothing."""
        self.yard.now += 1
        with contextlib.suppress(Denied, Refused):
            await getattr(self, f"_{deed}")()

    async def _boot(self) -> None:
        ticket = ""
        with contextlib.suppress(AssertionError):  # its netboot is off: it is told no script
            ticket = self.yard.ticket()
        if ticket:
            await self._greet(Hello(ticket=ticket))

    async def _again(self) -> None:
        await self._greet(Hello(key=self.key, run=self.run, session=self.session))

    async def _greet(self, said: Hello) -> None:
        told = await self.yard.running.sessions.hello(self.caller(), said)
        if told.run:
            self.session, self.key = told.session, told.key  # type: ignore[union-attr]
            self.sequence, self.hand = 0, None

    async def _ask(self) -> None:
        asked = Ask(run=self.run, session=self.session, wait=0)
        told = await self.yard.running.sessions.next(self.caller(), asked)
        if isinstance(told, Hand):
            assert not self.over, "nothing is handed out of a run that is over"
            self.hand, self.begun = told, False
            if told.part == "action" and told.name == "write":
                anew = (told.attempt, self.session)
                assert self.writing in {None, anew}, "nobody said how the last one ended"
                self.writing = anew
                self.handed[told.step, told.attempt].add(self.session)
            if told.terminal:
                order = self.yard.orders.of("file-1")
                assert order is not None
                assert Netboot.OFF is order.netboot

    async def _tell(self, kind: str, code: int = 0) -> None:
        if self.hand is None:
            return
        at = {"step": self.hand.step, "attempt": self.hand.attempt}
        happened = Happened(type=kind, sequence=self.sequence + 1, exit_code=code, **at)  # type: ignore[arg-type]
        report = Report(run=self.run, session=self.session, events=[happened])
        heard = await self.yard.running.sessions.events(self.caller(), report)
        assert self.sequence + 2 == heard.expected
        self.sequence += 1
        if kind == "ended" and self.hand.name == "write":
            self.writing = None

    async def _on(self) -> None:
        """What an honest agent does next."""
        if self.hand is None:
            await self._ask()
        elif not self.begun:
            await self._start()
            self.begun = True
        elif not self.hand.terminal:
            await self._end()
            self.hand = None

    async def _start(self) -> None:
        await self._tell("started")

    async def _end(self) -> None:
        await self._tell("ended")

    async def _fail(self) -> None:
        await self._tell("ended", 1)

    async def _tick(self) -> None:
        self.yard.now += 300
        await self.yard.tick()

    async def _life(self) -> None:
        await self.yard.running.sessions.life_seen("file-1")

    async def _redo(self) -> None:
        await self._settle(again=True)

    async def _done(self) -> None:
        await self._settle(again=False)

    async def _settle(self, *, again: bool) -> None:
        shown = await self.yard.desk.run(self.run)
        step = int(shown.line.step.partition(" ")[0] or len(shown.steps))
        await self.yard.desk.settle_run(self.run, Settle(step=step, again=again), "me")
        self.writing = None

    async def _cancel(self) -> None:
        await self.yard.desk.cancel_run(self.run, "me")

    async def _freeze(self) -> None:
        await self.yard.desk.set_freeze(NewFreeze(frozen=True), "me")

    async def _thaw(self) -> None:
        await self.yard.desk.set_freeze(NewFreeze(frozen=False), "me")

    async def _tells(self) -> None:
        await self.yard.tells()

    async def _crash(self) -> None:
        self.yard.keeping.close()
        await self.open()

    async def holds(self) -> None:
        """What is always so."""
        for key, sessions in self.handed.items():
            assert 1 == len(sessions), f"{key} was given to {sessions}"
        row = await self.yard.keeping.store.read(rows.one, self.run)
        assert row is not None
        live = self.yard.running.keeper.live.get(self.run)
        assert (row.state in OVER) == (live is None)
        assert live is None or live.revision == row.revision
        assert not self.over or self.over == row.state
        self.over = row.state if row.state in OVER else ""


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(DEEDS), max_size=60))
def test_no_order_of_events_hands_a_disk_to_two_sessions(deeds: list[str]) -> None:
    async def main(folder: Path) -> None:
        world = World(folder)
        await world.open()
        try:
            told = events.InventoryReported(mac=FILE_MAC, peer="", inventory=inventory(), next="")
            world.yard.hear(told)
            await world.yard.written()
            world.run = (await world.yard.provision(new_run(TEMPLATE))).line.id
            await world.do("boot")
            for deed in deeds:
                await world.do(deed)
                await world.holds()
        finally:
            world.yard.keeping.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))


def test_the_deeds_lead_through_a_whole_run(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        await world.open()
        try:
            await world.yard.tells()
            world.run = (await world.yard.provision(new_run(TEMPLATE))).line.id
            for deed in ("boot", *("on", "crash", "on", "on", "again") * 2, "on", "on"):
                await world.do(deed)
                await world.holds()
            await world.do("life")
            await world.holds()
            assert "SUCCESS" == world.over
            assert {(1, 1): {2}} == dict(world.handed)
        finally:
            world.yard.keeping.close()

    asyncio.run(main())
