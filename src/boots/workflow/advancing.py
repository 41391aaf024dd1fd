"""A run and what happened: the run after it.  Pure; what cannot be changes nothing.

An action that writes is given to one session only.  Where its agent is lost before it said how
that ended, nobody knows what is on the disk: a person says what is to be, unless the template
says that doing it twice does no harm.
"""

from msgspec.structs import replace

from boots.workflow.due import due
from boots.workflow.handing import HandOut, next_action
from boots.workflow.happened import (
    Cancelled,
    Ended,
    Event,
    HandedOut,
    Hello,
    LifeSeen,
    NetbootOff,
    Prepared,
    Settled,
    Started,
    Ticked,
    Told,
)
from boots.workflow.run import (
    DONE,
    OPEN,
    Part,
    Run,
    Session,
    State,
    Step,
    StepState,
    Sub,
)

MOST_RESTARTS = 3
"""How often an agent may begin anew under one action before a person is asked."""

MOST_MESSAGE = 16_384
"""Letters of an action's last words."""

_HOLD = ("hold",)


def advance(run: Run, event: Event, now: float) -> Run:
    """The run after an event; the same value where it changes nothing."""
    if isinstance(event, Told):
        known = run.sessions.get(event.worker)
        if known is None or known.number != event.session or known.heard + 1 != event.sequence:
            return run
        heard = replace(known, heard=event.sequence)
        run = replace(run, sessions={**run.sessions, event.worker: heard})
    if run.is_final:
        return run
    after = _after(event, run, now)
    return after if after is run or after.is_final else _finished(after, now)


def _after(event: Event, run: Run, now: float) -> Run:
    match event:
        case Hello():
            return _greeted(event, run, now)
        case HandedOut():
            return _handed_out(event, run, now)
        case Started():
            return _started(event, run, now)
        case Ended():
            return _ended(event, run, now)
        case Cancelled() | Settled():
            return _by_person(event, run, now)
    return _by_itself(event, run, now)


def _by_person(event: Cancelled | Settled, run: Run, now: float) -> Run:
    if isinstance(event, Settled):
        return _settled(event, run, now)
    run = _over(run, State.FAILED, f"cancelled by {event.by}", now)
    return replace(run, sub=Sub.CANCELLED)


def _by_itself(event: Prepared | NetbootOff | LifeSeen | Ticked, run: Run, now: float) -> Run:
    match event:
        case Prepared():
            return replace(run, state=State.PENDING) if run.state is State.PREPARING else run
        case NetbootOff():
            return _netboot_off(event, run)
        case LifeSeen():
            return _life_seen(event, run, now)
    return _ticked(run, now)


def _greeted(event: Hello, run: Run, now: float) -> Run:
    known = run.sessions.get(event.worker)
    if event.worker not in run.workers or (known is not None and event.session <= known.number):
        return run
    run = replace(run, sessions={**run.sessions, event.worker: Session(number=event.session)})
    at = run.at
    if at is None or run.steps[at].worker != event.worker or run.steps[at].state not in OPEN:
        return run
    return _began_anew(run, at, now)


def _began_anew(run: Run, at: int, now: float) -> Run:
    """The agent that had a step open is another one now."""
    step = run.steps[at]
    if step.terminal and not step.last:
        return _with(run, at, replace(step, state=StepState.SUCCESS, ended_at=now))
    if step.part is not Part.ACTION:
        return _ended_as(run, at, step, now)
    step = replace(step, restarts=step.restarts + 1)
    harmless = not step.terminal and (step.action.idempotent or not step.writes)
    if harmless and step.restarts <= MOST_RESTARTS:
        return _with(run, at, _again(step))
    why = f"{step.action.name} was interrupted: nobody knows how far it came"
    if step.terminal:
        why = f"{step.action.name} led back to OSIE, not to the next system"
    elif harmless:
        why = f"{step.action.name} was interrupted {step.restarts} times"
    interrupted = replace(step, state=StepState.INTERRUPTED, ended_at=now, message=why)
    run = _with(run, at, interrupted)
    return _waiting(run, Sub.NEEDS_PERSON, why, now)


def _handed_out(event: HandedOut, run: Run, now: float) -> Run:
    answer = next_action(run, event.worker, event.session)
    if not isinstance(answer, HandOut) or (answer.step, answer.attempt) != (
        event.step,
        event.attempt,
    ):
        return run
    step = run.steps[event.step]
    if step.state is StepState.HANDED:  # the answer was lost, and is given again
        return run
    handed = replace(step, state=StepState.HANDED, session=event.session, handed_at=now)
    run = _with(run, event.step, handed)
    return replace(run, state=State.RUNNING, started_at=run.started_at or now)


def _started(event: Started, run: Run, now: float) -> Run:
    step = _meant(run, event)
    if step is None or step.state is not StepState.HANDED:
        return run
    run = _with(run, event.step, replace(step, state=StepState.RUNNING))
    others = run.steps[: event.step] + run.steps[event.step + 1 :]
    leaves = step.terminal and step.part is Part.ACTION
    if leaves and not step.expects_life:
        return _with(run, event.step, replace(step, state=StepState.SUCCESS, ended_at=now))
    if leaves and all(each.state in DONE for each in others):
        return replace(run, state=State.POST)
    return run


def _ended(event: Ended, run: Run, now: float) -> Run:
    step = _meant(run, event)
    if step is None:
        return run
    if step.part is not Part.ACTION:
        return _ended_as(run, event.step, step, now)
    step = replace(
        step, ended_at=now, exit_code=event.exit_code, message=event.message[-MOST_MESSAGE:]
    )
    if event.timed_out:
        return _failed(run, event.step, step, StepState.TIMEOUT, now)
    if event.exit_code:
        return _failed(run, event.step, step, StepState.FAILED, now)
    return _with(run, event.step, replace(step, state=StepState.SUCCESS))


def _netboot_off(event: NetbootOff, run: Run) -> Run:
    if event.worker not in run.workers or event.worker in run.netboot_off:
        return run
    return replace(run, netboot_off=(*run.netboot_off, event.worker))


def _life_seen(event: LifeSeen, run: Run, now: float) -> Run:
    """Only who left OSIE can have come up somewhere else."""
    left = [
        (at, each)
        for at, each in enumerate(run.steps)
        if each.worker == event.worker
        and each.terminal
        and each.last
        and each.part is Part.ACTION
        and (each.state in OPEN or each.state is StepState.SUCCESS)
    ]
    if not left or event.worker in run.alive:
        return run
    ((at, step),) = left
    run = replace(run, alive=(*run.alive, event.worker), sub=Sub.NONE, why="")
    if step.state is StepState.SUCCESS:
        return run
    return _with(run, at, replace(step, state=StepState.SUCCESS, ended_at=now))


def _ticked(run: Run, now: float) -> Run:
    found = due(run)
    if found is None or now < found[0]:
        return run
    _, what, at = found
    if what == "life":
        why = f"{run.steps[at].worker} gave no sign of life after {run.steps[at].action.name}"
        return replace(run, state=State.POST, sub=Sub.UNCONFIRMED, why=why)
    if what == "run":
        return _over(run, State.TIMEOUT, f"it took longer than {run.global_timeout} s", now)
    step = replace(run.steps[at], state=StepState.TIMEOUT, ended_at=now)
    run = _with(run, at, step)
    why = f"{step.action.name} took longer than {step.action.timeout} s, and its agent is silent"
    return _over(run, State.TIMEOUT, why, now)


def _settled(event: Settled, run: Run, now: float) -> Run:
    if event.step != run.at:
        return _confirmed(run, event)
    step = run.steps[event.step]
    waits = {Sub.NEEDS_PERSON, Sub.HELD, Sub.UNCONFIRMED}
    if run.sub not in waits or (event.again and step.state in OPEN):
        return run
    waited = run.waited + (now - run.waits_since if run.waits_since else 0.0)
    run = replace(run, state=State.RUNNING, sub=Sub.NONE, why="", waits_since=0.0, waited=waited)
    if event.again:
        return _with(run, event.step, replace(_again(step), tries=0, restarts=0))
    if step.terminal and step.last:
        run = replace(run, alive=(*run.alive, step.worker))
    told = f"{event.by} took it as done"
    return _with(run, event.step, replace(step, state=StepState.SUCCESS, message=told))


def _confirmed(run: Run, event: Settled) -> Run:
    """A person saw the next system, which gave no sign of its own."""
    if run.sub is not Sub.UNCONFIRMED or event.again or not 0 <= event.step < len(run.steps):
        return run
    step = run.steps[event.step]
    if not (step.terminal and step.last):
        return run
    alive = tuple(dict.fromkeys((*run.alive, step.worker)))
    return replace(run, alive=alive, sub=Sub.NONE, why="")


# --- parts of it


def _with(run: Run, at: int, step: Step) -> Run:
    return replace(run, steps=(*run.steps[:at], step, *run.steps[at + 1 :]))


def _again(step: Step) -> Step:
    """A step that may be handed out again, by a number of its own."""
    return replace(step, state=StepState.PENDING, attempt=step.attempt + 1, session=0)


def _waiting(run: Run, sub: Sub, why: str, now: float) -> Run:
    """A run that only a person takes further; that time is not counted."""
    return replace(run, state=State.RUNNING, sub=sub, why=why, waits_since=now)


def _meant(run: Run, event: Told) -> Step | None:
    """The open step that an agent speaks of, if it has that very hand-out."""
    if not 0 <= event.step < len(run.steps):
        return None
    step = run.steps[event.step]
    mine = (step.worker, step.session, step.attempt) == (event.worker, event.session, event.attempt)
    return step if mine and step.state in OPEN else None


def _failed(run: Run, at: int, step: Step, as_: StepState, now: float) -> Run:
    """An action went wrong: try it again, run its command for that, hold, or end."""
    step = replace(step, tries=step.tries + 1)
    run = replace(run, state=State.RUNNING)
    if step.tries <= step.action.retries:
        return _with(run, at, _again(step))
    timed_out = as_ is StepState.TIMEOUT
    command = step.action.on_timeout if timed_out else step.action.on_failure
    if command == _HOLD:
        run = _with(run, at, replace(step, state=as_))
        return _waiting(run, Sub.HELD, f"{step.action.name} is {as_.value}, and held", now)
    if command:
        part = Part.ON_TIMEOUT if timed_out else Part.ON_FAILURE
        return _with(run, at, replace(_again(step), part=part, ended_as=as_))
    return _ended_as(run, at, replace(step, ended_as=as_), now)


def _ended_as(run: Run, at: int, step: Step, now: float) -> Run:
    """The run ends as an action of it did."""
    as_ = step.ended_as or StepState.FAILED
    run = _with(run, at, replace(step, state=as_))
    why = f"{step.action.name} took longer than {step.action.timeout} s"
    if as_ is StepState.FAILED:
        why = f"{step.action.name} ended with {step.exit_code}"
    return _over(run, State(as_.value), why, now)


def _over(run: Run, state: State, why: str, now: float) -> Run:
    ended = {StepState.PENDING, StepState.INTERRUPTED, *OPEN}
    steps = tuple(
        replace(each, state=StepState.CANCELLED) if each.state in ended else each
        for each in run.steps
    )
    return replace(run, steps=steps, state=state, sub=Sub.NONE, why=why, ended_at=now)


def _finished(run: Run, now: float) -> Run:
    """All steps done: netboot off everywhere and every next system seen makes it a success."""
    if run.at is not None:
        return run
    awaited = {each.worker for each in run.steps if each.terminal and each.last}
    awaited -= {each.worker for each in run.steps if each.last and not each.expects_life}
    if set(run.workers) <= set(run.netboot_off) and awaited <= set(run.alive):
        return replace(run, state=State.SUCCESS, sub=Sub.NONE, why="", ended_at=now)
    return replace(run, state=State.POST)
