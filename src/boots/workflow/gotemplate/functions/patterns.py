"""Sprig's functions with regular expressions."""

from collections.abc import Callable, Iterator

from boots.workflow.gotemplate.functions.calling import Native, bounded
from boots.workflow.gotemplate.regex import Match, Program, compiled, search

Spend = Callable[[int], None]


def _program(spend: Spend, pattern: str) -> Program:
    spend(len(pattern))
    program = compiled(pattern)
    spend(len(program.steps))
    return program


def _found(spend: Spend, program: Program, text: str) -> Iterator[Match]:
    """All matches that do not overlap; an empty one right behind another is none (as in Go)."""
    at, last = 0, -1
    while at <= len(text):
        match = search(program, text, at, spend)
        if match is None:
            return
        if match.end > match.start or match.start != last:
            yield match
        last = match.end
        at = match.end if match.end > at else at + 1


def _match(spend: Spend, pattern: str, text: str) -> bool:
    return search(_program(spend, pattern), text, 0, spend) is not None


def _find(spend: Spend, pattern: str, text: str) -> str:
    match = search(_program(spend, pattern), text, 0, spend)
    return match.group(text, 0) if match else ""


def _find_all(spend: Spend, pattern: str, text: str, most: int) -> list[str]:
    program = _program(spend, pattern)
    found = [match.group(text, 0) for match in _found(spend, program, text)]
    return found if most < 0 else found[:most]


def _literally(spend: Spend, pattern: str, text: str, new: str) -> str:
    return _replaced(spend, pattern, text, lambda *_: new)


def _with_groups(spend: Spend, pattern: str, text: str, new: str) -> str:
    return _replaced(spend, pattern, text, lambda match, names: _expanded(new, match, text, names))


def _replaced(
    spend: Spend, pattern: str, text: str, new: Callable[[Match, dict[str, int]], str]
) -> str:
    made: list[str] = []
    at, length = 0, len(text)
    program = _program(spend, pattern)
    for match in _found(spend, program, text):
        own = new(match, program.names)
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


def _split(spend: Spend, pattern: str, text: str, most: int) -> list[str]:
    if most == 0:
        return []
    parts: list[str] = []
    at = 0
    for match in _found(spend, _program(spend, pattern), text):
        if most > 0 and len(parts) == most - 1:
            break
        if match.end == 0 and text:  # an empty match at the beginning cuts nothing off
            continue
        if match.start == match.end == len(text):
            break
        parts.append(text[at : match.start])
        at = match.end
    return [*parts, text[at:]]


TABLE = (
    Native("regexMatch", "ss", _match, "whether the pattern is found in the text", pays=True),
    Native("regexFind", "ss", _find, "what the pattern finds first", pays=True),
    Native("regexFindAll", "ssi", _find_all, "all that it finds, or so many", pays=True),
    Native(
        "regexReplaceAll",
        "sss",
        _with_groups,
        "the second with what the pattern finds replaced; $1 is its first group",
        pays=True,
    ),
    Native(
        "regexReplaceAllLiteral",
        "sss",
        _literally,
        "as regexReplaceAll, and $ is a letter",
        pays=True,
    ),
    Native("regexSplit", "ssi", _split, "the parts between, or so many", pays=True),
    Native(
        "regexQuoteMeta",
        "s",
        lambda text: "".join(f"\\{each}" if each in "\\.+*?()|[]{}^$" else each for each in text),
        "the text as a pattern for itself",
    ),
)
