"""The words of a translation: variables, releases, and the rows that say what became of each."""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boots.app.smee.kinds import Kind


@dataclass(frozen=True, slots=True)
class Variable:
    """What becomes of one variable.

    `key` is our setting, or the name of a part that several variables make one setting of
    (`part`).  Without either it is ignored, and `why` says why; else `why` says what is
    otherwise here.
    """

    key: str = ""
    kind: Kind | None = None
    part: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """The variables of one ancestor.

    `defaults` holds what an unset variable means there, where that is not what it means here;
    `always` what holds there without any variable, by our keys.  `others` are patterns of names
    that belong to programs beside it, with the reason to ignore them.
    """

    name: str
    prefix: str
    variables: Mapping[str, Variable]
    defaults: Mapping[str, str]
    always: Mapping[str, Any]
    others: tuple[tuple[re.Pattern[str], str], ...] = ()


class Standing(enum.Enum):
    """What became of a variable."""

    TAKEN = "taken"
    DIFFERS = "taken, but means something else here"
    ASSUMED = "not set: taken for what it means there"
    IGNORED = "ignored"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """One variable and what became of it; `key` and `value` are ours where it was taken."""

    name: str
    standing: Standing
    key: str = ""
    value: Any = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """A whole environment in our words.

    `values` are settings by key, to lie beneath the operator's own.  `no_records` says why there
    are no machines among them, empty where that is as it was meant.
    """

    release: str
    values: Mapping[str, Any]
    rows: tuple[Row, ...]
    no_records: str = ""


def taken(key: str, kind: Kind, differs: str = "") -> Variable:
    """A variable that is one of our settings by another name."""
    return Variable(key=key, kind=kind, why=differs)


def part(name: str, kind: Kind) -> Variable:
    """A variable that makes a setting together with others (`boots.app.smee.compose`)."""
    return Variable(part=name, kind=kind)


def ignored(why: str) -> Variable:
    """A variable that means nothing here."""
    return Variable(why=why)
