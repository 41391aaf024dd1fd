"""Hints: which disk is meant, by what it is, not by a path that another boot may give to another.

::

    size>=100G rotational=false transport=nvme model~SAMSUNG prefer=smallest

One disk is chosen where one alone fits; of several only if `prefer` says which.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from boots.documents.fault import nearest
from boots.model.word import Word
from boots.workflow.inventory import Disk, is_named

UNSETTLED = "/dev/disk/by-hint/"
"""What a disk's path begins with as long as nobody knows which one it is."""

_FIELDS = {
    "size": (">=", "<=", ">", "<", "="),
    "rotational": ("=",),
    "transport": ("=", "!="),
    "model": ("=", "!=", "~"),
    "serial": ("=",),
    "wwn": ("=",),
}
_PREFER = ("smallest", "largest", "first")
_UNITS = {
    "": 1,
    **{f"{letter}{b}": 1000 ** (at + 1) for at, letter in enumerate("KMGTP") for b in ("", "B")},
    **{f"{letter}iB": 1024 ** (at + 1) for at, letter in enumerate("KMGTP")},
}
_CONDITION = re.compile(r"([a-z_]+)\s*(>=|<=|!=|==|[=<>~])\s*(.+)", re.DOTALL)
_RELATION = re.compile(r"\s*(>=|<=|!=|==|[=<>~])?\s*(.*)", re.DOTALL)
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?)\s*([A-Za-z]*)")
_EXAMPLE = "write it like size>=100G rotational=false prefer=smallest"
_MOST = 1024


class NoHint(ValueError):
    """A text is no hint; `advice` says what to write instead."""

    def __init__(self, problem: str, advice: str = _EXAMPLE) -> None:
        super().__init__(problem)
        self.advice = advice


class NoDisk(Exception):
    """No disk fits, or several do; the text says why."""


class Condition(Word, frozen=True):
    """What must be so of one thing about a disk; `bound` is the bytes of a size."""

    field: str
    relation: str
    value: str
    bound: int = 0

    def __str__(self) -> str:
        value = self.value if re.fullmatch(r"[^\s'\"\\]+", self.value) else shlex.quote(self.value)
        return f"{self.field}{self.relation}{value}"


class Hint(Word, frozen=True):
    """All that must be so of a disk, and which is taken where several fit."""

    conditions: tuple[Condition, ...] = ()
    prefer: str = ""

    def __str__(self) -> str:
        own = (f"prefer={self.prefer}",) if self.prefer else ()
        return " ".join((*map(str, self.conditions), *own))


def is_hint(text: str) -> bool:
    """Whether this is to be read as a hint where a disk may stand: it is no path."""
    return not text.startswith("/")


def parse(text: str) -> Hint:
    """Read a hint.

    Raises:
        NoHint: it is none.
    """
    try:
        words = shlex.split(text[:_MOST])
    except ValueError:
        raise NoHint(f'"{text[:80]}" has a quote that does not end') from None
    if not words:
        raise NoHint("the hint is empty")
    conditions, prefer = [], ""
    for word in words:
        found = _CONDITION.fullmatch(word)
        if found is None:
            raise NoHint(f'"{word[:80]}" is no condition')
        if found[1] == "prefer":
            prefer = _preferred(found[3])
        else:
            conditions.append(_condition(found[1], found[2], found[3]))
    return Hint(conditions=tuple(conditions), prefer=prefer)


def written(given: Mapping[str, Any]) -> str:
    """The text of a hint that is written as a mapping: ``{size: ">=100G", prefer: smallest}``.

    ``size_gb`` is a size, too.
    """
    words = []
    for key, value in given.items():
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        found = _RELATION.fullmatch(text)
        relation, word = (found[1] or "=", found[2]) if found else ("=", text)
        field, unit = ("size", "G") if key == "size_gb" else (str(key), "")
        words.append(shlex.quote(f"{field}{relation}{word}{unit}"))
    return " ".join(words)


def _preferred(word: str) -> str:
    if word not in _PREFER:
        advice = nearest(word, _PREFER) or f"write one of {', '.join(_PREFER)}"
        raise NoHint(f'"{word[:80]}" is nothing to prefer', advice)
    return word


def _condition(field: str, relation: str, value: str) -> Condition:
    if field not in _FIELDS:
        known = (*_FIELDS, "prefer")
        advice = nearest(field, known) or f"there are {', '.join(known)}"
        raise NoHint(f'"{field[:80]}" is nothing that disks are told apart by', advice)
    relation = relation.replace("==", "=")
    if relation not in _FIELDS[field]:
        advice = f"write one of {' '.join(_FIELDS[field])}"
        raise NoHint(f'"{field}{relation}" cannot be asked', advice)
    if not value:
        raise NoHint(f'"{field}{relation}" has nothing behind it')
    if field == "rotational" and value not in {"true", "false"}:
        raise NoHint(f'"{value[:80]}" is neither true nor false', "write rotational=false")
    bound = _bytes(value) if field == "size" else 0
    return Condition(field=field, relation=relation, value=value, bound=bound)


def _bytes(word: str) -> int:
    found = _SIZE.fullmatch(word)
    if found is None or found[2] not in _UNITS:
        raise NoHint(f'"{word[:80]}" is no size', "write a number and a unit, like 100G or 64GiB")
    return int(Decimal(found[1]) * _UNITS[found[2]])


# --- from a hint to a disk


def unsettled(hint: Hint) -> str:
    """A path in place of a disk that is not chosen yet: it says the hint."""
    plain = re.sub(r"[^A-Za-z0-9<>=!~.,_-]", "_", ",".join(str(hint).split()))
    return f"{UNSETTLED}{plain}"


def candidates(all_disks: Sequence[Disk]) -> tuple[Disk, ...]:
    """Those that a system could be on: no sticks, which BMCs make up, too; nothing read-only."""
    return tuple(
        each for each in all_disks if each.size and each.transport != "usb" and not each.read_only
    )


def choose(hint: Hint, all_disks: Sequence[Disk]) -> Disk:
    """The disk that a hint means.

    Equals in size are told apart by their serial numbers, so that the next boot chooses the same.

    Raises:
        NoDisk: none fits, or several do and nothing is preferred.
    """
    among = candidates(all_disks)
    fit = [each for each in among if all(_fits(one, each) for one in hint.conditions)]
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
            return disk.serial == value
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
