"""What can be asked of a BMC, what it can say, and what can go wrong."""

import enum

import msgspec

from boots.model.bmc import Bmc


class Action(enum.Enum):
    """What is done to a machine's power."""

    ON = "on"
    OFF = "off"
    """At once, without a word to its system."""
    CYCLE = "cycle"
    """Off and on; on where it was off."""
    NETBOOT = "netboot"
    """From the network at the next start alone, and `CYCLE`."""


class State(enum.Enum):
    """How the power is."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


class Trouble(Exception):
    """It cannot be done: what is wrong, and what to do about it.  No password is in it."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}; {advice}")
        self.problem = problem
        self.advice = advice


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What `control` has `worker` do; without an action it only asks for the state.

    `seconds` is how long to wait for each answer.
    """

    bmc: Bmc
    action: Action | None
    seconds: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: a state, or what was wrong."""

    state: State = State.UNKNOWN
    problem: str = ""
    advice: str = ""
