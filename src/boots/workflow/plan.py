"""What a run of a template would do to a machine, before it does anything."""

from typing import Any

from boots.model.word import Word
from boots.workflow.actions import Touch, is_terminal, kind_of, touches, writes
from boots.workflow.native import Use
from boots.workflow.words import Action, Template

CONTAINER = "container"
"""What a step is whose image is no native action."""


class Step(Word, frozen=True):
    """One action of it: what it is, in whose words, and which devices it uses."""

    task: str
    worker: str
    action: Action
    kind: str
    meaning: str
    touches: tuple[Touch, ...]
    ends: bool


class Armed(Word, frozen=True):
    """A disk that a person must arm: by whom it is written, and whether as a whole."""

    disk: str
    worker: str
    actions: tuple[str, ...]
    whole: bool


class Plan(Word, frozen=True):
    """The steps in order, and the disks that must be armed before the first.

    `unclear` are the actions that write disks which neither they nor the record name.
    """

    steps: tuple[Step, ...]
    disks: tuple[Armed, ...]
    unclear: tuple[str, ...] = ()


def plan(template: Template, storage: Any = None) -> Plan:
    """What a template does, with what the machine's record says of its storage."""
    steps = tuple(
        _step(task.name, task.worker, action, storage)
        for task in template.tasks
        for action in task.actions
    )
    disks = _to_arm(steps)
    armed = {each.worker for each in disks}
    unclear = tuple(
        step.action.name
        for step in steps
        if writes(step.action)
        and all(touch.use is Use.READS for touch in step.touches)
        # A container counts as writing every disk that is armed for its machine.
        and not (step.kind == CONTAINER and step.worker in armed)
    )
    return Plan(steps=steps, disks=disks, unclear=unclear)


def _step(task: str, worker: str, action: Action, storage: Any) -> Step:
    kind = kind_of(action)
    return Step(
        task=task,
        worker=worker,
        action=action,
        kind=kind.name if kind else CONTAINER,
        meaning=kind.meaning if kind else "runs a container, which may write any disk",
        touches=touches(action, storage),
        ends=is_terminal(action),
    )


def _to_arm(steps: tuple[Step, ...]) -> tuple[Armed, ...]:
    found: dict[tuple[str, str], Armed] = {}
    for step in steps:
        for touch in step.touches:
            if touch.use is Use.READS:
                continue
            key = step.worker, touch.disk
            known = found.get(key)
            actions = known.actions if known else ()
            found[key] = Armed(
                disk=touch.disk,
                worker=step.worker,
                actions=tuple(dict.fromkeys((*actions, step.action.name))),
                whole=touch.use is Use.WRITES_DISK or (known is not None and known.whole),
            )
    return tuple(found.values())
