"""What happens to a run: told by agents in sequence, by the server, by people."""

from boots.model.word import Word


class Told(Word, frozen=True):
    """What an agent tells of a hand-out; `sequence` counts from 1 in each session.

    It is taken once: what was heard already, what comes of an older session and what came before
    its turn changes nothing, and is to be sent again from `expected` on.
    """

    worker: str
    session: int
    sequence: int
    step: int
    attempt: int


class Started(Told, frozen=True, tag=True):
    """The agent began with it."""


class Ended(Told, frozen=True, tag=True):
    """It is over: by itself, or (`timed_out`) stopped by the agent."""

    exit_code: int
    message: str = ""
    timed_out: bool = False


class Hello(Word, frozen=True, tag=True):
    """An agent began, with the next higher session: what it did before, it does not know.

    What an agent kept of an earlier session is to be told before this.
    """

    worker: str
    session: int


class HandedOut(Word, frozen=True, tag=True):
    """The server hands out what `next_action` said; written down before it leaves."""

    worker: str
    session: int
    step: int
    attempt: int


class Prepared(Word, frozen=True, tag=True):
    """What comes before the first action is done."""


class NetbootOff(Word, frozen=True, tag=True):
    """The machine of a worker does not boot from the network any more, and that is durable."""

    worker: str


class LifeSeen(Word, frozen=True, tag=True):
    """The next system of a worker's machine was heard of."""

    worker: str


class Ticked(Word, frozen=True, tag=True):
    """Time went by."""


class Cancelled(Word, frozen=True, tag=True):
    """A person ends the run."""

    by: str


class Settled(Word, frozen=True, tag=True):
    """A person says of a step that waits for it: do it `again`, or take it as done."""

    by: str
    step: int
    again: bool


Event = (
    Started
    | Ended
    | Hello
    | HandedOut
    | Prepared
    | NetbootOff
    | LifeSeen
    | Ticked
    | Cancelled
    | Settled
)
