"""What OSIE's agent says in a session, and is told: ``docs/reference/agent.md`` in types."""

from typing import Annotated, Any, Literal, NamedTuple, Protocol

import msgspec

from boots.journal.events import AnyEvent
from boots.model.machine import Known

LARGEST_REPORT = 800 << 10
"""Bytes of a report on a session: an agent's largest has 64,000 letters in 500 lines."""

MOST_LINES, MOST_EVENTS = 1024, 256
"""Of a report."""

LARGEST_EDGES = 3 << 20
"""Bytes of the ends of a disk, packed."""

LONGEST_WAIT = 25.0
"""Seconds that a question for the next action may stay open."""

_Id = Annotated[str, msgspec.Meta(max_length=128)]
_Secret = Annotated[str, msgspec.Meta(max_length=256)]
_Number = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an agent says."""


class Hello(_Said, frozen=True):
    """An agent begins: with its ticket, or, started anew in the same OSIE, with its last key."""

    ticket: _Secret = ""
    key: _Secret = ""
    run: _Id = ""
    session: _Number = 0
    version: _Id = ""


class Ask(_Said, frozen=True):
    """What is to be done?  An answer that there is nothing may take `wait` seconds."""

    run: _Id
    session: _Number
    wait: Annotated[float, msgspec.Meta(ge=0)] = LONGEST_WAIT


class Happened(_Said, frozen=True):
    """What an agent tells of a hand-out.

    `wrote` are disks that have a GPT of its making now: its GUID, by the disk's serial number.
    """

    sequence: _Number
    type: Literal["started", "ended"]
    step: _Number
    attempt: _Number
    exit_code: Annotated[int, msgspec.Meta(ge=-(1 << 31), le=1 << 31)] = 0
    timed_out: bool = False
    message: Annotated[str, msgspec.Meta(max_length=65_536)] = ""
    wrote: dict[_Id, _Id] = {}


class Said(_Said, frozen=True):
    """A line of an action's log."""

    number: _Number
    at: float
    step: _Number
    attempt: _Number
    text: Annotated[str, msgspec.Meta(max_length=65_536)]


class Progress(_Said, frozen=True):
    """How far an action is."""

    step: _Number
    attempt: _Number
    phase: Annotated[str, msgspec.Meta(max_length=64)] = ""
    done: float = 0.0
    total: float | None = None
    rate: float = 0.0
    eta: float | None = None


class Report(_Said, frozen=True):
    """All that an agent has to tell."""

    run: _Id
    session: _Number
    events: Annotated[list[Happened], msgspec.Meta(max_length=MOST_EVENTS)] = []
    lines: Annotated[list[Said], msgspec.Meta(max_length=MOST_LINES)] = []
    progress: Progress | None = None


class EdgesSaid(_Said, frozen=True):
    """Whose ends of a disk come, and before which hand-out."""

    run: _Id
    session: _Number
    step: _Number
    attempt: _Number
    serial: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    size: Annotated[int, msgspec.Meta(ge=1, le=1 << 60)]
    holds: Annotated[str, msgspec.Meta(max_length=512)] = ""


class AskBack(_Said, frozen=True):
    """Whose action wants the ends of a disk back."""

    run: _Id
    session: _Number


# --- what it is told


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session begins."""

    run: str
    session: int
    key: str
    now: float
    expected: int


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """There is nothing to be done."""

    run: str
    next: str


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted next, and whether the action on is to be stopped."""

    expected: int
    line: int
    do: Literal["go", "cancel"]


class Stop(msgspec.Struct, frozen=True, kw_only=True, tag="stop", tag_field="do"):
    """The run is over for this machine."""

    why: str
    next: str


class Wait(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="wait", tag_field="do"
):
    """There is nothing to be done now; with `tell` the agent says that again: ``inventory``."""

    why: str
    tell: str = ""


class Hand(msgspec.Struct, frozen=True, kw_only=True, tag="action", tag_field="do"):
    """Do this."""

    now: float
    step: int
    attempt: int
    part: str
    name: str
    kind: str
    image: str
    command: tuple[str, ...]
    volumes: tuple[str, ...]
    environment: dict[str, str]
    timeout: int
    terminal: bool
    machine: dict[str, Any]
    armed: list[dict[str, Any]]


# --- who answers


class Caller(NamedTuple):
    """Who asks: the machine that the path names, which its key or ticket is to prove.

    `interface` is the one of ours that the question came in by.
    """

    known: Known
    interface: str
    peer: str
    key: str = ""


class Denied(Exception):
    """What was asked cannot be; the status of HTTP, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Waiting(Protocol):
    """Knows which machines runs wait for."""

    def after_inventory(self, known: Known) -> str:
        """What a machine is to do next for a run's sake; empty where there is none."""

    def after_progress(self, known: Known, stage: str) -> str:
        """The same, for one that tells its stage."""


class Sessions(Protocol):
    """Answers agents.  All refusals are `Denied`."""

    async def hello(self, caller: Caller, said: Hello) -> Session | Nothing:
        """Begin a session."""

    async def next(self, caller: Caller, said: Ask) -> Hand | Wait | Stop:
        """What is to be done."""

    async def events(self, caller: Caller, said: Report) -> Heard:
        """Take what happened."""

    async def edges(self, caller: Caller, said: EdgesSaid, body: bytes) -> None:
        """Keep the ends of a disk, for good."""

    async def edges_back(self, caller: Caller, number: int, said: AskBack) -> bytes:
        """Give the ends of a disk back, as they were sent."""

    def elsewhere(self, event: AnyEvent) -> None:
        """Somebody spoke as an agent from an address that is not the machine's."""

    async def lives(self, known: Known, peer: str) -> None:
        """The next system of a machine said that it is up."""
