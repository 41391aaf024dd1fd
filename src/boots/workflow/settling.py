"""Hints in a machine's record, and in templates, to the disks that the machine has."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from boots.documents.hints import Hint, NoHint, is_hint, parse
from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.functions.calling import Native
from boots.workflow.gotemplate.functions.tinkerbell import DISK, format_partition
from boots.workflow.hints import (
    UNSETTLED,
    NoDisk,
    choose,
    path_of,
    protection,
    stand_ins,
    unsettled,
)
from boots.workflow.inventory import Disk, disks, is_at


class Unfit(Exception):
    """A record's hint is none, or means no disk of the machine; `field` of its ``spec`` has it."""

    def __init__(self, field: str, problem: str, advice: str) -> None:
        super().__init__(problem)
        self.field = field
        self.problem = problem
        self.advice = advice


class Open(NamedTuple):
    """A hint that means no disk of the machine: the path in its place, and why."""

    path: str
    unfit: Unfit


class Settled(NamedTuple):
    """A Hardware object whose disks are paths, and the hints that stayed open."""

    hardware: dict[str, Any]
    open: tuple[Open, ...] = ()


def waits(text: str) -> bool:
    """Whether a rendered text names disks that only the machine's inventory can tell."""
    return UNSETTLED in text


def settled(
    hardware: Mapping[str, Any],
    inventory: Any,
    disk: str = "",
    protected: Sequence[Hint] = (),
) -> Settled:
    """A Hardware object whose hints became the disks that the machine has.

    Without an inventory (None), and where no disk or several fit, a path stands for a hint: only
    who uses it need care.  Entries of ``disks`` are different disks: what one has, a later one
    cannot mean.  `disk` comes first of them, in place of the record's first.  Disks that are
    `protected` are not chosen.

    Raises:
        Unfit: it is no hint.
    """
    chooser = _Chooser(inventory, protected)
    spec = dict(hardware["spec"])
    entries = [each for each in spec.get("disks") or () if isinstance(each, Mapping)]
    if disk:
        entries = [{"device": disk}, *entries[1:]]
    if entries:
        spec["disks"] = chooser.all_of(entries, "spec.disks")
    storage = _within(spec, "metadata", "instance", "storage")
    partitioned = storage.get("disks") if isinstance(storage, Mapping) else None
    also = _Chooser(inventory, protected)
    if isinstance(partitioned, list) and all(isinstance(each, Mapping) for each in partitioned):
        metadata, instance = spec["metadata"], spec["metadata"]["instance"]
        own = {**instance, "storage": _settled_storage(storage, partitioned, also)}
        spec["metadata"] = {**metadata, "instance": own}
    return Settled({**hardware, "spec": spec}, (*chooser.open, *also.open))


def _settled_storage(
    storage: Mapping[str, Any], partitioned: list[Mapping[str, Any]], chooser: "_Chooser"
) -> dict[str, Any]:
    """Its disks chosen, and what names their partitions (file systems, arrays) likewise."""
    chosen = chooser.all_of(partitioned, "spec.metadata.instance.storage.disks")
    paths = [each["device"] for each in chosen]
    before = stand_ins([str(each.get("device") or "") for each in partitioned])
    moved = {old: new for old, new in zip(before, paths, strict=True) if old.startswith(UNSETTLED)}
    rest = {key: _moved(value, moved) for key, value in storage.items()}
    return {**rest, "disks": chosen}


def _moved(value: Any, moved: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _moved(each, moved) for key, each in value.items()}
    if isinstance(value, list):
        return [_moved(each, moved) for each in value]
    disk, part, number = value.rpartition("-part") if isinstance(value, str) else ("", "", "")
    if part and disk in moved and number.isdecimal():
        return format_partition(moved[disk], int(number))
    return value


def functions(inventory: Any, protected: Sequence[Hint] = ()) -> dict[str, Native]:
    """The functions of templates that know this machine's disks."""
    if inventory is None:
        return {}

    def disk(text: str) -> str:
        try:
            return _Chooser(inventory, protected).path(text)
        except NoHint as wrong:
            raise Refused(str(wrong), wrong.advice) from None
        except NoDisk as none:
            raise Refused(str(none), "ask for what the machine has") from None

    return {DISK.name: Native(DISK.name, DISK.takes, disk, DISK.meaning)}


class _Chooser:
    """Chooses disks of one machine, each once."""

    def __init__(self, inventory: Any, protected: Sequence[Hint]) -> None:
        self._all: tuple[Disk, ...] | None = None if inventory is None else disks(inventory)
        self._left = [each for each in self._all or () if not protection(each, protected)]
        self.open: list[Open] = []

    def all_of(self, entries: list[Mapping[str, Any]], field: str) -> list[dict[str, Any]]:
        """Entries with paths for devices."""
        named = [str(each.get("device") or "") for each in entries]
        for path in named:
            if not is_hint(path):
                self._left = [each for each in self._left if not is_at(each, path)]
        for at, text in enumerate(named):
            if text and is_hint(text):
                _told(text, f"{field}[{at}]")
        paths = stand_ins(named)
        if self._all is not None:
            paths = [
                self._or_open(text, path, f"{field}[{at}]")
                for at, (text, path) in enumerate(zip(named, paths, strict=True))
            ]
        return [{**each, "device": path} for each, path in zip(entries, paths, strict=True)]

    def _or_open(self, text: str, stand_in: str, field: str) -> str:
        try:
            return self.path(text)
        except NoDisk as none:
            unfit = Unfit(field, str(none), "boots machine NAME shows what it has")
            self.open.append(Open(stand_in, unfit))
            return stand_in

    def path(self, text: str) -> str:
        """The path that a hint means; a path is one already."""
        if not text or not is_hint(text):
            return text
        hint: Hint = parse(text)
        if self._all is None:
            return unsettled(hint)
        found = choose(hint, self._left)
        self._left.remove(found)
        return path_of(found, self._all)


def _told(text: str, field: str) -> None:
    """See that a text is a hint.  Raises `Unfit`."""
    try:
        parse(text)
    except NoHint as wrong:
        raise Unfit(field, str(wrong), wrong.advice) from None


def _within(value: Any, *steps: str) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
