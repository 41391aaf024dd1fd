"""YAML out of plain values, in the few forms that every reader of YAML takes."""

import json
import re
from collections.abc import Iterator
from typing import Any

_PLAIN = re.compile(r"[a-z][a-z0-9_-]*")
# Those are no texts where a reader is of YAML 1.1.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_LONGEST_KEY = 1024  # characters as written, YAML 1.2 §7.4.2; longer ones are marked by a `?`


def dumped(value: Any) -> str:
    """A mapping or a list as YAML, a line for each thing; texts stand in quotes."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            name = key if _PLAIN.fullmatch(key) and key not in _WORDS else _scalar(key)
            is_long = len(name) > _LONGEST_KEY
            if is_long:
                yield f"? {name}"
            yield from _entry(":" if is_long else f"{name}:", each, "  ")
    elif isinstance(value, list) and value:
        for each in value:
            yield from _item(each)
    else:
        yield _scalar(value)


def _entry(key: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield key
        yield from (f"{indent}{line}" for line in _lines(value))
    else:
        yield f"{key} {_scalar(value)}"


def _item(value: Any) -> Iterator[str]:
    first = True
    for line in _lines(value):
        yield f"- {line}" if first else f"  {line}"
        first = False


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    return f'"{"".join(_letter(each) for each in value)}"'


def _letter(letter: str) -> str:
    if letter in {'"', "\\"}:
        return f"\\{letter}"
    if letter == "\n":
        return "\\n"
    if "\ud800" <= letter <= "\udfff":  # half a letter: JSON can say it, YAML cannot
        return "\\ufffd"
    return letter if " " <= letter <= "~" else f"\\U{ord(letter):08x}"
