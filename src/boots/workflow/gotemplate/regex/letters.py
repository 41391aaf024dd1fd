"""Letters that one place of a pattern takes: ranges, classes, categories of Unicode."""

import unicodedata
from dataclasses import dataclass

Ranges = tuple[tuple[int, int], ...]
LAST = 0x10FFFF

_DIGIT: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Ranges = ((9, 10), (12, 13), (32, 32))
CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": _WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}


@dataclass(frozen=True, slots=True)
class Chars:
    """One letter of these ranges (or categories of Unicode), or with `negated` none of them."""

    ranges: Ranges
    negated: bool = False
    fold: bool = False
    categories: tuple[tuple[str, bool], ...] = ()

    def takes(self, letter: str) -> bool:
        """Whether it takes this letter."""
        found = self._holds(letter)
        if not found and self.fold:
            found = any(
                self._holds(each) for each in (letter.lower(), letter.upper()) if len(each) == 1
            )
        return found != self.negated

    def _holds(self, letter: str) -> bool:
        code = ord(letter)
        if any(low <= code <= high for low, high in self.ranges):
            return True
        if not self.categories:
            return False
        category = unicodedata.category(letter)
        return any(category.startswith(name) != negated for name, negated in self.categories)


def others(ranges: Ranges) -> Ranges:
    """All letters that are not in these."""
    found, low = [], 0
    for first, last in ranges:
        if low < first:
            found.append((low, first - 1))
        low = last + 1
    return (*found, (low, LAST))
