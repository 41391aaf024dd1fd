"""How iPXE reads a script: a model of its own making, after ``script.c`` and ``exec.c``.

Lines end at LF, a CR before it falls away, a backslash at the end joins the next line.  A line
that begins with a colon is a label.  Words are split at C's white space; a word that begins with
``#`` ends the line; ``||``, ``&&`` and ``;`` end a command.  ``${`` begins a setting.
"""

import re
from typing import NamedTuple

_WHITE = " \t\n\v\f\r"
_ENDS = ("||", "&&", ";")


class Line(NamedTuple):
    """One line: its label, its commands as words, and what stands between them."""

    label: str
    commands: tuple[tuple[str, ...], ...]
    between: tuple[str, ...]


def read(script: str) -> list[Line]:
    """The lines of a script that do anything."""
    assert script[:6] == "#!ipxe"
    assert script[6] in _WHITE
    lines, waiting = [], ""
    for part in script.split("\n"):
        waiting += part.removesuffix("\r")
        if waiting.endswith("\\"):
            waiting = waiting[:-1]
            continue
        lines.append(_line(waiting))
        waiting = ""
    assert not waiting
    return [line for line in lines if line.label or any(line.commands)]


def _line(text: str) -> Line:
    words = [word for word in re.split(f"[{_WHITE}\0]+", text) if word]
    label = ""
    if words and words[0].startswith(":"):
        label = words.pop(0)[1:]
    commands: list[tuple[str, ...]] = []
    between: list[str] = []
    command: list[str] = []
    for word in words:
        if word.startswith("#"):
            break
        if word in _ENDS:
            commands.append(tuple(command))
            between.append(word)
            command = []
        else:
            command.append(word)
    return Line(label, (*commands, tuple(command)), tuple(between))


def settings(script: str) -> set[str]:
    """The settings that a script reads."""
    return set(re.findall(r"\$\{([^}]*)", script))


def plain(command: tuple[str, ...]) -> tuple[str, ...]:
    """The words that iPXE reads as options: those with a dash before the first without."""
    found = []
    for word in command[1:]:
        if not word.startswith("-"):
            break
        found.append(word)
    return tuple(found)
