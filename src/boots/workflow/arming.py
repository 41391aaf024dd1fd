"""From the disks that a plan writes to those of one machine that may be written, or why not.

A path is what a template calls a disk; what is armed is a serial number (or WWN) and a size.
Nothing here looks at a disk: the agent asks all of it again before it writes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec.structs import replace

from boots.documents.hints import Hint
from boots.model.arming import Policy
from boots.model.word import Word
from boots.workflow import plan as planned
from boots.workflow.disks import is_stacked
from boots.workflow.hints import UNSETTLED, protection
from boots.workflow.inventory import Disk, disks, identity, is_at, is_named, size_of

_BY_ID = "/dev/disk/by-id/"


class Arming(Protocol):
    """What a person allowed: the API's word for it."""

    @property
    def policy(self) -> Policy:
        """What may be lost."""

    @property
    def disks(self) -> Sequence[str]:
        """Paths, serial numbers or WWNs; empty for those that the template names."""


class Resolved(Word, frozen=True):
    """A disk that a plan writes, as this machine has it.

    `path` is the template's name for it.  It may be armed if there is no `problem`; `serial` is
    what it is armed by.  `waits` for the machine's inventory.  `known` are the GUIDs of the GPTs
    that runs of ours wrote on this very disk.
    """

    path: str
    worker: str
    actions: tuple[str, ...]
    whole: bool
    serial: str = ""
    size: int = 0
    model: str = ""
    holds: str = ""
    problem: str = ""
    waits: bool = False
    known: tuple[str, ...] = ()

    @property
    def armed(self) -> bool:
        """Whether it may be written."""
        return bool(self.serial and self.size) and not self.problem and not self.waits


class Resolution(Word, frozen=True):
    """All disks that a plan writes, and what is wrong besides."""

    disks: tuple[Resolved, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it is to be asked again when the machine has told what it is made of."""
        return any(each.waits for each in self.disks)

    @property
    def faults(self) -> tuple[str, ...]:
        """Why it cannot begin; empty where it can, or waits."""
        own = (f"{each.path}: {each.problem}" for each in self.disks if each.problem)
        return (*own, *self.problems)


def resolve(
    plan: planned.Plan,
    inventory: Any,
    arming: Arming | None,
    known: Mapping[str, Sequence[str]] | None = None,
    *,
    worker: str = "",
    taken: Collection[str] = (),
    least: Mapping[str, int] | None = None,
    protected: Sequence[Hint] = (),
) -> Resolution:
    """Find the disks that a plan writes in a machine's inventory, and judge each.

    Args:
        plan: What is to be done.
        inventory: What the machine told, decoded; None if it told nothing yet.
        arming: What a person allowed; None if nothing.
        known: GUIDs of GPTs that runs of ours wrote, by the serial number of the disk: what
            `WIPE_KNOWN` may lose.  A copy of such a disk is none.
        worker: Whose disks of the plan; empty for all.
        taken: Serial numbers of disks whose content is this run's own.
        least: The bytes that a disk must have, by the plan's path, where an image's size is known.
        protected: Disks that its record keeps from every workflow, whatever anybody armed.
    """
    wanted = [each for each in plan.disks if not worker or each.worker == worker]
    problems = [f"{name} writes disks, and nothing says which" for name in plan.unclear]
    if arming is None:
        nobody = "nobody armed it: say which disks may be written, and what may be lost"
        bare = (replace(_unresolved(each), problem=nobody) for each in wanted)
        return Resolution(disks=tuple(bare), problems=tuple(problems))
    if inventory is None:
        waiting = (replace(_unresolved(each), waits=True) for each in wanted)
        return Resolution(disks=tuple(waiting), problems=tuple(problems))
    judge = _Judge(disks(inventory), arming, known or {}, taken, least or {}, protected)
    plain = [each for each in wanted if not is_stacked(each.disk)]
    # An array or a volume stands on disks that the same plan writes as a whole.
    found = tuple(map(judge.resolved, plain if any(each.whole for each in plain) else wanted))
    problems += _unused(arming, judge, found)
    return Resolution(disks=found, problems=tuple(problems))


def _unresolved(wanted: planned.Armed) -> Resolved:
    return Resolved(
        path=wanted.disk, worker=wanted.worker, actions=wanted.actions, whole=wanted.whole
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """One machine's disks and what was allowed of them."""

    disks: tuple[Disk, ...]
    arming: Arming
    known: Mapping[str, Sequence[str]]
    taken: Collection[str]
    least: Mapping[str, int]
    protected: Sequence[Hint]

    def resolved(self, wanted: planned.Armed) -> Resolved:
        """The disk of a path, and why it would be refused."""
        bare = _unresolved(wanted)
        found = [each for each in self.disks if is_at(each, wanted.disk)]
        if len(found) != 1:
            return replace(bare, problem=self._not_one(wanted.disk, found))
        disk = found[0]
        name = identity(disk, self.disks)
        problem = (
            self._cannot(disk, name, wanted.disk)
            or self._not_named(disk, wanted.disk)
            or self._keeps(disk, name)
        )
        return replace(
            bare,
            serial=name,
            size=disk.size,
            model=disk.model,
            holds=disk.holds,
            problem=problem,
            known=tuple(self.known.get(name, ())),
        )

    def _not_one(self, path: str, found: Sequence[Disk]) -> str:
        if found:
            return f"it may be {' or '.join(each.told() for each in found)}: write another name"
        if path.startswith(UNSETTLED):
            return 'the hint was not settled: write the hint itself, or {{ disk "…" }}'
        if is_stacked(path):
            return "it stands on disks that the template does not name: nothing can be armed"
        there = ", ".join(each.told() for each in self.disks) or "none at all"
        if path.startswith("/dev/disk/") and not path.startswith(_BY_ID):
            return f"only /dev/disk/by-id can be told from an inventory; there are {there}"
        return f"the machine has no such disk; there are {there}"

    def _cannot(self, disk: Disk, name: str, path: str) -> str:
        """Why nobody can arm it at all."""
        kept = protection(disk, self.protected)
        if kept is not None:
            return f"its machine's record protects it: {kept}"
        if disk.transport == "usb" and not (path.startswith(_BY_ID) and name and name in path):
            return "it is on USB: it is written only where its path says its serial number"
        if disk.read_only:
            return "it is read-only"
        if not disk.size:
            return "it is empty: no medium, or its size cannot be read"
        if not name and (disk.serial or disk.wwn):
            others = ", ".join(
                each.name for each in self.disks if each is not disk and _same(each, disk)
            )
            return f"{others} has the same serial number {disk.serial or disk.wwn}: two ways to it?"
        if not name:
            advice = "give it one (QEMU: serial=…), or use another disk"
            return f"it tells no serial number and no WWN, by which it would be armed: {advice}"
        least = self.least.get(path, 0)
        if disk.size < least:
            return f"it has {size_of(disk.size)}, and the image needs {size_of(least)}"
        return ""

    def _not_named(self, disk: Disk, path: str) -> str:
        named = self.arming.disks
        by_identity = any(is_named(disk, each) for each in named)
        if self.arming.policy is Policy.FORCE and not by_identity:
            return f"force needs its serial number said: {disk.serial or disk.wwn}"
        by_path = any(each == path or is_at(disk, each) for each in named)
        if named and not by_identity and not by_path:
            return f"only {', '.join(named)} may be written"
        return ""

    def _keeps(self, disk: Disk, name: str) -> str:
        """What it holds, if that may not be lost."""
        policy = self.arming.policy
        if not disk.holds or name in self.taken or policy is Policy.FORCE:
            return ""
        if policy is Policy.EMPTY_ONLY:
            return f"it holds {disk.holds}, and the policy is {policy.value}"
        if disk.content == "gpt" and self.known.get(name):
            return ""  # whether it is one of those, the agent reads
        return f"it holds {disk.holds}, and no run of ours is known to have written that"


def _same(one: Disk, other: Disk) -> bool:
    names = {one.serial, one.wwn} & {other.serial, other.wwn}
    return bool(names - {""})


def _unused(arming: Arming, judge: _Judge, found: Iterable[Resolved]) -> list[str]:
    """What a person named and is not written: most likely a slip."""
    written = {each.path for each in found}
    serials = {each.serial for each in found}
    used = [disk for disk in judge.disks if identity(disk, judge.disks) in serials - {""}]
    return [
        f"{name} is armed, and the template writes {', '.join(sorted(written)) or 'no disk'}"
        for name in arming.disks
        if name not in written
        and not any(is_named(disk, name) or is_at(disk, name) for disk in used)
    ]
