"""YAML and JSON files to plain documents in which every scalar is the text that was written.

YAML 1.1 would read an unquoted MAC of digits as a number in base 60, ``0644`` as octal and
``yes`` as true.  Here a scalar stays text and whoever reads a field says what it must be.
Straight from the parser's events this is also three times as fast as PyYAML's own loader.
"""

from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.cyaml import CBaseLoader
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from boots.machines.fault import Wrong


class Mapping(dict[str, Any]):
    """A mapping that knows the line (from 1) it begins on."""

    __slots__ = ("line",)
    line: int


Document = Mapping | list[Any] | str | None

_NULLS = {"", "~", "null", "Null", "NULL"}
_MOST_NODES = 20_000_000


def parse(text: str) -> list[Document]:
    """The documents of a file; empty ones are left out.

    Raises:
        Wrong: not YAML, a key given twice, or aliases that multiply without end.
    """
    try:
        return _Builder(text).documents()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Wrong(
            (), f"not YAML{where}: {error.problem}", "check indentation, quotes and brackets there"
        ) from None
    except yaml.YAMLError as error:
        raise Wrong((), f"not YAML: {error}", "write it as UTF-8 text") from None


class _Builder:
    """Builds documents from parser events, without recursion: depth costs no stack."""

    def __init__(self, text: str) -> None:
        self._next = CParser(text).get_event
        self._anchors: dict[str, Document] = {}
        self._aliased = False

    def documents(self) -> list[Document]:
        found: list[Document] = []
        while (event := self._next()) is not None and type(event) is not StreamEndEvent:
            if type(event) is DocumentStartEvent:
                self._anchors.clear()
                document = self._node(self._next())
                if document is not None:
                    if self._aliased:
                        _weigh(document)
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
                if value in _NULLS and event.style is None:
                    value = None
                self._add(here, value, event.anchor)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                stack.append((here, event))
                here = []
            elif kind is AliasEvent:
                here.append(self._alias(event))
            else:  # the end of a mapping or a sequence
                inside = here
                here, start = stack.pop()
                whole = _mapping(inside, start) if kind is MappingEndEvent else inside
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
        self._aliased = True
        if event.anchor not in self._anchors:
            raise Wrong((), _at(f"*{event.anchor} is not defined", event), "define it above")
        return self._anchors[event.anchor]


def _mapping(items: list[Any], start: Any) -> Mapping:
    """Keys and values in turn, as a mapping."""
    keys = items[::2]
    try:
        mapping = Mapping(zip(keys, items[1::2], strict=True))
    except TypeError:
        raise Wrong((), _at("a key is a list or a mapping", start), "write keys as words") from None
    if len(mapping) != len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Wrong((), _at(f'"{twice}" is given twice in the mapping', start), "keep one of them")
    if None in mapping:
        raise Wrong(
            (), _at("a key is empty in the mapping", start), "write a word before the colon"
        )
    if "<<" in mapping:
        _merge(mapping)
    mapping.line = start.start_mark.line + 1
    return mapping


def _merge(here: Mapping) -> None:
    """Take over what a ``<<`` names; the mapping's own keys win (YAML's merge key)."""
    inherited = here.pop("<<")
    for source in inherited if isinstance(inherited, list) else [inherited]:
        if isinstance(source, dict):
            for name, value in source.items():
                here.setdefault(name, value)


def _at(problem: str, event: Any) -> str:
    return f"{problem} (line {event.start_mark.line + 1})"


def _weigh(document: Document) -> None:
    """Refuse a document that aliases blow up past any use; written out it must stay bounded."""
    budget, stack = _MOST_NODES, [document]
    while stack:
        node = stack.pop()
        budget -= 1
        if budget < 0:
            raise Wrong((), "its aliases multiply without end", "write the records out")
        if isinstance(node, dict):
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def line_of(text: str, document: int, path: tuple[str | int, ...]) -> int:
    """The line (from 1) of the value at `path` in the n-th non-empty document; 0 if not found.

    Slow, as it composes the file again: for telling a person where a mistake is.
    """
    nodes = [node for node in yaml.compose_all(text, Loader=CBaseLoader) if not _is_empty(node)]
    if document >= len(nodes):
        return 0
    node, line = nodes[document], nodes[document].start_mark.line
    for step in path:
        below = _step(node, step)
        if below is None:
            break
        line, node = below
    return int(line) + 1


def _is_empty(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style is None and node.value in _NULLS


def _step(node: Any, step: str | int) -> tuple[int, Any] | None:
    """The line of a key (or list item) and the node behind it."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line, item
    return None
