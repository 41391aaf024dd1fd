"""Hints: which disk is meant, by what it is, not by a path that another boot may give to another.

::

    size>=100G rotational=false transport=nvme model~SAMSUNG prefer=smallest

One disk is chosen where one alone fits; of several only if `prefer` says which.
"""

import re
import shlex
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boots.documents.fault import nearest
from boots.model.word import Word

KEYS = {"size", "size_gb", "rotational", "transport", "model", "serial", "wwn", "prefer"}
"""What a hint that is written as a mapping may have."""

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


class Condition(Word, frozen=True):
    """What must be so of one thing about a disk; `bound` is the bytes of a size."""

    field: str
    relation: str
    value: str
    bound: int = 0

    def __str__(self) -> str:
        value = self.value if re.fullmatch(r"[^\s'\"\\]+", self.value) else shlex.quote(self.value)
        doubled = "=" if self.relation == "=" and self.value.startswith("=") else ""
        return f"{self.field}{self.relation}{doubled}{value}"


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
