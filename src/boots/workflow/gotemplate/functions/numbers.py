"""Sprig's functions for numbers: whole ones have 64 bits and go round, as in Go."""

import math
import re
from functools import reduce
from typing import Any

from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.functions.calling import Native
from boots.workflow.gotemplate.values import wrapped

_INT = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[1-9][0-9]*|0)")


def whole(value: Any) -> int:
    """A whole number of anything; 0 of what is none, as Sprig has it."""
    match value:
        case bool() | int():
            return int(value)
        case float():
            return wrapped(int(value)) if math.isfinite(value) else 0
        case str():
            text = re.sub(r"\.0*$", "", value)
            if not _INT.fullmatch(text) or len(text) > 70:
                return 0
            sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
            octal = re.fullmatch(r"0[0-7]+", digits)
            found = sign * (int(digits, 8) if octal else int(digits, 0))
            return found if found == wrapped(found) else 0
    return 0


def floating(value: Any) -> float:
    """A float of anything; 0 of what is none."""
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else 0.0
    except ValueError:
        return 0.0


def _divided(one: Any, other: Any) -> tuple[int, int]:
    """Quotient towards zero, and remainder."""
    left, right = whole(one), whole(other)
    if right == 0:
        raise Refused("a division by zero")
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return wrapped(quotient), wrapped(left - quotient * right)


def _round(value: Any, places: int) -> float:
    """Halves go away from zero."""
    number, factor = floating(value), 10.0 ** min(max(places, 0), 15)
    scaled = number * factor
    if not math.isfinite(scaled):
        return number
    return math.copysign(math.floor(abs(scaled) + 0.5), scaled) / factor


def _rounded(value: Any, down: bool) -> float:
    number = floating(value)
    if not math.isfinite(number):
        return number
    return float(math.floor(number) if down else math.ceil(number))


def _atoi(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or wrapped(int(text)) != int(text):
        raise Refused(f'"{text[:40]}" is not a whole number', "write digits only")
    return int(text)


def _until(*bounds: Any) -> list[int]:
    start, stop, step = (0, bounds[0], 1 if bounds[0] >= 0 else -1) if len(bounds) == 1 else bounds
    if step == 0 or (stop - start) * step <= 0:
        return []
    count = -(-abs(stop - start) // abs(step))
    if count > 100_000:
        raise Refused(f"{count} numbers are too many", "make the range smaller")
    return list(range(start, stop, step))


def _over(step: Any) -> Any:
    return lambda *values: reduce(lambda one, other: wrapped(step(one, other)), map(whole, values))


TABLE = (
    Native("int", "a", whole, "as a whole number; 0 of what is none"),
    Native("int64", "a", whole, "as int"),
    Native("float64", "a", floating, "as a float; 0 of what is none"),
    Native("atoi", "s", _atoi, "the whole number that a text says; anything else is a mistake"),
    Native("add", "aa*", _over(lambda one, other: one + other), "the sum"),
    Native("add1", "a", lambda value: wrapped(whole(value) + 1), "one more"),
    Native("sub", "aa", _over(lambda one, other: one - other), "the first without the second"),
    Native("mul", "aa*", _over(lambda one, other: one * other), "the product"),
    Native("div", "aa", lambda one, other: _divided(one, other)[0], "how many times, towards zero"),
    Native("mod", "aa", lambda one, other: _divided(one, other)[1], "what is left of it"),
    Native("max", "aa*", _over(max), "the largest"),
    Native("min", "aa*", _over(min), "the smallest"),
    Native("ceil", "a", lambda value: _rounded(value, down=False), "up to a whole number"),
    Native("floor", "a", lambda value: _rounded(value, down=True), "down to a whole number"),
    Native("round", "ai", _round, "to so many places"),
    Native("until", "i", _until, "the numbers from 0 to below it"),
    Native("untilStep", "iii", _until, "from, to below, by steps"),
)
