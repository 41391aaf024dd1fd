"""One boot as the knowledge base looks at it: what came, what did not, and for how long."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from boots.timeline.classify import FETCHED
from boots.timeline.patience import ELSEWHERE, KERNEL_STARTS, PATIENCE
from boots.timeline.signs import Kind, Sign
from boots.timeline.steps import Followed, has
from boots.timeline.words import Boot, ForeignServer, Stage, State, Step

_NEVER = Step(stage=Stage.FIRMWARE_DHCP, began=0.0)


@dataclass(frozen=True, slots=True)
class Facts:
    """What else is known: other DHCP servers on its interface, what this server cannot do."""

    foreign: tuple[ForeignServer, ...] = ()
    troubles: tuple[str, ...] = ()


NO_FACTS = Facts()


class Case:
    """A boot at a moment `now`, in seconds since 1970."""

    def __init__(self, followed: Followed, facts: Facts, now: float) -> None:
        self.boot = followed.boot
        self.told = followed.told
        self.followed = followed
        self.facts = facts
        self.now = now

    @cached_property
    def step(self) -> Step:
        """The step it came to last."""
        return self.boot.steps[-1] if self.boot.steps else _NEVER

    @property
    def is_back(self) -> bool:
        """Whether the machine began anew after it."""
        return self.followed.came_back >= 0

    @property
    def silence(self) -> float:
        """Seconds in which nothing was heard of it."""
        return self.followed.came_back if self.is_back else max(0.0, self.now - self.boot.heard)

    @cached_property
    def patience(self) -> float:
        """Seconds of silence that are normal at this step."""
        within, after = PATIENCE[self.step.stage]
        if self.step.stage is Stage.SCRIPT and self.loads_elsewhere:
            return ELSEWHERE
        if self.is_loaded and self.step.stage in (Stage.KERNEL, Stage.INITRD):
            return KERNEL_STARTS
        return after if self.step.ended else within

    @property
    def is_quiet(self) -> bool:
        """Whether nothing came for too long, or will come no more."""
        return self.is_back or self.silence > self.patience

    @cached_property
    def loads_elsewhere(self) -> bool:
        """Whether its script leads to another server, whose transfers are not seen here."""
        if not self.told.kernels:
            return not self.told.menu
        host = urlsplit(self.told.url).hostname if "://" in self.told.url else None
        own = urlsplit(self.followed.script_url).hostname
        return host is not None and own is not None and host != own

    @cached_property
    def is_loaded(self) -> bool:
        """Whether kernel and initrds, as far as they are seen here, have arrived."""
        steps = [each for each in self.boot.steps if each.stage in (Stage.KERNEL, Stage.INITRD)]
        whole = bool(steps) and all(step.ended and not step.problem for step in steps)
        return whole and (not self.told.initrds or has(self.boot, Stage.INITRD))

    @cached_property
    def runs(self) -> bool:
        """Whether the system that was loaded spoke."""
        return has(self.boot, Stage.SYSTEM, Stage.INVENTORY)

    @cached_property
    def is_done(self) -> bool:
        """Whether it came where it was to come."""
        for step in self.boot.steps:
            if step.stage is Stage.INVENTORY or (step.stage is Stage.DISK and not step.problem):
                return True
            if step.stage is Stage.SYSTEM and step.ended and not self.told.agent:
                return True
        return False

    @property
    def asks_as_ipxe(self) -> bool:
        """Whether it came so far that iPXE asks, not its firmware."""
        return self.has(Stage.IPXE_DHCP, Stage.SCRIPT)

    @cached_property
    def is_uefi(self) -> bool:
        """Whether its firmware is UEFI."""
        return self.boot.architecture.endswith("uefi")

    def has(self, *stages: Stage) -> bool:
        """Whether it came to one of these."""
        return has(self.boot, *stages)

    def of(self, stage: Stage) -> Step | None:
        """The last step of a stage."""
        return next((step for step in reversed(self.boot.steps) if step.stage is stage), None)

    def signs(self, kind: Kind, says: str = "", *, fresh: bool = False) -> Iterator[Sign]:
        """The signs of a kind whose text has a pattern, the latest first.

        With `fresh` only those that no step came to a good end after.
        """
        for sign in sorted(self.followed.signs, key=lambda sign: -sign.last):
            if sign.kind is not kind or (says and not re.search(says, sign.text, re.IGNORECASE)):
                continue
            if not fresh or sign.last >= self._good():
                yield sign

    def sign(self, kind: Kind, says: str = "", *, fresh: bool = False) -> Sign | None:
        """The latest of those signs."""
        return next(self.signs(kind, says, fresh=fresh), None)

    def _good(self) -> float:
        ends = [each.ended for each in self.boot.steps if each.ended and not each.problem]
        return max(ends, default=0.0)

    def values(self, sign: Sign | None = None) -> dict[str, str]:
        """The concrete values that titles and advice name."""
        boot, step, told = self.boot, self.step, self.told
        foreign = self.facts.foreign[0] if self.facts.foreign else None
        loaded = self.of(Stage.BOOT_FILE)
        return {
            "address": boot.address or "no address",
            "architecture": boot.architecture or "unknown architecture",
            "back": f"{self.silence:.0f}",
            "before": self.followed.before.title if self.followed.before else "nothing was found",
            "boot_file": self.file(loaded) or self.followed.boot_file or "its boot file",
            "console": told.console or "no console= at all",
            "count": _count(boot, sign),
            "file": self.file(step) or (sign.about if sign else "") or "the file",
            "foreign": foreign.server if foreign else "another server",
            "heard": self.words(step),
            "interface": boot.interface or "its interface",
            "kernel": ", ".join(sorted(told.kernels)) or "the kernel",
            "initrd": ", ".join(sorted(told.initrds)) or "the initrd",
            "mac": boot.mac,
            "panic": str(told.panic),
            "patience": f"{self.patience:.0f}",
            "profile": _profile(told.profile or boot.profile),
            "program": boot.program or "its firmware",
            "script": self.followed.script_url or "its script",
            "sent": str(step.sent),
            "size": str(step.size) if step.size >= 0 else "unknown",
            "secure": self.followed.script_url if self.asks_as_ipxe else self.followed.boot_file,
            "server": sign.about if sign else "",
            "text": sign.text if sign else "",
            "times": str(sign.count + 1 if sign else 1),
            "url": told.url or "a place of its own",
            "why": step.problem or step.why,
        }

    @staticmethod
    def file(step: Step | None) -> str:
        """The file that a step fetches."""
        if step is None or step.stage not in {*FETCHED, Stage.SCRIPT}:
            return ""
        return step.detail.rpartition(" by ")[0] or step.detail

    @staticmethod
    def words(step: Step) -> str:
        """A step in a few words."""
        return f"{TITLES[step.stage]}{f' ({step.detail})' if step.detail else ''}"


def _profile(name: str) -> str:
    return f"profile {name}" if name else "its profile"


def _count(boot: Boot, sign: Sign | None) -> str:
    """How often: as it was said, or as it was counted."""
    said = int(sign.about) if sign and sign.kind is Kind.LOOP and sign.about.isdecimal() else 0
    return str(max(boot.loops, said, sign.count if sign else 0))


Condition = Callable[[Case], bool]

TITLES = {
    Stage.FIRMWARE_DHCP: "DHCP from the firmware",
    Stage.BOOT_FILE: "the boot file",
    Stage.IPXE_DHCP: "DHCP from iPXE",
    Stage.SCRIPT: "the script",
    Stage.KERNEL: "the kernel",
    Stage.INITRD: "the initrd",
    Stage.SYSTEM: "the system",
    Stage.INVENTORY: "the inventory",
    Stage.DISK: "the disk",
}


@dataclass(frozen=True, slots=True)
class When:
    """When a row holds; what is not said is not asked.

    `at` is the step that the boot came to last, `over` whether that is over.  `quiet` is silence
    beyond patience, or a machine that began anew; `back` only the latter.  `problem` is a pattern
    in what went wrong with that step.  `sign` is a sign that was heard, `says` a pattern in its
    text; one that is not `stale` is later than all that went well.  `longer` is a silence in
    seconds.  `also` is what the other fields
    cannot say.
    """

    at: tuple[Stage, ...] = ()
    over: bool | None = None
    quiet: bool = False
    back: bool | None = None
    longer: float = 0.0
    problem: str = ""
    sign: Kind | None = None
    says: str = ""
    stale: bool = False
    also: "Also | None" = None

    def holds(self, case: Case) -> tuple[bool, Sign | None]:
        """Whether it holds, and the sign by which."""
        step = case.step
        if (
            (self.at and step.stage not in self.at)
            or (self.over is not None and bool(step.ended) is not self.over)
            or (self.quiet and not case.is_quiet)
            or (self.back is not None and case.is_back is not self.back)
            or (self.longer and not case.is_back and case.silence <= self.longer)
            or (self.problem and not re.search(self.problem, step.problem))
        ):
            return False, None
        sign = case.sign(self.sign, self.says, fresh=not self.stale) if self.sign else None
        if self.sign and sign is None:
            return False, None
        return self.also is None or self.also.holds(case), sign

    def words(self) -> str:
        """The same for people."""
        parts = []
        if self.at:
            over = {None: "at", True: "after", False: "during"}[self.over]
            parts.append(f"{over} {' or '.join(TITLES[stage] for stage in self.at)}")
        if self.problem:
            parts.append(f"it failed with `{_shown(self.problem)}`")
        if self.sign:
            said = f" that says `{_shown(self.says)}`" if self.says else ""
            parts.append(f"a sign: {self.sign.value}{said}")
        if self.also:
            parts.append(self.also.meaning)
        if self.back:
            parts.append("the machine began anew")
        elif self.quiet:
            parts.append("nothing more is heard" if self.back is False else "nothing more came")
        if self.longer:
            parts.append(f"for {self.longer:.0f} s")
        return ", ".join(parts) or "always"


def _shown(pattern: str) -> str:
    return pattern.replace("|", " or ").replace("\\", "")


@dataclass(frozen=True, slots=True)
class Also:
    """A further condition, and what it means in words."""

    meaning: str
    holds: Condition


@dataclass(frozen=True, slots=True)
class Row:
    """One finding: `seen` says where it was met with.

    `state` is what it makes of the boot; None leaves it as it is.  Rows for boots that are `done`
    are asked of those, too.
    """

    code: str
    state: State | None
    when: When
    title: str
    advice: str
    seen: str
    done: bool = False
