"""What an action is given, and how it ends.

Each action runs in a process of its own, which the agent may kill at any moment: what it mounted is
unmounted by the agent, and whether it may be done again is known by whoever wrote the template.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from boots_agent.images.armed import Armed

FAILED = 1
"""The status of an action that failed and has no status of its own."""


class ActionFailed(Exception):
    """It did not do what it should have; the text is for people, the code is its status."""

    def __init__(self, why: str, code: int = FAILED) -> None:
        super().__init__(why)
        self.code = code


class Leave(NamedTuple):
    """How OSIE ends, after an action that ends it has made ready: what the agent is to do last.

    Attributes:
        how: ``reboot``, ``poweroff``, or ``kexec`` into the kernel that is loaded.
    """

    how: str


class Progress(NamedTuple):
    """How far an action is.

    Attributes:
        phase: What it is doing: ``write``, ``verify``, ``unpack`` …
        done: Of `total`, in bytes where it has to do with bytes.
        total: None as long as nobody knows.
        rate: Bytes a second, lately; 0 where there is none.
        eta: Seconds to the end of the phase; None where nobody can say.
    """

    phase: str
    done: int
    total: int | None
    rate: float = 0.0
    eta: float | None = None


class Container(NamedTuple):
    """What only a container asks.

    Attributes:
        image: Its name in a registry.
        volumes: ``/of/osie:/in/it`` and perhaps ``:ro``, as templates have them.
        disks: The paths of the disks that the server names as armed.
    """

    image: str = ""
    volumes: tuple[str, ...] = ()
    disks: tuple[str, ...] = ()


NO_CONTAINER = Container()


@dataclass(frozen=True, slots=True)
class Context:
    """One action and the ways to the world that it has.

    Attributes:
        name: What the template calls it.
        kind: The native action.
        command: Words after it, for actions that have commands.
        environment: Its variables, as the template has them.
        machine: What the server says of the machine: ``name``, ``host_name``, ``storage``,
            ``user_data`` and so on (the reference of the agent's protocol has them all).
        say: A line for its log.
        tell: How far it is.
        arm: The permission to write the disk that a path is (or is on); proved, used up, and with
            the disk's ends sent to the server where they were not; of a disk that this run has had
            before, or that this action asks for a second time, the policy is ``force``.  Raises
            `ActionFailed`.
        edges: Ends of a disk that the server keeps, by their number: its first and last MiB, one
            after the other, to be put back.  Raises `ActionFailed`.
        run: A program to its end: its words, further named arguments as in `Programs`.
            Its output are lines of the log.  Returns its status.
        mounts: The folder below which things are mounted; whatever is there is unmounted after.
        root: ``/`` of OSIE.
        refresh: Makes the names below ``/dev/disk`` anew, after partitions or file systems were
            made.
        lend: While it is entered, the disks below a path may be mounted, or what is stacked on them
            run, to be read: disks that are not armed are claimed, and nothing else can have them.
        container: What is run, where the kind is that.
    """

    name: str
    kind: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    machine: Mapping[str, Any]
    say: Callable[[str], None]
    tell: Callable[[Progress], None]
    arm: Callable[[str], Armed]
    edges: Callable[[int], bytes]
    run: "Programs"
    mounts: Path
    root: Path = Path("/")
    refresh: Callable[[], None] = lambda: None
    lend: Callable[[str], AbstractContextManager[object]] = nullcontext
    container: Container = NO_CONTAINER

    def required(self, name: str) -> str:
        """A variable that must be there.

        Raises:
            ActionFailed: it is not, or is empty.
        """
        value = self.environment.get(name, "")
        if not value:
            raise ActionFailed(f"{self.kind} needs {name}, and it is not given")
        return value

    def url(self, name: str) -> str:
        """A variable that is a URL, or a path of the server's: ``images/NAME/index.json``.

        Raises:
            ActionFailed: it is not given, or nobody says where the server is.
        """
        value = self.required(name)
        ours = value.removeprefix("/")
        if "://" in value or (ours != value and not ours.startswith("images/")):
            return value
        server = str(self.machine.get("server") or "")
        if not server:
            raise ActionFailed(f"{name} is {value!r}, and the server does not say where it is")
        return f"{server}/{ours}"

    def flag(self, name: str) -> bool:
        """Whether a variable says yes."""
        return self.environment.get(name, "").lower() in {"1", "true", "yes", "y", "on"}


class Programs:
    """Runs programs; what they print are lines of the action's log."""

    def __call__(
        self,
        words: Sequence[str],
        *,
        chroot: Path | None = None,
        environment: Mapping[str, str] | None = None,
        given: bytes = b"",
    ) -> int:
        """Run one to its end.

        Args:
            words: The program and its arguments; no shell is between.
            chroot: The root that it sees.
            environment: All of its environment; None for OSIE's own.
            given: What it reads.

        Returns:
            Its status; 127 where there is no such program, 128 and the signal that killed it.
        """
        raise NotImplementedError

    def output(self, words: Sequence[str]) -> str:
        """What a program prints; not in the log.

        Raises:
            ActionFailed: it failed; its last words are in the text.
        """
        raise NotImplementedError


Action = Callable[[Context], Leave | None]
"""Does it, and returns how OSIE ends for those that end it.  Raises `ActionFailed`."""
