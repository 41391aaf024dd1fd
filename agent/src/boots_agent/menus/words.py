"""GRUB's script as words: what is quoted, what is a variable, where a command ends."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>[^}\n]*)\}|(?P<plain>[A-Za-z_][A-Za-z0-9_]*|[0-9?@#*]))")
_LONGEST = 1 << 20  # letters of a word, once its variables have values
_BLANKS = " \t\r"
_ENDS = frozenset(";\n")
_BREAKS = frozenset("{}&|<>")


class MenuError(Exception):
    """The menu cannot be read, or starts no kernel."""


class Part(NamedTuple):
    """A piece of a word: text, or the name of a variable; a quoted one stays one word."""

    value: str
    variable: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word before its variables have values."""

    parts: tuple[Part, ...]

    @property
    def plain(self) -> str | None:
        """Its text, if nothing in it is quoted or a variable: only then may it be a keyword."""
        if any(part.variable or part.quoted for part in self.parts):
            return None
        return "".join(part.value for part in self.parts)

    def expanded(self, values: Mapping[str, str]) -> list[str]:
        """The words that it becomes: a bare variable may be none, or several.

        Raises:
            MenuError: It is longer than any.
        """
        pieces = [values.get(p.value, "") if p.variable else p.value for p in self.parts]
        if sum(map(len, pieces)) > _LONGEST:
            raise MenuError("a word grows without end")
        text = "".join(pieces)
        if any(part.variable and not part.quoted for part in self.parts):
            bare = all(part.variable and not part.quoted for part in self.parts)
            return text.split() if bare else [text]
        return [text]


END = Word((Part(";"),))
"""The end of a command: a semicolon or a new line."""


def words(text: str) -> Iterator[Word]:
    """The words of a script, with `END` between commands.

    Raises:
        MenuError: A quotation does not end.
    """
    at, size = 0, len(text)
    while at < size:
        letter = text[at]
        if letter in _BLANKS or text.startswith("\\\n", at):
            at += 1 if letter in _BLANKS else 2
        elif letter in _ENDS:
            at += 1
            yield END
        elif letter == "#":
            at = _end_of_line(text, at)
        elif letter in _BREAKS:
            at += 1
            yield Word((Part(letter),))
        else:
            at, word = _word(text, at)
            yield word


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _word(text: str, at: int) -> tuple[int, Word]:
    parts: list[Part] = []
    while at < len(text) and text[at] not in _BLANKS and text[at] not in _ENDS | _BREAKS:
        letter = text[at]
        if letter == "'":
            end = _closed(text, at, "'")
            parts.append(Part(text[at + 1 : end], quoted=True))
            at = end + 1
        elif letter == '"':
            at = _double(text, at, parts)
        elif letter == "\\":
            if text[at + 1 : at + 2] != "\n":
                parts.append(Part(text[at + 1 : at + 2], quoted=True))
            at += 2
        elif match := _VARIABLE.match(text, at):
            parts.append(Part(match["braced"] or match["plain"] or "", variable=True))
            at = match.end()
        else:
            parts.append(Part(letter))
            at += 1
    return at, Word(tuple(parts))


def _double(text: str, at: int, parts: list[Part]) -> int:
    """What is between double quotes, where variables count; the place after them."""
    at += 1
    parts.append(Part("", quoted=True))  # an empty text is a word, too
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and text[at + 1 : at + 2] in {'"', "\\", "$"}:
            parts.append(Part(text[at + 1], quoted=True))
            at += 2
        elif match := _VARIABLE.match(text, at):
            name = match["braced"] or match["plain"] or ""
            parts.append(Part(name, variable=True, quoted=True))
            at = match.end()
        else:
            parts.append(Part(text[at], quoted=True))
            at += 1
    if at >= len(text):
        raise MenuError('a " has no end')
    return at + 1


def _closed(text: str, at: int, mark: str) -> int:
    end = text.find(mark, at + 1)
    if end < 0:
        raise MenuError(f"a {mark} has no end")
    return end
