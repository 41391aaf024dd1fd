"""A program on a text: all ways at once, the leftmost first (Pike's machine)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from boots.workflow.gotemplate.regex.program import Program

Places = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """Where the pattern was found; `places` has start and end of each group, -1 for none."""

    places: Places

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.places[0]

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.places[1]

    def group(self, text: str, number: int) -> str:
        """What a group holds; nothing where it is not part of the match."""
        if 2 * number + 1 >= len(self.places):
            return ""
        start, end = self.places[2 * number : 2 * number + 2]
        return text[start:end] if start >= 0 else ""


@dataclass(slots=True)
class _Threads:
    """The ways that are followed at one place, best first, and the steps that led there."""

    places: dict[int, Places] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)


def search(
    program: Program, text: str, start: int = 0, spend: Callable[[int], None] | None = None
) -> Match | None:
    """The first match from a place on; `spend` is told of each letter what it cost."""
    nothing = (-1,) * (2 * program.groups + 2)
    last = len(program.steps) - 1
    found: Places | None = None
    threads = _Threads()
    for at in range(start, len(text) + 1):
        if found is None:
            _follow(program, threads, (0, (at, *nothing[1:])), text, at)
        if not threads.places:
            if found is not None:
                break
            threads = _Threads()
            continue
        if spend is not None:
            spend(1 + len(threads.seen))
        letter = text[at] if at < len(text) else ""
        following = _Threads()
        for step, places in threads.places.items():
            if step == last:
                found = (places[0], at, *places[2:])
                break  # what comes behind it is worse
            chars = program.steps[step].chars
            if letter and chars is not None and chars.takes(letter):
                _follow(program, following, (step + 1, places), text, at + 1)
        threads = following
    return None if found is None else Match(found)


def _follow(
    program: Program, threads: _Threads, start: tuple[int, Places], text: str, at: int
) -> None:
    """Add a thread: the steps that take a letter (or match) and can be reached without one.

    A step that a better thread reached is not gone to again.
    """
    stack = [start]
    while stack:
        number, here = stack.pop()
        if number in threads.seen:
            continue
        threads.seen.add(number)
        each = program.steps[number]
        if each.chars is not None or number == len(program.steps) - 1:
            threads.places[number] = here
        elif each.anchor:
            if _holds(each.anchor, text, at):
                stack.append((number + 1, here))
        elif each.save >= 0:
            noted = (*here[: each.save], at, *here[each.save + 1 :])
            stack.append((number + 1, noted))
        else:
            stack += [(way, here) for way in reversed(each.ways)]


def _holds(anchor: str, text: str, at: int) -> bool:
    match anchor:
        case "A":
            return at == 0
        case "z":
            return at == len(text)
        case "^":
            return at == 0 or text[at - 1] == "\n"
        case "$":
            return at == len(text) or text[at] == "\n"
    edge = _is_word(text, at - 1) != _is_word(text, at)
    return edge == (anchor == "b")


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and ((text[at].isascii() and text[at].isalnum()) or text[at] == "_")
