"""What a person can do to a run, and to all writing: a page that asks, a button that does it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from boots.api.asked import Asked
from boots.api.desk import Refused
from boots.api.runs import check_thaw
from boots.client.workflows import EdgesLine, NewFreeze, Retry, Run, Settle, Undo
from boots.web import arming
from boots.web.looks import segment
from boots.web.room import Room, form_of, goes_on, softly

Do = Callable[[Room, Run, Mapping[str, str], str], Awaitable[Run]]


@dataclass(frozen=True, slots=True)
class Decision:
    """One of them; `arms` says that disks are armed for it."""

    title: str
    means: str
    do: Do
    grave: bool = False
    arms: bool = False


async def _cancel(room: Room, run: Run, _form: Mapping[str, str], by: str) -> Run:
    return await room.desk.cancel_run(run.line.id, by)


def _settle(*, again: bool) -> Do:
    async def do(room: Room, run: Run, form: Mapping[str, str], by: str) -> Run:
        step = arming.number("step", form.get("step", ""))
        return await room.desk.settle_run(run.line.id, Settle(step=step, again=again), by)

    return do


async def _retry(room: Room, run: Run, form: Mapping[str, str], by: str) -> Run:
    arm = arming.read(form)
    arming.check(form, run.line.machine, arm)
    wanted = Retry(
        first=arming.number("first", form.get("first", "0")),
        arm=arm,
        power=bool(form.get("power")),
    )
    return await room.desk.retry_run(run.line.id, wanted, by)


DECISIONS: Mapping[str, Decision] = {
    "again": Decision(
        "Do it again",
        "The action that it waits at is done once more, from its beginning.",
        _settle(again=True),
        grave=True,
    ),
    "done": Decision(
        "Take it as done",
        "The action that it waits at counts as done, as you know better; the next one follows.",
        _settle(again=False),
    ),
    "retry": Decision(
        "Take it up again",
        "A new run begins at the action that you choose; what comes before counts as done. "
        "Its disks are armed anew.",
        _retry,
        grave=True,
        arms=True,
    ),
    "cancel": Decision(
        "Cancel",
        "The action that is on is stopped, and the run is over. What was written stays written.",
        _cancel,
        grave=True,
    ),
}
"""In the order in which they are offered."""


async def _found(room: Room, asked: Asked) -> tuple[Run, Decision]:
    run = await room.desk.run(asked.keys["id"])
    decision = DECISIONS.get(asked.keys["action"])
    if decision is None:
        raise Refused(404, "There is no such action", f"one of {', '.join(DECISIONS)}")
    if asked.keys["action"] not in run.needs:
        raise Refused(409, f"{decision.title}: not now", f"the run is {run.line.word}")
    return run, decision


async def ask(room: Room, asked: Asked) -> web.StreamResponse:
    """Say what would be done, and ask whether it shall."""
    run, decision = await _found(room, asked)
    steps = [step for step in run.steps if step.state not in {"SUCCESS", "SKIPPED"}]
    at = steps[0].number if steps else 0
    values = {"run": run, "line": run.line, "decision": decision, "at": at}
    return await room.page(asked, "ask_run.html", **values, policies=arming.POLICIES)


async def act(room: Room, asked: Asked) -> web.StreamResponse:
    """Do it."""
    run, decision = await _found(room, asked)
    made = await decision.do(room, run, await form_of(asked.request), asked.me.name)
    return goes_on(f"/workflows/{segment(made.line.id)}")


async def ask_undo(room: Room, asked: Asked) -> web.StreamResponse:
    """Say which ends of which disk would be put back, and ask whether they shall."""
    machine = await room.desk.machine(asked.keys["name"])
    kept = await _kept(room, machine.line.name, asked.keys["edges"])
    freeze = await softly(room.desk.freeze())
    return await room.page(asked, "undo.html", line=machine.line, kept=kept, freeze=freeze)


async def undo(room: Room, asked: Asked) -> web.StreamResponse:
    """Put them back, by a run that does that."""
    form = await form_of(asked.request)
    name = (await room.desk.machine(asked.keys["name"])).line.name
    kept = await _kept(room, name, asked.keys["edges"])
    serial = form.get("serial", "").strip()
    if serial != kept.serial:
        raise Refused(400, "That is another disk", f"these ends are those of {kept.serial}")
    wanted = Undo(edges=kept.id, serial=serial, power=bool(form.get("power")))
    made = await room.desk.undo(name, wanted, asked.me.name)
    return goes_on(f"/workflows/{segment(made.line.id)}")


async def _kept(room: Room, name: str, number: str) -> EdgesLine:
    for each in (await room.desk.edges(name)).edges:
        if str(each.id) == number:
            return each
    raise Refused(404, "No such ends of a disk", f"{number} is kept of no disk of {name}")


async def frozen(room: Room, asked: Asked) -> web.StreamResponse:
    """Whether all writing is frozen, and the button for the other."""
    return await room.page(asked, "freeze.html", freeze=await room.desk.freeze())


async def freeze(room: Room, asked: Asked) -> web.StreamResponse:
    """Freeze, or allow writing again."""
    form = await form_of(asked.request)
    wanted = NewFreeze(frozen=form.get("frozen") == "1", why=form.get("why", "").strip())
    check_thaw(asked.me, frozen=wanted.frozen)
    await room.desk.set_freeze(wanted, asked.me.name)
    return goes_on("/workflows")
