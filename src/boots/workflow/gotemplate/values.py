"""Values of a template as Go sees them: their kinds, what is true, and how they are printed.

A value is None, a boolean, a whole number of 64 bits, a float, a text, a list (or tuple) or a
mapping from text.
"""

import math
from collections.abc import Mapping
from typing import Any

from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.literals import LEAST_INT

MOST_WEIGHT = 200_000
"""What a value may weigh: one for each value in it, and one for each 16 letters of a text."""

MOST_TEXT = 1 << 20
"""Letters of a text."""

_DEEPEST = 60


def kind(value: Any) -> str:
    """What Go calls it, for mistakes."""
    match value:
        case None:
            return "nil"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float64"
        case str():
            return "string"
        case list() | tuple():
            return "list"
        case Mapping():
            return "map"
    return type(value).__name__


def is_true(value: Any) -> bool:
    """Whether Go takes it as true: not false, zero, nil or empty."""
    return bool(value)


def wrapped(number: int) -> int:
    """A whole number as 64 bits hold it: too large goes round, as in Go."""
    return (number - LEAST_INT) % (1 << 64) + LEAST_INT


def weigh(value: Any) -> int:
    """What a value weighs, written out.

    Raises:
        Refused: it is too large, or too deep.
    """
    weight = 0
    stack = [(value, 0)]
    while stack:
        each, depth = stack.pop()
        weight += 1
        if isinstance(each, str):
            weight += len(each) // 16
        elif isinstance(each, Mapping):
            weight += sum(len(key) // 16 for key in each if isinstance(key, str))
            stack += [(inside, depth + 1) for inside in each.values()]
        elif isinstance(each, list | tuple):
            stack += [(inside, depth + 1) for inside in each]
        if weight + len(stack) > MOST_WEIGHT or depth > _DEEPEST:
            raise Refused("a value that grows without end", "make it smaller")
    return weight


def printed(value: Any) -> str:
    """What ``{{ value }}`` writes (fmt's %v)."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case float():
            return _float(value)
        case list() | tuple():
            return f"[{' '.join(map(printed, value))}]"
        case Mapping():
            inside = " ".join(f"{key}:{printed(value[key])}" for key in sorted(value))
            return f"map[{inside}]"
    return str(value)


def _float(value: float) -> str:
    """%v of a float64: the fewest digits that say it, with an exponent from a million on."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return shortest(value, 6)


def shortest(value: float, large: int) -> str:
    """The fewest digits that say a float; with an exponent where it is small, or `large`."""
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if not digits:
        return f"{sign}0"
    if point - 1 < -4 or point - 1 >= large:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{tail}e{'-' if point < 1 else '+'}{abs(point - 1):02}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if len(digits) <= point:
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    return f"{sign}{digits[:point]}.{digits[point:]}"
