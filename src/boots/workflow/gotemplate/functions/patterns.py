"""Sprig's functions with regular expressions."""

from collections.abc import Iterator
from typing import Any

from boots.workflow.gotemplate.functions.calling import Native, bounded
from boots.workflow.gotemplate.regex import Match, compiled, search


def _found(pattern: str, text: str) -> Iterator[Match]:
    """All matches that do not overlap; an empty one right behind another is none (as in Go)."""
    program = compiled(pattern)
    at, last = 0, -1
    while at <= len(text):
        match = search(program, text, at)
        if match is None:
            return
        if match.end > match.start or match.start != last:
            yield match
        last = match.end
        at = match.end if match.end > at else at + 1


def _match(pattern: str, text: str) -> bool:
    return search(compiled(pattern), text) is not None


def _find(pattern: str, text: str) -> str:
    match = search(compiled(pattern), text)
    return match.group(text, 0) if match else ""


def _find_all(pattern: str, text: str, most: int) -> list[str]:
    found = [match.group(text, 0) for match in _found(pattern, text)]
    return found if most < 0 else found[:most]


def _replaced(pattern: str, text: str, new: str, *, literal: bool = False) -> str:
    made, at, length = [], 0, len(text)
    names = compiled(pattern).names
    for match in _found(pattern, text):
        own = new if literal else _expanded(new, match, text, names)
        length += len(own)
        bounded(length)
        made += [text[at : match.start], own]
        at = match.end
    return "".join([*made, text[at:]])


def _expanded(new: str, match: Match, text: str, names: dict[str, int]) -> str:
    """``$1``, ``${1}``, ``$name`` and ``$$`` in a replacement; a name is as long as it can be."""
    made, at = "", 0
    while at < len(new):
        dollar = new.find("$", at)
        if dollar < 0:
            return made + new[at:]
        made += new[at:dollar]
        name, at = _name(new, dollar + 1)
        if name == "$":
            made += "$"
        elif name.isdigit():
            made += match.group(text, int(name[:6]))
        elif name:
            made += match.group(text, names[name]) if name in names else ""
        else:
            made += "$"
        bounded(len(made))
    return made


def _name(new: str, at: int) -> tuple[str, int]:
    """What stands behind a dollar, and where the text goes on."""
    if new.startswith("$", at):
        return "$", at + 1
    if new.startswith("{", at):
        end = new.find("}", at)
        inside = new[at + 1 : end]
        if end > at + 1 and inside.replace("_", "a").isalnum():
            return inside, end + 1
        return "", at
    end = at
    while end < len(new) and (new[end].isalnum() or new[end] == "_"):
        end += 1
    return new[at:end], end


def _split(pattern: str, text: str, most: int) -> list[str]:
    if most == 0:
        return []
    parts: list[str] = []
    at = 0
    for match in _found(pattern, text):
        if most > 0 and len(parts) == most - 1:
            break
        if match.end == 0 and text:  # an empty match at the beginning cuts nothing off
            continue
        if match.start == match.end == len(text):
            break
        parts.append(text[at : match.start])
        at = match.end
    return [*parts, text[at:]]


def _cost(pattern: str, text: str, *_: Any) -> int:
    """Following all ways costs the length of the program for each letter."""
    return len(pattern) + (len(text) + 1) * (len(compiled(pattern).steps) + 4) // 2


def _cost_of_all(pattern: str, text: str, *_: Any) -> int:
    """Each match begins a search of its own, which may look at all that is left."""
    return _cost(pattern, text) * (1 + min(len(text), 2_000) // 20)


TABLE = (
    Native("regexMatch", "ss", _match, "whether the pattern is found in the text", _cost),
    Native("regexFind", "ss", _find, "what the pattern finds first", _cost),
    Native("regexFindAll", "ssi", _find_all, "all that it finds, or so many", _cost_of_all),
    Native(
        "regexReplaceAll",
        "sss",
        _replaced,
        "what it finds replaced; $1 is its first group",
        _cost_of_all,
    ),
    Native(
        "regexReplaceAllLiteral",
        "sss",
        lambda pattern, text, new: _replaced(pattern, text, new, literal=True),
        "as regexReplaceAll, and $ is a letter",
        _cost_of_all,
    ),
    Native("regexSplit", "ssi", _split, "the parts between, or so many", _cost_of_all),
    Native(
        "regexQuoteMeta",
        "s",
        lambda text: "".join(f"\\{each}" if each in "\\.+*?()|[]{}^$" else each for each in text),
        "the text as a pattern for itself",
    ),
)
