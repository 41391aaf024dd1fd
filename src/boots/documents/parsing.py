"""YAML and JSON files to plain documents in which every scalar is the text that was written.

YAML 1.1 would read an unquoted MAC of digits as a number in base 60, ``0644`` as octal and
``yes`` as true.  Here a scalar stays text and whoever reads a field says what it must be.
Straight from the parser's events this is also three times as fast as PyYAML's own loader.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from boots.documents.fault import Wrong


class Mapping(dict[str, Any]):
    """A mapping that knows the line (from 1) it begins on."""

    __slots__ = ("line",)
    line: int


Document = Mapping | list[Any] | str | None

_NULLS = {"", "~", "null", "Null", "NULL"}
DEEPEST = 100  # no record comes near; what reads documents may then recurse
_MOST_ALIASED = 4_000_000  # what aliases and merges may add to a file, see `_Builder._weigh`
_SURROGATES = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE
)


def parse(text: str) -> list[Document]:
    """The documents of a file; empty ones are left out.

    Raises:
        Wrong: not YAML, a key given twice, nested too deep, or aliases that multiply without end.
    """
    try:
        return _Builder(text).documents()
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"not YAML: it holds the control character U+{error.character:04X}"
        raise Wrong((), problem, "take it out", line) from None
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(text, error) from None
    except yaml.YAMLError as error:
        raise Wrong((), f"not YAML: {error}", "check indentation, quotes and brackets") from None


def _events(text: str) -> Callable[[], Any]:
    """What gives the parser's events one by one, None after the last.

    JSON writes a character beyond U+FFFF as two escapes, which YAML does not know: they are joined.
    """
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        text = _SURROGATES.sub(_joined, text)
    get: Callable[[], Any] = CParser(text).get_event
    return get


def _joined(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return f"{pair[1]}{chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF))}"


def _not_yaml(text: str, error: yaml.MarkedYAMLError) -> Wrong:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Wrong((), f"not YAML: {error.problem}", "check indentation, quotes and brackets")
    lines = text.split("\n")
    here = lines[mark.line] if mark.line < len(lines) else ""
    advice = "check indentation, quotes and brackets there and above"
    if "\t" in here[: mark.column + 1]:
        advice = "write blanks instead of the tab"
    return Wrong((), f"not YAML: {error.problem} (column {mark.column + 1})", advice, mark.line + 1)


class _Builder:
    """Builds documents from parser events, without recursion: depth costs no stack."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next = _events(text)
        self._anchors: dict[str, Document] = {}
        self._aliased = 0  # the line of the last alias
        self._most = len(text) + _MOST_ALIASED
        self._merged = 0

    def documents(self) -> list[Document]:
        found: list[Document] = []
        while (event := self._next()) is not None and type(event) is not StreamEndEvent:
            if type(event) is DocumentStartEvent:
                self._anchors.clear()
                document = self._node(self._next())
                if document is not None:
                    if self._aliased:
                        self._weigh(document)
                    found.append(document)
        return found

    def _node(self, event: Any) -> Document:
        """One whole node, whose first event was just read."""
        here: list[Any] = []
        stack: list[tuple[list[Any], Any]] = []  # what is still open: its parent, its first event
        while True:
            kind = type(event)
            if kind is ScalarEvent:
                value = event.value
                if value in _NULLS and not event.style:  # unquoted: what is quoted is text
                    value = None
                self._add(here, value, event.anchor)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                stack.append((here, event))
                here = []
                if len(stack) > DEEPEST:
                    raise _too_deep(event)
            elif kind is AliasEvent:
                here.append(self._alias(event))
            else:  # the end of a mapping or a sequence
                inside = here
                here, start = stack.pop()
                whole = self._mapping(inside, start) if kind is MappingEndEvent else inside
                self._add(here, whole, start.anchor)
            if not stack:
                result: Document = here[0]
                return result
            event = self._next()

    def _add(self, here: list[Any], value: Document, anchor: str | None) -> None:
        here.append(value)
        if anchor:
            self._anchors[anchor] = value

    def _alias(self, event: Any) -> Document:
        self._aliased = _line(event)
        if event.anchor not in self._anchors:
            # It may be a password that begins with a star, so it is not said.
            advice = "define it above, or put what begins with * into quotes"
            raise Wrong((), "an alias is not defined", advice, _line(event))
        return self._anchors[event.anchor]

    def _mapping(self, items: list[Any], start: Any) -> Mapping:
        """Keys and values in turn, as a mapping."""
        keys = items[::2]
        try:
            mapping = Mapping(zip(keys, items[1::2], strict=True))
        except TypeError:
            problem = "a key of this mapping is a list or a mapping"
            raise Wrong((), problem, "write keys as words", _line(start)) from None
        if len(mapping) != len(keys):
            raise _given_twice(self._text, start, keys)
        if None in mapping:
            problem = "a key of this mapping is empty"
            raise Wrong((), problem, "write a word before the colon", _line(start))
        if "<<" in mapping:
            self._merge(mapping)
        mapping.line = start.start_mark.line + 1
        return mapping

    def _merge(self, here: Mapping) -> None:
        """Take over what a ``<<`` names; the mapping's own keys win (YAML's merge key)."""
        inherited = here.pop("<<")
        for source in inherited if isinstance(inherited, list) else [inherited]:
            if isinstance(source, dict):
                self._merged += 4 * len(source)  # what one costs in time and memory
                if self._merged > self._most:
                    raise self._without_end()
                for name, value in source.items():
                    here.setdefault(name, value)

    def _weigh(self, document: Document) -> None:
        """Refuse a document that aliases blow up past any use.

        Written out it must stay bounded: in nodes, where a long text counts for several, and in
        depth.  Each mapping and list is weighed once, however often it is named.
        """
        known: dict[int, tuple[int, int]] = {}  # by id: weight, depth
        stack: list[Document] = [document]
        while stack:
            node = stack[-1]
            inside = _inside(node)
            open_: list[Any] = [
                each for each in inside if isinstance(each, dict | list) and id(each) not in known
            ]
            if open_:
                stack.extend(open_)
                continue
            stack.pop()
            weights = [known.get(id(each)) or (1 + len(each or "") // 64, 0) for each in inside]
            weight = 1 + sum(weight for weight, _ in weights)
            depth = 1 + max((depth for _, depth in weights), default=0)
            if weight > self._most or depth > DEEPEST:
                raise self._without_end()
            known[id(node)] = weight, depth

    def _without_end(self) -> Wrong:
        problem = "its aliases multiply without end"
        return Wrong((), problem, "write the records out", self._aliased)


def _inside(node: Document) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _too_deep(event: Any) -> Wrong:
    problem = f"nested deeper than {DEEPEST} levels"
    return Wrong((), problem, "check brackets and indentation", _line(event))


def _given_twice(text: str, start: Any, keys: list[Any]) -> Wrong:
    """Say where a mapping has a key for the second time: often a lost dash before it."""
    twice = next(key for key, times in Counter(keys).items() if times > 1)
    at = start.start_mark.index
    mapping = next(spot for spot, _ in _spots(text) if spot.mapping and spot.at == at)
    lines = [key.line for key in mapping.inside[::2] if key.text == twice]
    return Wrong(
        (),
        f'"{twice}" is given twice in one mapping',
        'keep one of them, or begin a new entry with "- "',
        lines[1] if len(lines) > 1 else _line(start),
    )


# --- where things stand


class _Spot:
    """A node of the file with its place; `inside` holds items, or keys and values in turn."""

    __slots__ = ("at", "column", "inside", "line", "mapping", "text")

    def __init__(self, event: Any) -> None:
        self.at = event.start_mark.index
        self.line = _line(event)
        self.column = int(event.start_mark.column) + 1
        self.text: str | None = event.value if type(event) is ScalarEvent else None
        self.mapping = type(event) is MappingStartEvent
        self.inside: list[_Spot] = []

    def step(self, step: str | int) -> "tuple[_Spot, _Spot] | None":
        """A key (or list item) and what is behind it."""
        if self.mapping:
            for key, value in zip(self.inside[::2], self.inside[1::2], strict=True):
                if key.text == step:
                    return key, value
        elif isinstance(step, int) and step < len(self.inside):
            return self.inside[step], self.inside[step]
        return None


class Lines:
    """Tells where in a file a value stands; goes through the file once, when first asked."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tops: list[_Spot] | None = None

    def of(self, document: int, path: tuple[str | int, ...]) -> int:
        """The line (from 1) of the value at `path` in the n-th document that is not empty.

        Where a step leads nowhere, the line of the last one that led somewhere.
        """
        return self.place(document, path)[0]

    def place(self, document: int, path: tuple[str | int, ...]) -> tuple[int, int]:
        """The same with the column (from 1)."""
        if self._tops is None:
            self._tops = [spot for spot, is_document in _spots(self._text) if is_document]
        spot = self._tops[document]
        place = spot
        for step in path:
            below = spot.step(step)
            if below is None:
                break
            place, spot = below
        return place.line, place.column


def _spots(text: str) -> Iterator[tuple[_Spot, bool]]:
    """Every node once it is whole, and whether it is a document; empty documents are left out."""
    get = _events(text)
    anchors: dict[str, _Spot] = {}
    open_: list[tuple[_Spot, str | None]] = []
    while (event := get()) is not None:
        kind = type(event)
        if kind is MappingStartEvent or kind is SequenceStartEvent:
            open_.append((_Spot(event), event.anchor))
            continue
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            spot, anchor = open_.pop()
        elif kind is ScalarEvent:
            spot, anchor = _Spot(event), event.anchor
            if not open_ and event.value in _NULLS and not event.style:
                continue
        elif kind is AliasEvent:
            spot, anchor = anchors.get(event.anchor) or _Spot(event), None
        else:
            continue
        if anchor:
            anchors[anchor] = spot
        if open_:
            open_[-1][0].inside.append(spot)
        yield spot, not open_
