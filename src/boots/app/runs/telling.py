"""What the journal is told of a run: what is different after something happened."""

from collections.abc import Iterator

from boots.app.runs.words import Kept
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.workflow.arming import Resolved
from boots.workflow.run import Step


def told(before: Kept | None, after: Kept) -> Iterator[AnyEvent]:
    """The events of a change."""
    if before is None:
        yield _made(after)
    elif before.disks != after.disks:
        yield _armed(after)
    if before is None or _signs(before) != _signs(after):
        yield _changed(after)


def _signs(kept: Kept) -> tuple[object, ...]:
    run = kept.run
    at = run.at
    step = run.steps[at] if at is not None else None
    return run.state, run.sub, at, step.state if step else None, step.attempt if step else 0


def _made(kept: Kept) -> AnyEvent:
    run, given = kept.run, kept.given
    return events.RunCreated(
        mac=kept.machines[0].worker,
        machine=", ".join(each.name for each in kept.machines),
        run=run.id,
        name=run.name,
        by=given.by,
        policy=given.arm.policy.value if given.arm else "",
        disks=[_disk(each) for each in kept.disks],
        of=run.of,
    )


def _armed(kept: Kept) -> AnyEvent:
    given = kept.given
    return events.DisksArmed(
        mac=kept.machines[0].worker,
        machine=kept.machines[0].name,
        run=kept.run.id,
        by=given.by,
        policy=given.arm.policy.value if given.arm else "",
        disks=[_disk(each) for each in kept.disks if not each.problem],
        problems=[f"{each.path}: {each.problem}" for each in kept.disks if each.problem],
    )


def _disk(disk: Resolved) -> str:
    return f"{disk.path} of {disk.worker}, {disk.serial or 'not known yet'}, {disk.size} bytes"


def _changed(kept: Kept) -> AnyEvent:
    run = kept.run
    step = _step(kept)
    return events.RunChanged(
        mac=step.worker if step else kept.machines[0].worker,
        machine=kept.of(step.worker).name if step else kept.machines[0].name,
        run=run.id,
        name=run.name,
        state=run.state.value,
        sub=run.sub.value,
        why=run.why or (step.message[-300:] if step and step.exit_code else ""),
        step=f"{run.steps.index(step) + 1} {step.action.name}" if step else "",
        step_state=step.state.value if step else "",
        exit_code=(step.exit_code or 0) if step else 0,
    )


def _step(kept: Kept) -> Step | None:
    """The step that it is at; of a run that is over the one it came to."""
    run = kept.run
    if run.at is not None:
        return run.steps[run.at]
    return run.steps[-1] if run.steps else None
