"""From hints to disks that a machine has: one where one alone fits, none by a guess."""

import re
from collections.abc import Sequence

from boots.documents.hints import Condition, Hint, is_hint, parse
from boots.workflow.inventory import Disk, is_named

UNSETTLED = "/dev/disk/by-hint/"
"""What a disk's path begins with as long as nobody knows which one it is."""


class NoDisk(Exception):
    """No disk fits, or several do; the text says why."""


def unsettled(hint: Hint) -> str:
    """A path in place of a disk that is not chosen yet: it says the hint."""
    plain = re.sub(r"[^A-Za-z0-9<>=!~.,_-]", "_", ",".join(str(hint).split()))
    return f"{UNSETTLED}{plain}"


def stand_ins(named: Sequence[str]) -> list[str]:
    """Paths in place of these: a hint's, and of the same hint said twice two.

    Raises:
        NoHint: what is no path is no hint.
    """
    paths = [unsettled(parse(each)) if each and is_hint(each) else each for each in named]
    again = [paths[:at].count(path) for at, path in enumerate(paths)]
    return [
        f"{path},{before + 1}" if before and path.startswith(UNSETTLED) else path
        for path, before in zip(paths, again, strict=True)
    ]


def candidates(all_disks: Sequence[Disk]) -> tuple[Disk, ...]:
    """Those that a system could be on: no sticks, which BMCs make up, too; nothing read-only."""
    return tuple(
        each for each in all_disks if each.size and each.transport != "usb" and not each.read_only
    )


def protection(disk: Disk, protected: Sequence[Hint]) -> Hint | None:
    """What keeps a disk from being chosen or written."""
    return next((each for each in protected if fits(each, disk)), None)


def fits(hint: Hint, disk: Disk) -> bool:
    """Whether all that a hint says is so of a disk."""
    return all(_fits(each, disk) for each in hint.conditions)


def choose(hint: Hint, all_disks: Sequence[Disk]) -> Disk:
    """The disk that a hint means.

    Equals in size are told apart by their serial numbers, so that the next boot chooses the same.

    Raises:
        NoDisk: none fits, or several do and nothing is preferred.
    """
    among = candidates(all_disks)
    fit = [each for each in among if fits(hint, each)]
    if not fit:
        seen = ", ".join(each.told() for each in among)
        raise NoDisk(f"no disk is {hint}: there are {seen}" if seen else "it has no disk")
    if len(fit) == 1 or hint.prefer == "first":
        return fit[0]
    if not hint.prefer:
        seen = ", ".join(each.told() for each in fit)
        raise NoDisk(f"several disks are {hint}: {seen}; say more, or prefer=smallest")
    sign = -1 if hint.prefer == "largest" else 1
    return min(fit, key=lambda each: (sign * each.size, each.serial, each.wwn, each.path))


def path_of(disk: Disk, all_disks: Sequence[Disk]) -> str:
    """What actions are given for a disk: a link that means the same disk at every boot.

    Its kernel's name where it has no such link, or another disk has the same.
    """
    shared = sum(each.link == disk.link for each in all_disks) > 1
    return disk.path if shared or not disk.link else disk.link


def _fits(condition: Condition, disk: Disk) -> bool:
    value, relation = condition.value, condition.relation
    match condition.field:
        case "size":
            return _compares(disk.size, relation, condition.bound)
        case "rotational":
            return disk.rotational is (value == "true")
        case "serial":
            return is_named(disk, value)
        case "wwn":
            return bool(disk.wwn) and is_named(disk, value)
        case "transport":
            return (disk.transport == value) is (relation == "=")
    if relation == "~":
        return value.lower() in disk.model.lower()
    return (disk.model == value) is (relation == "=")


def _compares(size: int, relation: str, bound: int) -> bool:
    return {
        ">=": size >= bound,
        "<=": size <= bound,
        ">": size > bound,
        "<": size < bound,
        "=": size == bound,
    }[relation]
