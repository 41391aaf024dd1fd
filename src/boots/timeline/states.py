"""Where a boot stands at a moment: from what is known of it and what is found."""

import msgspec

from boots.timeline.case import NO_FACTS, Case, Facts
from boots.timeline.knowledge import judge
from boots.timeline.steps import Followed
from boots.timeline.words import Stage, State


def settle(followed: Followed, now: float, facts: Facts = NO_FACTS) -> Followed:
    """The boot with its state, its finding and its end, as they are `now`."""
    if followed.recalled and followed.boot.state is not State.RUNNING:
        return _closed(followed) if followed.came_back >= 0 else followed
    case = Case(followed, facts, now)
    found = judge(followed, facts, now)
    state = State.DONE if case.is_done else State.RUNNING
    finding = None
    if found is not None:
        row, finding = found
        state = row.state or state
    if case.is_back and state in {State.STUCK, State.RUNNING}:
        state = State.FAILED
    boot = followed.boot
    last = boot.heard if case.is_back else 0.0
    ended = _arrived(case) if state is State.DONE else last
    if (state, finding, ended) == (boot.state, boot.finding, boot.ended):
        return followed
    boot = msgspec.structs.replace(boot, state=state, finding=finding, ended=ended)
    return msgspec.structs.replace(followed, boot=boot)


def _closed(followed: Followed) -> Followed:
    """One of which no more is known than what was found, and that another one follows."""
    boot = followed.boot
    state = State.FAILED if boot.state is State.STUCK else boot.state
    ended = boot.ended or boot.heard
    boot = msgspec.structs.replace(boot, state=state, ended=ended)
    return msgspec.structs.replace(followed, boot=boot)


def _arrived(case: Case) -> float:
    """When a boot came where it was to come."""
    for step in case.boot.steps:
        if step.stage in {Stage.INVENTORY, Stage.DISK} or (
            step.stage is Stage.SYSTEM and not case.told.agent
        ):
            return step.ended or step.began
    return case.boot.heard
