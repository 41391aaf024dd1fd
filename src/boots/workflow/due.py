"""When time matters to a run: what is due next, and what happens to it then is in `advancing`."""

from boots.workflow.run import LIFE_MINUTES, OPEN, Part, Run, State, Step, StepState, Sub

GRACE = 60.0
"""Seconds that an agent has to say that it stopped an action, before it is taken as lost."""


def deadline(run: Run) -> float | None:
    """When `Ticked` will change something; None where it will not."""
    found = None if run.is_final else due(run)
    return found[0] if found else None


def due(run: Run) -> tuple[float, str, int] | None:
    """The next deadline: when, of what, and of which step."""
    found: list[tuple[float, str, int]] = []
    for at, step in enumerate(run.steps):
        if step.terminal and step.last and step.expects_life and step.part is Part.ACTION:
            left = step.state in OPEN or step.state is StepState.SUCCESS
            if left and step.worker not in run.alive and run.sub is not Sub.UNCONFIRMED:
                since = step.ended_at or step.handed_at
                found.append((since + _life_seconds(step), "life", at))
        elif step.state in OPEN:
            limit = step.action.timeout + GRACE
            back = _life_seconds(step) if step.terminal else 0.0
            found.append((step.handed_at + max(limit, back), "step", at))
    waits = run.sub in {Sub.NEEDS_PERSON, Sub.HELD}
    if run.global_timeout and run.started_at and run.state is not State.POST and not waits:
        found.append((run.started_at + run.global_timeout + run.waited, "run", -1))
    return min(found, default=None)


def heard_by_dhcp(step: Step) -> bool:
    """Whether it is a sign of the next system that it asks for an address.

    Not where its template waits for the report: a system may ask long before it works.
    """
    return step.action.environment.get("WAIT_FOR", "") != "phone-home"


def _life_seconds(step: Step) -> float:
    minutes = step.action.environment.get("WAIT_MINUTES", "")
    return 60.0 * (int(minutes) if minutes.isdecimal() and len(minutes) < 6 else LIFE_MINUTES)
