"""The desk: workflows on their way."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from msgspec.structs import replace

from boots.api.desk import Refused
from boots.app.desk import paging
from boots.app.desk.house import House, asks_store
from boots.app.desk.numbers import Numbers
from boots.app.desk.power import PowerDesk
from boots.app.runs import showing
from boots.app.runs.undoing import undone
from boots.app.runs.words import Given, Kept
from boots.client.words import NewPower, PowerAction
from boots.client.workflows import (
    LogLine,
    LogLines,
    NewRun,
    Retry,
    Run,
    RunPlan,
    Runs,
    Settle,
    Undo,
)
from boots.journal import events
from boots.model.patterns import fits
from boots.store import edges, run_lines, witness
from boots.store import runs as rows
from boots.store.run_lines import Heard
from boots.workflow.advancing import advance
from boots.workflow.happened import Cancelled, Event, Settled
from boots.workflow.run import Run as Progress
from boots.workflow.run import State

_ENOUGH = 1_000  # rows on a page at most
_PORTION = 100  # runs that are read at once for who may see some
_STATES = frozenset(each.value for each in State)


class WorkflowsDesk:
    """Answers what `boots.api.desk.Desk` asks of workflows."""

    def __init__(self, house: House, power: PowerDesk) -> None:
        self._house = house
        self._power = power

    # --- to begin

    @asks_store
    async def plan_run(self, wanted: NewRun, among: Sequence[str] = ()) -> RunPlan:
        """What a new run would do."""
        self._house.machine(wanted.machine)
        given = _given(wanted, "", among)
        return showing.plan(await self._house.workflows().beginning.plan(given))

    @asks_store
    async def create_run(self, wanted: NewRun, by: str, among: Sequence[str] = ()) -> Run:
        """Begin one."""
        self._house.machine(wanted.machine)
        running = self._house.workflows()
        kept = await running.beginning.create(_given(wanted, by, among))
        return await self._started(kept, by, power=wanted.power)

    @asks_store
    async def retry_run(
        self, identity: str, wanted: Retry, by: str, among: Sequence[str] = ()
    ) -> Run:
        """Take up one that is over, as a new run."""
        before = await self._house.run(identity, fresh=True)
        beginning = self._house.workflows().beginning
        made = await beginning.retry(before, wanted.first, wanted.arm, by, among)
        return await self._started(made, by, power=wanted.power)

    @asks_store
    async def undo(self, key: str, wanted: Undo, by: str) -> Run:
        """Put the ends of a disk back, by a run that does that."""
        machine = self._house.machine(key)
        running = self._house.workflows()
        found = await running.keeper.store.read(edges.one, wanted.edges)
        if found is None or found[0].machine != machine.name:
            detail = f'of "{machine.name}" no ends of a disk have the number {wanted.edges}'
            raise Refused(404, "no such ends of a disk", detail)
        line, _ = found
        if line.serial != wanted.serial:
            detail = f"those ends are of the disk {line.serial}, not of {wanted.serial}"
            raise Refused(409, "that is another disk", detail)
        kept = await running.beginning.create(undone(line, by, running.limits().hours))
        return await self._started(kept, by, power=wanted.power)

    async def _started(self, kept: Kept, by: str, *, power: bool) -> Run:
        """A new run, and its machines started, which may not work: then it waits for them."""
        notes = []
        for own in kept.machines if power else ():
            if self._house.machine(own.name).bmc is None:
                notes.append(f"{own.name} has no BMC: start it, or restart it, from the network")
                continue
            try:
                await self._power.switch(own.name, NewPower(action=PowerAction.NETBOOT), by)
            except Refused as refused:
                notes.append(f"the BMC of {own.name} could not start it: {refused.detail}")
        shown = await self._shown(await self._house.run(kept.run.id))
        note = "; ".join(filter(None, (shown.note, *notes)))
        return replace(shown, note=note)

    # --- to look at

    @asks_store
    async def runs(
        self,
        *,
        key: str = "",
        state: str = "",
        after: str = "",
        limit: int = 50,
        among: Sequence[str] = (),
    ) -> Runs:
        """Runs, the latest first."""
        keeper = self._house.workflows().keeper
        machines = (self._house.machine(key).name,) if key else ()
        states = _states(state)
        limit = min(limit, _ENOUGH)
        wanted = {"machines": machines, "states": states, "among": tuple(among)}
        known = await self._page(wanted, paging.behind(after), limit + 1)
        total = await keeper.store.read(rows.count, **wanted)
        lines = []
        for kept in known[:limit]:
            heard = {} if kept.run.is_final else await self._heard(kept)
            lines.append(showing.line(kept, heard))
        last = known[limit - 1].run if len(known) > limit else None
        following = paging.following(last.created_at, last.id) if last else ""
        return Runs(runs=tuple(lines), next=following, total=total)

    async def _page(
        self,
        wanted: Mapping[str, tuple[str, ...]],
        before: tuple[float, str] | None,
        limit: int,
    ) -> list[Kept]:
        """So many runs; what is read further than those is said to nobody."""
        keeper, among = self._house.workflows().keeper, wanted["among"]
        theirs: list[Kept] = []
        portion = max(limit, _PORTION) if among else limit
        while True:
            found = await keeper.store.read(rows.page, **wanted, before=before, limit=portion)
            # Many runs are read in a thread: packets have their turn.
            known = await asyncio.to_thread(lambda some: [*map(keeper.took, some)], found)
            theirs += [
                kept
                for kept in known
                if not among or all(fits(own.name, among) for own in kept.machines)
            ]
            if len(theirs) >= limit or len(found) < portion:
                return theirs[:limit]
            before = found[-1].created, found[-1].id

    @asks_store
    async def run(self, identity: str) -> Run:
        """One run."""
        return await self._shown(await self._house.run(identity))

    async def _shown(self, kept: Kept) -> Run:
        return showing.whole(kept, await self._heard(kept))

    async def _heard(self, kept: Kept) -> Mapping[str, Heard]:
        """What was heard of its agents; by this server it is the latest, others write it down."""
        keeper = self._house.workflows().keeper
        found = await keeper.store.read(run_lines.of, kept.run.id)
        for own in kept.machines:
            here = keeper.heard(kept.run.id, own.worker)
            there = found.get(own.worker)
            if here is not None and (there is None or there.at <= here.at):
                found[own.worker] = here
        return found

    @asks_store
    async def run_lines(
        self, identity: str, after: int = 0, limit: int = 200, among: Sequence[str] = ()
    ) -> LogLines:
        """What its actions said, after the line of this id."""
        await self._house.run(identity)
        limit = min(limit, _ENOUGH)
        store = self._house.workflows().keeper.store
        numbers = self._house.numbers(among)
        found = await store.read(run_lines.read, identity, numbers.meant(after), limit + 1)
        lines = await asyncio.to_thread(_lines, found[:limit], numbers)
        return LogLines(lines=lines, next=lines[-1].id if len(found) > limit else 0)

    @asynccontextmanager
    async def follow_run(self, identity: str) -> AsyncIterator[AsyncIterator[Run]]:
        """The run at each change; at most a few times a second."""
        await self.run(identity)
        keeper = self._house.workflows().keeper
        async with keeper.flag(identity).watched() as woken:

            async def changes() -> AsyncIterator[Run]:
                while True:
                    await woken.wait()
                    woken.clear()
                    yield await self.run(identity)
                    await self._house.workflows().breath()

            yield changes()

    # --- to decide

    @asks_store
    async def cancel_run(self, identity: str, by: str) -> Run:
        """End it."""
        self._about(await self._house.run(identity, fresh=True))
        kept = await self._decide(identity, Cancelled(by=by), "it is over")
        self._tell(kept, "cancel", by)
        return await self._shown(kept)

    @asks_store
    async def settle_run(self, identity: str, said: Settle, by: str) -> Run:
        """Say what is to become of the action that it waits at."""
        self._about(await self._house.run(identity, fresh=True))
        settled = Settled(by=by, step=said.step - 1, again=said.again)
        kept = await self._decide(identity, settled, "it does not wait for that")
        self._tell(kept, "again" if said.again else "done", by, said.step)
        return await self._shown(kept)

    def _about(self, kept: Kept) -> None:
        """Say of what is decided which run it is about, and the machine that this was asked for."""
        try:
            name = self._house.machine(kept.given.machine).name
        except Refused:  # its record is gone, or has another name
            name = kept.machines[0].name
        machines = [own.name for own in kept.machines]
        witness.about(name, run=kept.run.id, machines=machines)

    async def _decide(self, identity: str, event: Event, refusal: str) -> Kept:
        """Have this happen; refused where it changes nothing, whoever changed the run meanwhile."""
        keeper = self._house.workflows().keeper

        def how(kept: Kept) -> Kept:
            run = advance(kept.run, event, keeper.clock())
            if run is kept.run:
                raise Refused(409, refusal, _where(run))
            return replace(kept, run=run)

        return await keeper.change(identity, how)

    def _tell(self, kept: Kept, what: str, by: str, step: int = 0) -> None:
        own = kept.machines[0]
        named = f"{step} {kept.run.steps[step - 1].action.name}" if step else ""
        self._house.tell(
            events.RunOrdered(
                mac=own.worker, machine=own.name, run=kept.run.id, what=what, by=by, step=named
            )
        )


def _where(run: Progress) -> str:
    state = f"{run.state.value} {run.sub.value}".strip()
    if run.is_final:
        return f"run {run.id} is {state}"
    where = f"it is at action {run.at + 1}" if run.at is not None else "all its actions are done"
    return f"run {run.id} is {state}; {where}"


def _lines(kept: Sequence[run_lines.Kept], numbers: Numbers) -> tuple[LogLine, ...]:
    return tuple(
        LogLine(
            id=numbers.told(each.id),
            at=each.at,
            step=each.step + 1,
            attempt=each.attempt,
            text=each.text,
        )
        for each in kept
    )


def _given(wanted: NewRun, by: str, among: Sequence[str]) -> Given:
    return Given(
        by=by,
        machine=wanted.machine,
        source=wanted.template,
        name=wanted.name,
        map=wanted.map,
        disk=wanted.disk,
        arm=wanted.arm,
        among=tuple(among),
    )


def _states(text: str) -> tuple[str, ...]:
    found = tuple(part for part in text.split(",") if part)
    for each in found:
        if each not in _STATES:
            known = ", ".join(sorted(_STATES))
            raise Refused(400, "no such state", f'"{each}" is none; there are {known}')
    return found
