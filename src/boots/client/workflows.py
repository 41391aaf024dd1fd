"""The same of workflows: runs as they are asked for and shown."""

from collections.abc import Mapping

from boots.client.words import Page
from boots.model.arming import Policy
from boots.timeline.words import Word

STATES = ("PREPARING", "PENDING", "RUNNING", "POST", "SUCCESS", "FAILED", "TIMEOUT")
"""Where a run can be, in Tinkerbell's words."""
OVER = frozenset({"SUCCESS", "FAILED", "TIMEOUT"})
"""Where nothing happens to it any more."""
WAITS = frozenset({"NEEDS_PERSON", "HELD", "UNCONFIRMED"})
"""The `sub` of those that wait for somebody: a person, or the system's sign of life in vain."""
HINTED = "/dev/disk/by-hint/"
"""What paths begin with that stand for a disk which is not chosen yet."""
_SUBS = {
    "NEEDS_PERSON": "needs a person",
    "HELD": "held",
    "UNCONFIRMED": "no sign of life",
    "CANCELLED": "cancelled",
}


def called(path: str) -> str:
    """A path of a disk or partition, for people: where none is chosen yet, by what it will be."""
    if not path.startswith(HINTED):
        return path
    return f"the disk that is {path.removeprefix(HINTED).replace(',', ' ')}"


class Arming(Word, frozen=True):
    """Which disks a run may write, and what they may hold.

    `disks` are paths, serial numbers or WWNs of those that may be; empty for those that the
    template names.  With `FORCE` they must be serial numbers or WWNs.  `hours` is for how long.
    """

    policy: Policy = Policy.EMPTY_ONLY
    disks: tuple[str, ...] = ()
    hours: float = 2.0


class NewRun(Word, frozen=True):
    """A workflow for a machine.

    `template` is the text, bare or ``kind: Template``; `name` what it is called in place of its
    own name.  `map` is the hardware map: ``device_1`` and its like, to names or MACs of machines.
    `disk` chooses the disk that templates see first (``size>=100G rotational=false``), in place
    of the record's.  Without `arm` no disk can be written.  `power` has its BMC start it.
    """

    machine: str
    template: str
    name: str = ""
    map: Mapping[str, str] = {}
    disk: str = ""
    arm: Arming | None = None
    power: bool = True


class ArmedDisk(Word, frozen=True):
    """A disk that a run may write; `holds` is what was found on it, where that was seen.

    `problem` says why it would be refused as things are; empty if it would not.
    """

    machine: str
    path: str
    serial: str = ""
    size: int = 0
    model: str = ""
    holds: str = ""
    whole: bool = True
    actions: tuple[str, ...] = ()
    problem: str = ""

    @property
    def called(self) -> str:
        """Its path, for people."""
        return called(self.path)

    @property
    def found(self) -> str:
        """What is on it, for people; a disk that was never seen has no size."""
        if not self.size:
            return "not seen yet"
        return f"holds {self.holds}" if self.holds else "empty"


class RunStep(Word, frozen=True):
    """One action of a run.

    `writes` are the devices that it writes, `progress` is 0 to 1, -1 where there is none, and
    `rate` in bytes a second.
    """

    number: int
    task: str
    worker: str
    name: str
    kind: str
    meaning: str
    state: str
    part: str = "action"
    attempt: int = 1
    timeout: int = 0
    writes: tuple[str, ...] = ()
    started: float = 0.0
    ended: float = 0.0
    exit_code: int | None = None
    message: str = ""
    phase: str = ""
    progress: float = -1.0
    rate: float = 0.0
    eta: float = -1.0


class RunLine(Word, frozen=True):
    """A run in a list.  `step` is the number (from 1) and the name of the action it is at.

    `machines` are all that take part, by name; `machine` is the one that it was asked for.
    """

    id: str
    name: str
    machine: str
    mac: str
    state: str
    sub: str = ""
    why: str = ""
    step: str = ""
    steps: int = 0
    done: int = 0
    progress: float = -1.0
    created: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    by: str = ""
    machines: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing happens to it any more."""
        return self.state in OVER

    @property
    def waits(self) -> bool:
        """Whether it waits for somebody to look."""
        return not self.is_over and self.sub in WAITS

    @property
    def word(self) -> str:
        """Where it stands, for people."""
        return _SUBS.get(self.sub) or self.state.lower()


class Run(Word, frozen=True):
    """A run, whole.

    `needs` says what a person can do now: ``retry``, ``again``, ``done``, ``cancel``; `heard` is
    when its agent was last heard of.
    """

    line: RunLine
    steps: tuple[RunStep, ...]
    disks: tuple[ArmedDisk, ...] = ()
    policy: str = ""
    armed_by: str = ""
    armed_until: float = 0.0
    template: str = ""
    of: str = ""
    heard: float = 0.0
    revision: int = 0
    needs: tuple[str, ...] = ()
    note: str = ""

    @property
    def awaits(self) -> str:
        """What must come for it to go on, where nobody is at work."""
        start = "start it from the network, if its BMC does not"
        if self.line.state == "PREPARING" and not self.line.why:
            return f"It waits for the machine to boot OSIE and tell its disks: {start}."
        if self.line.state == "PENDING" and not self.heard:
            return f"It waits for the machine to boot OSIE: {start}."
        return ""


class Runs(Page, frozen=True):
    """A page of runs, the latest first."""

    runs: tuple[RunLine, ...] = ()
    total: int = 0


class RunPlan(Word, frozen=True):
    """What a new run would do, and what is wrong with it."""

    name: str
    steps: tuple[RunStep, ...] = ()
    disks: tuple[ArmedDisk, ...] = ()
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()


class Settle(Word, frozen=True):
    """What a person says of the action a run waits at: do it `again`, or take it as done.

    `step` counts from 1.
    """

    step: int
    again: bool


class Retry(Word, frozen=True):
    """Take up a run that is over at an action (from 1; 0: where it ended); arm anew."""

    first: int = 0
    arm: Arming | None = None
    power: bool = True


class LogLine(Word, frozen=True):
    """One line of what an action said; `step` from 1."""

    id: int
    at: float
    step: int
    attempt: int
    text: str


class LogLines(Word, frozen=True):
    """Lines in their order; `next` is to be given as `after`, 0 where these are all so far."""

    lines: tuple[LogLine, ...] = ()
    next: int = 0


class Certificate(Word, frozen=True):
    """That a disk was erased, as the agent said it and the server signed it.

    `text` is JSON: the agent's `certificate`, when it was `kept`, and by which `server`.
    `signature` is of the text, by Ed25519, in base64.
    """

    step: int
    attempt: int
    machine: str
    serial: str
    at: float
    text: str
    signature: str


class Certificates(Word, frozen=True):
    """All of a run; `public_key` proves them, in PEM."""

    run: str
    public_key: str
    certificates: tuple[Certificate, ...] = ()


class Freeze(Word, frozen=True):
    """Whether any disk may be armed or written at all, and the most that are at once."""

    frozen: bool
    why: str = ""
    by: str = ""
    at: float = 0.0
    most: int = 0
    writing: int = 0


class NewFreeze(Word, frozen=True):
    """Stop all arming and writing, or allow it again."""

    frozen: bool
    why: str = ""


class EdgesLine(Word, frozen=True):
    """What stood at both ends of a disk before a run wrote it."""

    id: int
    machine: str
    run: str
    serial: str
    path: str
    size: int
    holds: str
    at: float


class EdgesList(Word, frozen=True):
    """All that are kept of a machine, the latest first."""

    edges: tuple[EdgesLine, ...] = ()


class Undo(Word, frozen=True):
    """Put the ends of a disk back as they were; the serial number is said again, to be sure."""

    edges: int
    serial: str
    power: bool = True
