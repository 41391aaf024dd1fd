"""What is known of boots: frozen values, which the store keeps and the API says as they are.

Moments are in seconds since 1970 UTC, 0 where there is none yet.  Sizes are in bytes.
"""

import enum

import msgspec


class Word(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What all of them share: frozen, with named fields.

    None can hold itself, and of many machines there are so many that the collector's rounds
    would hold up packets: it does not see them.
    """


class Stage(enum.Enum):
    """What a machine goes through, in this order; not every machine has all of them."""

    FIRMWARE_DHCP = "firmware-dhcp"
    BOOT_FILE = "boot-file"
    IPXE_DHCP = "ipxe-dhcp"
    SCRIPT = "script"
    KERNEL = "kernel"
    INITRD = "initrd"
    SYSTEM = "system"
    """The system that was loaded speaks: its DHCP, OSIE's agent, an installer's questions."""
    INVENTORY = "inventory"
    DISK = "disk"
    """The machine was sent to its disk, or what is on it speaks."""


class State(enum.Enum):
    """Where a boot, or the machine as a whole, stands."""

    RUNNING = "running"
    DONE = "done"
    STUCK = "stuck"
    """Nothing was heard for longer than the step takes."""
    FAILED = "failed"
    """Something was refused, broke off or could not be made, and nothing came after it."""
    HELD = "held"
    """It went round in a loop and is held."""
    UNSEEN = "unseen"
    """Of machines only: none of its boots is known."""


class Finding(Word, frozen=True):
    """What is wrong, as far as it can be told, and what to do.

    `code` names the row of the knowledge base; `evidence` is what speaks for it.
    """

    code: str
    title: str
    advice: str
    evidence: tuple[str, ...] = ()
    at: float = 0.0


class Step(Word, frozen=True):
    """One thing a boot went through.

    `detail` says what it was, `why` the reason of what we answered, `problem` what went wrong.
    `sent` of `size` bytes have left where something was fetched; a `size` of -1 is not known.
    """

    stage: Stage
    began: float
    ended: float = 0.0
    detail: str = ""
    why: str = ""
    problem: str = ""
    sent: int = 0
    size: int = -1

    @property
    def rate(self) -> float:
        """Bytes a second of a fetch that is over; 0 where that says nothing."""
        took = self.ended - self.began
        return self.sent / took if self.sent and took > 0 else 0.0

    @property
    def progress(self) -> float:
        """How much of a fetch is done, 0 to 1; -1 where it is none, or its size is not known."""
        if self.size <= 0:
            return -1.0
        return min(1.0, self.sent / self.size)


class Boot(Word, frozen=True):
    """One power-on of one machine, as far as it is known.

    `id` is the MAC and the moment of its start.  `mac` is that of the interface that boots.
    `loops` counts the scripts that it had in a row with nothing coming of them.  `heard` is when
    it was last heard of.
    """

    id: str
    mac: str
    started: float
    heard: float
    machine: str = ""
    uuid: str = ""
    address: str = ""
    interface: str = ""
    program: str = ""
    architecture: str = ""
    profile: str = ""
    ended: float = 0.0
    state: State = State.RUNNING
    steps: tuple[Step, ...] = ()
    finding: Finding | None = None
    loops: int = 0

    @property
    def step(self) -> Step | None:
        """The step it came to last."""
        return self.steps[-1] if self.steps else None


class ForeignServer(Word, frozen=True):
    """Another DHCP server that was heard on one of our interfaces."""

    server: str
    interface: str
    first: float
    last: float
    count: int = 1
    offers: str = ""
    """The boot file it names, if it names one."""
    mac: str = ""
    """The machine that it answered last."""
    expected: bool = False
    """Whether it is meant to be there: in the proxy modes, and in shadow mode."""


class Stranger(Word, frozen=True):
    """A MAC without a record that was heard asking.

    `nearest` is a MAC of ours that differs in one digit, and `nearest_name` whose it is.
    """

    mac: str
    interface: str
    first: float
    last: float
    count: int = 1
    program: str = ""
    architecture: str = ""
    why: str = ""
    nearest: str = ""
    nearest_name: str = ""
