"""Patterns of a shell, as rules and tokens name machines by: upper and lower case are one."""

import functools
import re
from collections.abc import Callable, Iterable
from fnmatch import translate


def fits(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of them is all of this text."""
    return any(_compiled(each)(text.casefold()) for each in patterns)


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Callable[[str], object]:
    return re.compile(translate(pattern.casefold())).match
