"""The words of a run: one template, on its way, as a value.

``advance`` (`boots.workflow.advancing`) makes the next value of a run and an event;
``next_action`` (`boots.workflow.handing`) says what may be handed out.
"""

import enum
from collections.abc import Mapping

from boots.model.word import Word
from boots.workflow.actions import is_terminal, kind_of, writes
from boots.workflow.words import Action, Template

LIFE_MINUTES = 15
"""How long the next system may take to give a sign of life, unless the action says otherwise."""


class State(enum.Enum):
    """Where a run is, in Tinkerbell's words."""

    PREPARING = "PREPARING"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    POST = "POST"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"


class Sub(enum.Enum):
    """What Tinkerbell has no word for."""

    NONE = ""
    NEEDS_PERSON = "NEEDS_PERSON"  # an action was interrupted, and nobody knows how far it came
    HELD = "HELD"  # on-failure: [hold]
    UNCONFIRMED = "UNCONFIRMED"  # the next system gave no sign of life in time
    CANCELLED = "CANCELLED"


class StepState(enum.Enum):
    """Where one action is; Tinkerbell knows PENDING, RUNNING, SUCCESS, FAILED and TIMEOUT."""

    PENDING = "PENDING"
    HANDED = "HANDED"  # the agent may have it; it did not say that it began
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"
    INTERRUPTED = "INTERRUPTED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


class Part(enum.Enum):
    """The action itself, or the command that runs after it went wrong."""

    ACTION = "action"
    ON_FAILURE = "on-failure"
    ON_TIMEOUT = "on-timeout"


FINAL = frozenset({State.SUCCESS, State.FAILED, State.TIMEOUT})
DONE = frozenset({StepState.SUCCESS, StepState.SKIPPED})
OPEN = frozenset({StepState.HANDED, StepState.RUNNING})


class Step(Word, frozen=True):
    """One action of a run.

    `attempt` counts what was to be handed out of it, from 1: with its position it names one
    hand-out, and none is given to two sessions.  `tries` counts how often the action itself
    failed, `restarts` how often its agent began anew under it.  `ended_as` is how the action
    itself ended while its on-failure or on-timeout is run.  `last` says that its worker has no
    further one.
    """

    task: str
    worker: str
    action: Action
    writes: bool
    terminal: bool
    last: bool
    expects_life: bool
    state: StepState = StepState.PENDING
    part: Part = Part.ACTION
    attempt: int = 1
    tries: int = 0
    restarts: int = 0
    session: int = 0
    handed_at: float = 0.0
    ended_at: float = 0.0
    exit_code: int | None = None
    message: str = ""
    ended_as: StepState | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """The command of the part that is on."""
        return {
            Part.ACTION: self.action.command,
            Part.ON_FAILURE: self.action.on_failure,
            Part.ON_TIMEOUT: self.action.on_timeout,
        }[self.part]


class Session(Word, frozen=True):
    """The agent of a worker, from its start on: the number that it got, and what was heard."""

    number: int
    heard: int = 0


class Run(Word, frozen=True):
    """One template on its way.  Times are seconds; 0 for what was not yet.

    `waits_since` is when it began to wait for a person, `waited` how long it did before.
    `netboot_off` are the workers whose netboot is durably off, `alive` those whose next system
    gave a sign of life.  `of` is the run that this one takes up again.
    """

    id: str
    name: str
    steps: tuple[Step, ...]
    state: State
    global_timeout: int = 0
    sub: Sub = Sub.NONE
    why: str = ""
    created_at: float = 0.0
    started_at: float = 0.0
    ended_at: float = 0.0
    waits_since: float = 0.0
    waited: float = 0.0
    sessions: Mapping[str, Session] = {}
    netboot_off: tuple[str, ...] = ()
    alive: tuple[str, ...] = ()
    of: str = ""

    @property
    def is_final(self) -> bool:
        """Whether nothing will happen any more."""
        return self.state in FINAL

    @property
    def at(self) -> int | None:
        """The position of the first step that is not done; None where all are."""
        return next((at for at, each in enumerate(self.steps) if each.state not in DONE), None)

    @property
    def workers(self) -> tuple[str, ...]:
        """Who has a part in it."""
        return tuple(dict.fromkeys(each.worker for each in self.steps))


def begin(id_: str, template: Template, now: float, *, preparing: bool = False) -> Run:
    """A run of a template, of which nothing was done yet."""
    pairs = [(task, action) for task in template.tasks for action in task.actions]
    final = {task.worker: at for at, (task, _) in enumerate(pairs)}
    steps = tuple(
        _step(task.name, task.worker, action, last=final[task.worker] == at)
        for at, (task, action) in enumerate(pairs)
    )
    return Run(
        id=id_,
        name=template.name,
        steps=steps,
        state=State.PREPARING if preparing else State.PENDING,
        global_timeout=template.global_timeout,
        created_at=now,
    )


def _step(task: str, worker: str, action: Action, *, last: bool) -> Step:
    kind = kind_of(action)
    return Step(
        task=task,
        worker=worker,
        action=action,
        writes=writes(action),
        terminal=is_terminal(action),
        last=last,
        expects_life=kind is None or not kind.off,
    )


class CannotRetry(ValueError):
    """A run cannot be taken up there; the text says why."""


def taken_up(run: Run, first: int, id_: str, now: float) -> Run:
    """A new run that begins at a step of one that is over; disks are to be armed anew.

    Raises:
        CannotRetry: it is not over, or what is left out did not end well.
    """
    if not run.is_final:
        raise CannotRetry(f"run {run.id} is {run.state.value}: cancel it first")
    if not 0 <= first < len(run.steps):
        raise CannotRetry(f"there is no action {first + 1}: it has {len(run.steps)}")
    for number, each in enumerate(run.steps[:first], 1):
        if each.state not in DONE:
            problem = f"action {number}, {each.action.name}, is {each.state.value}"
            raise CannotRetry(f"{problem}: begin there, or before")
    steps = tuple(
        _anew(each, StepState.SKIPPED if at < first else StepState.PENDING)
        for at, each in enumerate(run.steps)
    )
    return Run(
        id=id_,
        name=run.name,
        steps=steps,
        state=State.PENDING,
        global_timeout=run.global_timeout,
        created_at=now,
        of=run.id,
    )


def _anew(step: Step, state: StepState) -> Step:
    return Step(
        task=step.task,
        worker=step.worker,
        action=step.action,
        writes=step.writes,
        terminal=step.terminal,
        last=step.last,
        expects_life=step.expects_life,
        state=state,
    )
