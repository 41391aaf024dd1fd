"""What a value weighs that a template has in hand: what it costs to go over it once.

A list of two lists of two lists is short to write and long to go over, so values that hold others
are weighed when they are made; what they may weigh bounds all that can be done with them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

HEAVIEST = 100_000
"""What a value may weigh: an entry 1, a text 1 for every 32 characters."""
_DEEPEST = 50
_LETTERS = 32


class TooHeavy(ValueError):
    """A value is too large, or nested too deep, for a template."""


def weigh(value: Any, most: int = HEAVIEST) -> int:
    """What a value weighs.

    Raises:
        TooHeavy: more than `most`, or it is nested too deep.
    """
    weight = 0
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        inside: list[Any] = []
        for each in level:
            weight += 1
            match each:
                case str() | bytes():
                    weight += len(each) // _LETTERS
                case Mapping():
                    inside += each.keys()
                    inside += each.values()
                case list() | tuple() | set() | frozenset():
                    inside += each
            if weight + len(inside) > most:
                raise TooHeavy("a value is too large")
        if not inside:
            return weight
        level = inside
    raise TooHeavy("a value is nested too deeply")


def weigh_all(values: Iterable[Any]) -> int:
    """What several weigh together, plain ones nothing.

    Raises:
        TooHeavy: it is too much.
    """
    weight = 0
    for each in values:
        kind = type(each)
        if kind is str:  # as nearly all are
            weight += 1 + len(each) // _LETTERS
        elif kind is not int and kind is not bool and each is not None:
            weight += weigh(each, HEAVIEST - weight)
    if weight > HEAVIEST:
        raise TooHeavy("a value is too large")
    return weight
