"""Runs as the API shows them."""

from collections.abc import Mapping, Sequence

import msgspec

from boots.app.runs.making import Made
from boots.app.runs.words import Kept, Own
from boots.client.workflows import ArmedDisk, Run, RunLine, RunPlan, RunStep
from boots.serve.agent_words import Progress
from boots.store.run_lines import Heard
from boots.workflow.actions import kind_of, touches
from boots.workflow.arming import Resolved
from boots.workflow.native import Use
from boots.workflow.run import DONE, OPEN, Step, Sub, begin

_progress = msgspec.json.Decoder(Progress).decode


def line(kept: Kept, heard: Mapping[str, Heard]) -> RunLine:
    """A run in a list."""
    run = kept.run
    at = run.at
    step = run.steps[at] if at is not None else None
    return RunLine(
        id=run.id,
        name=run.name,
        machine=kept.machines[0].name,
        mac=kept.machines[0].worker,
        state=run.state.value,
        sub=run.sub.value,
        why=run.why or kept.note,
        step=f"{at + 1} {step.action.name}" if step is not None and at is not None else "",
        steps=len(run.steps),
        done=sum(each.state in DONE for each in run.steps),
        progress=_share(_of(step, at, heard)) if step is not None and at is not None else -1.0,
        created=run.created_at,
        started=run.started_at,
        ended=run.ended_at,
        by=kept.given.by,
        machines=tuple(own.name for own in kept.machines),
    )


def whole(kept: Kept, heard: Mapping[str, Heard]) -> Run:
    """A run, whole."""
    arm = kept.given.arm
    names = {own.worker: own.name for own in kept.machines}
    return Run(
        line=line(kept, heard),
        steps=tuple(_step(at, each, kept, heard) for at, each in enumerate(kept.run.steps)),
        disks=tuple(_disk(each, names) for each in kept.disks),
        policy=arm.policy.value if arm else "",
        armed_by=kept.given.by if arm else "",
        armed_until=kept.given.until if arm else 0.0,
        template=kept.template,
        of=kept.run.of,
        heard=max((each.at for each in heard.values()), default=0.0),
        revision=kept.revision,
        needs=needs(kept),
        note=kept.note,
    )


def needs(kept: Kept) -> tuple[str, ...]:
    """What a person can do of a run now."""
    run = kept.run
    if run.is_final:
        return ("retry",)
    if run.sub in {Sub.NEEDS_PERSON, Sub.HELD}:
        return "again", "done", "cancel"
    if run.sub is Sub.UNCONFIRMED:
        return "done", "cancel"
    return ("cancel",)


def plan(made: Made) -> RunPlan:
    """What a new run would do."""
    names = {own.worker: own.name for own in made.machines}
    steps: tuple[RunStep, ...] = ()
    if made.template is not None:
        bare = Kept(
            run=begin("", made.template, 0.0),
            given=made.given,
            template=made.text,
            machines=made.machines,
        )
        steps = tuple(_step(at, each, bare, {}) for at, each in enumerate(bare.run.steps))
    return RunPlan(
        name=made.template.name if made.template else "",
        steps=steps,
        disks=tuple(_disk(each, names) for each in made.disks),
        faults=(*map(str, made.mistakes), *made.faults),
        doubts=made.doubts,
        machines=tuple(own.name for own in made.machines),
    )


def _step(at: int, step: Step, kept: Kept, heard: Mapping[str, Heard]) -> RunStep:
    kind = kind_of(step.action)
    now = _of(step, at, heard)
    return RunStep(
        number=at + 1,
        task=step.task,
        worker=step.worker,
        name=step.action.name,
        kind=kind.name if kind else "",
        meaning=kind.meaning if kind else "",
        state=step.state.value,
        part=step.part.value,
        attempt=step.attempt,
        timeout=step.action.timeout,
        writes=_writes(step, kept.machines),
        started=step.handed_at,
        ended=step.ended_at,
        exit_code=step.exit_code,
        message=step.message,
        phase=now.phase if now else "",
        progress=_share(now),
        rate=now.rate if now else 0.0,
        eta=now.eta if now is not None and now.eta is not None else -1.0,
    )


def _of(step: Step, at: int, heard: Mapping[str, Heard]) -> Progress | None:
    """How far a step is, where its agent said so of this very hand-out."""
    told = heard.get(step.worker)
    if told is None or not told.progress or step.state not in OPEN:
        return None
    found = _progress(told.progress)
    return found if (found.step, found.attempt) == (at, step.attempt) else None


def _share(progress: Progress | None) -> float:
    if progress is None or not progress.total:
        return -1.0
    return min(1.0, max(0.0, progress.done / progress.total))


def _writes(step: Step, machines: Sequence[Own]) -> tuple[str, ...]:
    own = next((each for each in machines if each.worker == step.worker), None)
    found = touches(step.action, own.storage if own is not None else None)
    return tuple(each.device for each in found if each.use is not Use.READS)


def _disk(disk: Resolved, names: Mapping[str, str]) -> ArmedDisk:
    return ArmedDisk(
        machine=names.get(disk.worker, disk.worker),
        path=disk.path,
        serial=disk.serial,
        size=disk.size,
        model=disk.model,
        holds=disk.holds,
        whole=disk.whole,
        actions=disk.actions,
        problem=disk.problem,
    )
