"""A pattern's text to a tree (the language of RE2, https://github.com/google/re2/wiki/Syntax)."""

from dataclasses import dataclass
from typing import ClassVar

from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.regex.letters import CLASSES, LAST, POSIX, Chars, Ranges, others

_MOST_TIMES = 1000  # as RE2
_DEEPEST = 50

_SIMPLE = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place: ``A`` start, ``z`` end, ``^`` ``$`` of a line, ``b`` ``B`` edges of words."""

    kind: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    items: tuple["Item", ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The first that fits."""

    items: tuple["Item", ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Parentheses; `number` is 0 where nothing is kept."""

    inside: "Item"
    number: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """So many times; `most` is None for any number."""

    inside: "Item"
    least: int
    most: int | None
    greedy: bool


Item = Chars | Anchor | Sequence | Alternatives | Group | Repeat


def read(pattern: str) -> tuple[Item, int, dict[str, int]]:
    """The tree of a pattern, how many groups it keeps, and their names.

    Raises:
        Refused: it is none.
    """
    reader = _Reader(pattern)
    item = reader.alternatives()
    if not reader.at_end:
        raise Refused(f'the pattern "{pattern[:60]}" has a ) that nothing opened', "write \\)")
    return item, reader.groups, reader.names


class _Reader:
    _FLAGS: ClassVar[str] = "imsU"

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._flags: frozenset[str] = frozenset()
        self._depth = 0
        self.groups = 0
        self.names: dict[str, int] = {}

    @property
    def at_end(self) -> bool:
        """Whether all was read."""
        return self._at >= len(self._text)

    def _no(self, why: str, advice: str = "") -> Refused:
        return Refused(f'the pattern "{self._text[:60]}": {why}', advice)

    def _peek(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _eat(self, text: str) -> bool:
        if self._peek(text):
            self._at += len(text)
            return True
        return False

    def _take(self) -> str:
        if self.at_end:
            raise self._no("it ends too soon")
        self._at += 1
        return self._text[self._at - 1]

    # --- the tree

    def alternatives(self) -> Item:
        """All up to the end, or a closing parenthesis."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._no("its parentheses are nested too deep")
        found = [self._sequence()]
        while self._eat("|"):
            found.append(self._sequence())
        self._depth -= 1
        return found[0] if len(found) == 1 else Alternatives(tuple(found))

    def _sequence(self) -> Item:
        items: list[Item] = []
        while not self.at_end and not self._peek("|") and not self._peek(")"):
            item = self._one()
            if item is not None:
                items.append(self._repeated(item))
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _one(self) -> Item | None:
        letter = self._take()
        match letter:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case ".":
                return Chars(() if "s" in self._flags else ((10, 10),), negated=True)
            case "^":
                return Anchor("^" if "m" in self._flags else "A")
            case "$":
                return Anchor("$" if "m" in self._flags else "z")
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                raise self._no(f"nothing stands before {letter}", f"write \\{letter}")
        return self._letter(ord(letter))

    def _letter(self, code: int) -> Chars:
        return Chars(((code, code),), fold="i" in self._flags)

    def _repeated(self, item: Item) -> Item:
        last_end = -1
        while True:
            before = self._at
            times = self._times()
            if times is None:
                return item
            if last_end == before:
                raise self._no("one repetition stands behind another", "put parentheses around it")
            greedy = not self._eat("?")
            item = Repeat(item, *times, greedy != ("U" in self._flags))
            last_end = self._at

    def _times(self) -> tuple[int, int | None] | None:
        for sign, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._eat(sign):
                return times
        if not self._peek("{"):
            return None
        end = self._text.find("}", self._at)
        first, comma, second = self._text[self._at + 1 : max(end, self._at + 1)].partition(",")
        if end < 0 or not _number(first) or (second and not _number(second)):
            return None  # a brace that is a letter
        self._at = end + 1
        least = int(first[:6])
        most = (int(second[:6]) if second else None) if comma else least
        if max(least, most or 0) > _MOST_TIMES or (most is not None and most < least):
            raise self._no(f"{{{first}{comma}{second}}} is no number of times", "1000 is the most")
        return least, most

    def _group(self) -> Item | None:
        flags = self._flags
        number = 0
        if self._eat("?P<") or (
            self._peek("?<") and not self._peek("?<=") and not self._peek("?<!")
        ):
            self._eat("?<")
            end = self._text.find(">", self._at)
            name = self._text[self._at : end]
            if end < 0 or not name.isidentifier() or name in self.names:
                raise self._no("a group without a name of its own", "write (?P<name>…)")
            self._at = end + 1
            self.groups += 1
            number = self.names[name] = self.groups
        elif self._eat("?"):
            if self._flagged():
                return None
        else:
            self.groups += 1
            number = self.groups
        inside = self.alternatives()
        if not self._eat(")"):
            raise self._no("a ( that nothing closes", "write \\( for the letter")
        self._flags = flags
        return Group(inside, number)

    def _flagged(self) -> bool:
        """``(?i)`` is for the rest of the group; behind ``(?i:`` a group of its own follows."""
        flags, on = set(self._flags), True
        while True:
            letter = self._take()
            if letter in self._FLAGS:
                flags = flags | {letter} if on else flags - {letter}
            elif letter == "-" and on:
                on = False
            elif letter in "):":
                self._flags = frozenset(flags)
                return letter == ")"
            else:
                raise self._no(f"there is no (?{letter}", "Go's patterns do not look around")

    def _escape(self) -> Item:
        letter = self._take()
        if letter in "Az":
            return Anchor(letter)
        if letter in "bB":
            return Anchor(letter)
        if letter.lower() in CLASSES:
            return Chars(CLASSES[letter.lower()], negated=letter.isupper())
        if letter in "pP":
            return Chars((), negated=False, categories=(self._category(letter),))
        if letter == "Q":
            end = self._text.find("\\E", self._at)
            end = len(self._text) if end < 0 else end
            plain = self._text[self._at : end]
            self._at = end + 2
            return Sequence(tuple(self._letter(ord(each)) for each in plain))
        return self._letter(self._code(letter))

    def _category(self, letter: str) -> tuple[str, bool]:
        name = self._take()
        if name == "{":
            name = self._braced()
        negated = (letter == "P") != name.startswith("^")
        name = name.removeprefix("^")
        if len(name) not in {1, 2} or name[:1] not in "LMNPSZC":
            raise self._no(f"there is no class \\{letter}{{{name}}}", "L, Lu, N … are known")
        return name, negated

    def _braced(self) -> str:
        """What stands up to the brace that closes."""
        end = self._text.find("}", self._at)
        if end < 0:
            raise self._no("a { behind a backslash that nothing closes")
        found, self._at = self._text[self._at : end], end + 1
        return found

    def _code(self, letter: str) -> int:
        """The letter behind a backslash."""
        if letter in _SIMPLE:
            return _SIMPLE[letter]
        if letter == "x":
            if self._eat("{"):
                digits = self._braced()
            else:
                digits, self._at = self._text[self._at : self._at + 2], self._at + 2
            if not digits or len(digits) > 6 or set(digits.lower()) - set("0123456789abcdef"):
                raise self._no("\\x without its digits", "write \\x41")
            if int(digits, 16) > LAST:
                raise self._no(f"there is no letter {digits}")
            return int(digits, 16)
        if letter.isalnum():
            advice = "Go's patterns have no back references" if letter.isdigit() else ""
            raise self._no(f"there is no \\{letter}", advice)
        return ord(letter)

    def _class(self) -> Chars:
        negated = self._eat("^")
        ranges: list[tuple[int, int]] = []
        categories: list[tuple[str, bool]] = []
        first = True
        while first or not self._peek("]"):
            first = False
            if self._eat("[:"):
                ranges += self._posix()
                continue
            low = self._in_class(ranges, categories)
            if low is None:
                continue
            high = low
            if self._peek("-") and not self._peek("-]"):
                self._take()
                found = self._in_class(ranges, categories)
                if found is None or found < low:
                    raise self._no("a range of letters that ends before it begins")
                high = found
            ranges.append((low, high))
        self._take()
        return Chars(tuple(ranges), negated, "i" in self._flags, tuple(categories))

    def _in_class(
        self, ranges: list[tuple[int, int]], categories: list[tuple[str, bool]]
    ) -> int | None:
        """One letter within brackets, or None where it was a whole class."""
        letter = self._take()
        if letter != "\\":
            return ord(letter)
        letter = self._take()
        if letter.lower() in CLASSES:
            own = CLASSES[letter.lower()]
            ranges += others(own) if letter.isupper() else own
            return None
        if letter in "pP":
            categories.append(self._category(letter))
            return None
        return self._code(letter)

    def _posix(self) -> Ranges:
        end = self._text.find(":]", self._at)
        name = self._text[self._at : max(end, self._at)]
        self._at = end + 2
        negated = name.startswith("^")
        if end < 0 or name.removeprefix("^") not in POSIX:
            raise self._no(f"there is no class [:{name}:]", f"there are {', '.join(POSIX)}")
        own = POSIX[name.removeprefix("^")]
        return others(own) if negated else own


def _number(word: str) -> bool:
    return word.isascii() and word.isdigit()
