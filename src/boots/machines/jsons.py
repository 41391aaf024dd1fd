"""Large JSON files to plain documents, many times as fast as by way of YAML.

They come out as `documents.parse` would have them: scalars are the text that was written, and
records know their lines.  Whatever is not plain JSON, or must be complained of, is left to that
one, which also says where it is wrong.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from boots.documents.parsing import DEEPEST, Document, Mapping
from boots.machines.moulds import Moulds
from boots.machines.short import FILE_KEYS

_SMALL = 1 << 14  # characters, which YAML's parser reads soon enough
_BLANK = re.compile(r"[ \t\r\n]*")
# YAML refuses them, and half of a character beyond U+FFFF cannot be written again.
_UNFIT = re.compile("[\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_OTHERWISE = {bool, list}  # as documents hold the text of true and false
_LISTS = {"machines", "items"}  # whose entries are records


_LIST_KEYS = {"apiVersion", "kind", "items", "metadata"}


class NotPlain(ValueError):
    """This is for the other parser."""


def parse(text: str, least: int | None = None) -> list[Document] | None:
    """The only document of a file, in a list; None where `documents.parse` must read it.

    It does so where there are less than `least` characters, 16,384 if that is not given.
    """
    try:
        return [_whole(text)] if _is_plain(text, least) else None
    except (ValueError, RecursionError, IndexError):
        return None


def stream(text: str, moulds: Moulds) -> Document:
    """The only document of a file, whose records are read one by one as they are asked for.

    Where one fits a mould, that which came out of it stands in its place.

    Raises:
        NotPlain: this is no list of records, or `parse` must read it.  What is wrong with a
            record is found when it is its turn: then `ValueError`, `LookupError` and
            `RecursionError` mean the same.
    """
    if not _is_plain(text):
        raise NotPlain
    reader = _Reader(text)
    if reader.opened() == "[":
        return _Streamed(text, reader.at, len(text.rstrip()), moulds)
    try:
        sizes = _sizes(text)
    except msgspec.MsgspecError:
        raise NotPlain from None
    whole = _Outer(text, sizes, moulds).document()
    if not isinstance(whole, dict) or not _is_list_of_records(whole):
        raise NotPlain
    return whole


def _is_list_of_records(whole: Mapping) -> bool:
    """Whether nothing but its records needs the list."""
    keys = whole.keys()
    return keys <= FILE_KEYS or (keys <= _LIST_KEYS and whole.get("kind") != "Hardware")


def _is_plain(text: str, least: int | None = None) -> bool:
    """Whether this may be plain JSON, and large enough to be read as such."""
    begins = _BLANK.match(text)
    is_small = len(text) < (_SMALL if least is None else least)
    if is_small or not begins or text[begins.end() : begins.end() + 1] not in {"{", "["}:
        return False
    return (text.isascii() and "\x7f" not in text) or not _UNFIT.search(text)


def _sizes(text: str) -> dict[str, int]:
    """How long each value of an object is, in characters."""
    inside = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    if text.isascii():
        return {key: len(memoryview(value)) for key, value in inside.items()}
    return {key: len(bytes(value).decode()) for key, value in inside.items()}


def _whole(text: str) -> Document:
    made = _Reader(text).document()
    if _HALF.search(text):
        json.dumps(made, ensure_ascii=False).encode()  # complains of a half without its other
    return made


class _Reader:
    """Goes through the upper two levels itself, as only so lines can be told."""

    def __init__(self, text: str, at: int = 0) -> None:
        self._text = text
        self._at = at
        self._line, self._counted = 1, 0
        self._value = json.JSONDecoder(
            object_pairs_hook=_mapping,
            parse_int=str,
            parse_float=str,
            parse_constant=_refused,
        ).raw_decode

    @property
    def at(self) -> int:
        """How far it has come."""
        return self._at

    def opened(self) -> str:
        """The sign that begins the next value."""
        return self._text[self._skip()]

    def document(self) -> Document:
        """The value that the file is."""
        whole = self._object() if self.opened() == "{" else list(self.items())
        if self._skip() != len(self._text):
            raise NotPlain
        return whole

    def _object(self) -> Mapping:
        line, pairs = self._here(), []
        for _ in self._entries("}"):
            key = self._one()
            self._expect(":")
            listed = key in _LISTS and self.opened() == "["
            pairs.append((key, self._records(key) if listed else self._one()))
        made = _mapping(pairs)
        made.line = line
        return made

    def _records(self, _key: str) -> list[Any]:
        """The list that stands behind this key."""
        return list(self.items())

    def items(self) -> Iterator[Any]:
        """The entries of the list that begins here."""
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
            raise NotPlain  # perhaps too deep
        if type(value) is Mapping:
            value.line = self._line_of(begin)
        return _as_text(value)

    def _expect(self, sign: str) -> None:
        if self._text[self._skip()] != sign:
            raise NotPlain
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


class _Outer(_Reader):
    """Passes over the records, as what stands behind them may tell what they are."""

    def __init__(self, text: str, sizes: dict[str, int], moulds: Moulds) -> None:
        super().__init__(text)
        self._sizes = sizes
        self._moulds = moulds

    def _records(self, key: str) -> list[Any]:
        begin = self._at
        self._at += self._sizes[key]
        return _Streamed(self._text, begin, self._at, self._moulds)


class _Streamed(list[Any]):
    """A list of records in a text, read each time that somebody goes through it."""

    def __init__(self, text: str, begin: int, end: int, moulds: Moulds) -> None:
        super().__init__()
        self._span = text, begin, end
        self._moulds = moulds

    def __iter__(self) -> Iterator[Any]:
        text, begin, end = self._span
        reader = _Inner(text, begin, self._moulds)
        yield from reader.items()
        if reader.at != end:
            raise NotPlain


class _Inner(_Reader):
    """Goes through the records."""

    def __init__(self, text: str, at: int, moulds: Moulds) -> None:
        super().__init__(text, at)
        self._moulds = moulds

    def _one(self) -> Any:
        begin = self._at
        line = self._line_of(begin)
        found = self._moulds.fit(self._text, begin, line)
        if found is not None:
            made, self._at = found
            return made
        value = super()._one()
        self._moulds.text = self._text[begin : self._at]
        return value


_BLANKS = {" ", "\t", "\r", "\n"}


def _mapping(pairs: list[tuple[Any, Any]]) -> Mapping:
    made = Mapping(pairs)
    if len(made) != len(pairs) or "<<" in made:
        raise NotPlain
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
    raise NotPlain  # Infinity, NaN
