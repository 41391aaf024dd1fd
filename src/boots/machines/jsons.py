"""Large JSON files to plain documents, many times as fast as by way of YAML.

They come out as `documents.parse` would have them: scalars are the text that was written, and
records know their lines.  Whatever is not plain JSON, or must be complained of, is left to that
one, which also says where it is wrong.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from boots.machines.documents import DEEPEST, Document, Mapping

_SMALL = 1 << 14  # characters, which YAML's parser reads soon enough
_BLANK = re.compile(r"[ \t\r\n]*")
# YAML refuses them, and half of a character beyond U+FFFF cannot be written again.
_UNFIT = re.compile("[\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_OTHERWISE = {bool, list}  # as documents hold the text of true and false
_LISTS = {"machines", "items"}  # whose entries are records


class _NotPlain(ValueError):
    """This is for the other parser."""


def parse(text: str) -> list[Document] | None:
    """The only document of a file, in a list; None where `documents.parse` must read it."""
    begins = _BLANK.match(text)
    if len(text) < _SMALL or not begins or text[begins.end() : begins.end() + 1] not in {"{", "["}:
        return None
    if (not text.isascii() or "\x7f" in text) and _UNFIT.search(text):
        return None
    try:
        return [_whole(text)]
    except (ValueError, RecursionError, IndexError):
        return None


def _whole(text: str) -> Document:
    made = _Reader(text).document()
    if _HALF.search(text):
        json.dumps(made, ensure_ascii=False).encode()  # complains of a half without its other
    return made


class _Reader:
    """Goes through the upper two levels itself, as only so lines can be told."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line, self._counted = 1, 0
        self._value = json.JSONDecoder(
            object_pairs_hook=_mapping,
            parse_int=str,
            parse_float=str,
            parse_constant=_refused,
        ).raw_decode

    def document(self) -> Document:
        """The value that the file is."""
        opened = self._text[self._skip()]
        whole = self._object() if opened == "{" else list(self._items())
        if self._skip() != len(self._text):
            raise _NotPlain
        return whole

    def _object(self) -> Mapping:
        line, pairs = self._here(), []
        for _ in self._entries("}"):
            key = self._one()
            self._expect(":")
            listed = key in _LISTS and self._text[self._skip()] == "["
            pairs.append((key, list(self._items()) if listed else self._one()))
        made = _mapping(pairs)
        made.line = line
        return made

    def _items(self) -> Iterator[Any]:
        for _ in self._entries("]"):
            yield self._one()

    def _entries(self, end: str) -> Iterator[None]:
        """Stand before each entry of a list or object, and at last behind it."""
        self._at += 1
        if self._text[self._skip()] != end:
            yield
            while self._text[self._skip()] == ",":
                self._at += 1
                self._skip()
                yield
        self._expect(end)

    def _one(self) -> Any:
        begin = self._skip()
        value, self._at = self._value(self._text, begin)
        count = self._text.count
        if count("[", begin, self._at) + count("{", begin, self._at) > DEEPEST - 2:
            raise _NotPlain  # perhaps too deep
        if type(value) is Mapping:
            value.line = self._line_of(begin)
        return _as_text(value)

    def _expect(self, sign: str) -> None:
        if self._text[self._skip()] != sign:
            raise _NotPlain
        self._at += 1

    def _skip(self) -> int:
        # Most signs follow each other directly, and a search costs.
        if self._text[self._at : self._at + 1] in _BLANKS:
            blank = _BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
        return self._at

    def _here(self) -> int:
        return self._line_of(self._at)

    def _line_of(self, at: int) -> int:
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        return self._line


_BLANKS = {" ", "\t", "\r", "\n"}


def _mapping(pairs: list[tuple[Any, Any]]) -> Mapping:
    made = Mapping(pairs)
    if len(made) != len(pairs) or "<<" in made:
        raise _NotPlain
    for key, value in pairs:
        if type(value) in _OTHERWISE:
            made[key] = _as_text(value)
    return made


def _as_text(value: Any) -> Any:
    kind = type(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is list and any(type(each) in _OTHERWISE for each in value):
        return [_as_text(each) for each in value]
    return value


def _refused(_: str) -> Any:
    raise _NotPlain  # Infinity, NaN
