"""What may be handed out next, to whom; and if nothing, why."""

from boots.model.word import Word
from boots.workflow.run import DONE, OPEN, Run, State, Step, StepState
from boots.workflow.words import Action


class HandOut(Word, frozen=True, tag=True):
    """Do this: step and attempt name it.

    Asked again in the same session the same is given, so that an answer may be lost; an agent
    begins with one number once.
    """

    step: int
    attempt: int
    action: Action
    command: tuple[str, ...]


class Wait(Word, frozen=True, tag=True):
    """Nothing for now."""

    why: str


class Stop(Word, frozen=True, tag=True):
    """Nothing any more: end what is still going on."""

    why: str


class NetbootOffFirst(Word, frozen=True, tag=True):
    """The machine may leave OSIE only when its netboot is durably off: turn it off, and ask again.

    Else it would come up in OSIE again and be installed anew.
    """

    worker: str


Answer = HandOut | Wait | Stop | NetbootOffFirst


def next_action(run: Run, worker: str, session: int) -> Answer:
    """What the agent of a worker is to do; nothing may leave before `HandedOut` is written."""
    if run.is_final:
        return Stop(why=f"the run is over: {run.state.value}")
    if worker not in run.workers:
        return Wait(why="no task of this run is yours")
    if run.state is State.PREPARING:
        return Wait(why="the run is being prepared")
    known = run.sessions.get(worker)
    if known is None or known.number != session:
        return Wait(why="say hello first")
    at = run.at
    if at is None:
        return _at_the_end(run, worker)
    step = run.steps[at]
    if step.worker != worker:
        return _not_yours(run, step, worker)
    return _of_step(run, at, step)


def _at_the_end(run: Run, worker: str) -> Answer:
    if worker not in run.netboot_off:
        return NetbootOffFirst(worker=worker)
    return Wait(why="all is done; the next system is waited for")


def _not_yours(run: Run, step: Step, worker: str) -> Answer:
    left = any(each.worker == worker and each.state not in DONE for each in run.steps)
    if left:
        return Wait(why=f"task {step.task} of {step.worker} comes first")
    return _at_the_end(run, worker)


def _of_step(run: Run, at: int, step: Step) -> Answer:
    if step.state is StepState.PENDING:
        if step.terminal and step.last and step.worker not in run.netboot_off:
            return NetbootOffFirst(worker=step.worker)
        return _handed(at, step)
    if step.state is StepState.HANDED:
        return _handed(at, step)
    if step.state in OPEN:
        return Wait(why=f"{step.action.name} is running")
    return Wait(why=run.why or f"{step.action.name} is {step.state.value}")


def _handed(at: int, step: Step) -> HandOut:
    return HandOut(step=at, attempt=step.attempt, action=step.action, command=step.command)


def expected(run: Run, worker: str) -> int:
    """The sequence number that is wanted next of a worker's agent."""
    known = run.sessions.get(worker)
    return known.heard + 1 if known else 1
