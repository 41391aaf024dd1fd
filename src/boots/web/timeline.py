"""A boot as it is drawn: its steps, each with where it stands on the way."""

from dataclasses import dataclass

from boots.timeline.words import Boot, State, Step

_LEAST = 0.8  # percent: a step that took no time is still seen


@dataclass(frozen=True, slots=True)
class Row:
    """One step: `offset` and `took` in seconds; `left` and `width` of its bar in percent."""

    step: Step
    mark: str
    offset: float
    took: float
    left: float
    width: float


def rows(boot: Boot, now: float) -> tuple[Row, ...]:
    """The steps of a boot; the last one goes on where the boot does."""
    ends = [_end(boot, step, now) for step in boot.steps]
    span = max([end - boot.started for end in ends] or [0.0]) or 1.0
    found = []
    for step, end in zip(boot.steps, ends, strict=True):
        offset = max(0.0, step.began - boot.started)
        left = min(100 - _LEAST, 100 * offset / span)
        took = max(0.0, end - step.began)
        width = max(_LEAST, min(100 - left, 100 * took / span))
        found.append(Row(step, _mark(boot, step), offset, took, left, width))
    return tuple(found)


def _end(boot: Boot, step: Step, now: float) -> float:
    if step.ended:
        return step.ended
    if step is not boot.step:
        return step.began
    return max(step.began, now if boot.state in {State.RUNNING, State.STUCK} else boot.heard)


def _mark(boot: Boot, step: Step) -> str:
    if step.problem:
        return "problem"
    if step.ended or step is not boot.step:
        return "done"
    if boot.state in {State.STUCK, State.HELD}:
        return "stuck"
    if boot.state is State.FAILED:
        return "problem"
    return "done" if boot.state is State.DONE else "running"
