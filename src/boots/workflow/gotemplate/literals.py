"""Numbers, texts and characters as Go writes them, to their values."""

import re

from boots.workflow.gotemplate.errors import Refused

MOST_INT = (1 << 63) - 1
LEAST_INT = -(1 << 63)
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))",
    re.DOTALL,
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_INT = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[1-9][0-9]*|0)")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?")


def number(word: str) -> int | float:
    """A number: whole, unless it has a point or an exponent; ``0644`` is octal, as in Go.

    Raises:
        Refused: it is no number, or does not fit into 64 bits.
    """
    plain = word.replace("_", "")
    if _INT.fullmatch(plain):
        return _fits(_whole(plain), word)
    if _FLOAT.fullmatch(plain):
        value = float(plain)
        if value in {float("inf"), float("-inf")}:
            raise Refused(f"{word} is too large", "numbers are floats of 64 bits")
        # As Go does: 1e3 can stand where a whole number is wanted; it stays a float otherwise.
        return value
    raise Refused(f'"{word}" is not a number', "write text in quotes")


def _whole(plain: str) -> int:
    sign, digits = (-1, plain[1:]) if plain[0] == "-" else (1, plain.lstrip("+"))
    if len(digits) > 70:
        return MOST_INT + 1
    if re.fullmatch(r"0[0-7]+", digits):
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _fits(value: int, word: str) -> int:
    if not LEAST_INT <= value <= MOST_INT:
        raise Refused(f"{word} is too large", "whole numbers have 64 bits")
    return value


def text(word: str) -> str:
    """What a text in quotes says.

    Raises:
        Refused: an escape that Go does not know.
    """
    return _ESCAPE.sub(_escaped, word[1:-1])


def character(word: str) -> int:
    """A character in single quotes is its number.

    Raises:
        Refused: more than one, or an escape that Go does not know.
    """
    found = text(word)
    if len(found) != 1:
        raise Refused(f"{word} is not one character", "write text in double quotes")
    return ord(found)


def _escaped(found: re.Match[str]) -> str:
    simple, pair, octal, short, long, rest = found.groups()
    if simple:
        return _SIMPLE.get(simple, simple)
    if octal:
        return chr(int(octal, 8))
    code = pair or short or long
    if code is None:
        raise Refused(f"there is no escape \\{rest}", "write \\\\ for a backslash, or use `…`")
    value = int(code, 16)
    if value > 0x10FFFF or 0xD800 <= value < 0xE000:
        raise Refused(f"\\{found.group()[1:]} is no character", "write the character itself")
    return chr(value)
