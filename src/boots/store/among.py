"""Patterns of names as SQL has them: wider than `boots.model.patterns`, so look once more.

Neither store knows those of a shell; what is left out here is not read at all.
"""

import re
from collections.abc import Iterable

from sqlalchemy import Column, ColumnElement, func, or_

_ANY = re.compile(r"(?:\*|\?|\[!?\]?[^\]]*\]|[^\x00-\x7f])+")
"""What stands for other characters, and those of which upper and lower case have many forms."""


def may_fit(column: Column[str], patterns: Iterable[str]) -> ColumnElement[bool]:
    """Whether a name may fit one of these; one that does not may pass, none that does fails."""
    lower = func.lower(column)
    return or_(*(lower.like(_like(each), escape="\\") for each in patterns))


def _like(pattern: str) -> str:
    literal = (re.sub(r"([\\%_])", r"\\\1", each.lower()) for each in _ANY.split(pattern))
    return "%".join(literal)
