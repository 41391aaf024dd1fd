"""A pattern's tree to a program of few kinds of steps."""

from dataclasses import dataclass

from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.regex.letters import Chars
from boots.workflow.gotemplate.regex.reading import (
    Alternatives,
    Anchor,
    Group,
    Item,
    Repeat,
    Sequence,
    read,
)

MOST = 2000
"""Steps of a program."""


@dataclass(slots=True)
class Step:
    """One step: take a letter, look around, note a place, or go on at one or two others.

    `ways` are tried in order: the first that leads to a match wins (leftmost-first, as in Go).
    """

    chars: Chars | None = None
    anchor: str = ""
    save: int = -1
    ways: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """What runs; the last step is the match.  Groups count from 1."""

    steps: list[Step]
    groups: int
    names: dict[str, int]


def compiled(pattern: str) -> Program:
    """A pattern, ready to be searched for.

    Raises:
        Refused: it is none, uses what Go's patterns do not have, or is too large.
    """
    item, groups, names = read(pattern)
    builder = _Builder()
    builder.item(item)
    builder.add(Step())
    return Program(builder.steps, groups, names)


class _Builder:
    """Each item's steps follow each other; what comes behind an item is the next step."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def add(self, step: Step) -> Step:
        if len(self.steps) >= MOST:
            raise Refused("the pattern is too large", "repeat less of it")
        self.steps.append(step)
        return step

    @property
    def _here(self) -> int:
        return len(self.steps)

    def item(self, item: Item) -> None:
        match item:
            case Chars():
                self.add(Step(chars=item))
            case Anchor(kind):
                self.add(Step(anchor=kind))
            case Sequence(items):
                for each in items:
                    self.item(each)
            case Group(inside, number):
                if number:
                    self.add(Step(save=2 * number))
                self.item(inside)
                if number:
                    self.add(Step(save=2 * number + 1))
            case Alternatives(items):
                self._either(items)
            case Repeat():
                self._repeat(item)

    def _either(self, items: tuple[Item, ...]) -> None:
        jumps = []
        for each in items[:-1]:
            fork = self.add(Step())
            first = self._here
            self.item(each)
            jumps.append(self.add(Step()))
            fork.ways = (first, self._here)
        self.item(items[-1])
        for jump in jumps:
            jump.ways = (self._here,)

    def _repeat(self, item: Repeat) -> None:
        """As Go's compiler builds it, which decides between matches of nothing."""
        if item.most is None:
            self._without_end(item)
            return
        for _ in range(item.least):
            self.item(item.inside)
        forks = []
        for _ in range(item.most - item.least):
            forks.append((self.add(Step()), self._here))
            self.item(item.inside)
        for fork, first in forks:
            fork.ways = _ways(first, self._here, item.greedy)

    def _without_end(self, item: Repeat) -> None:
        for _ in range(item.least - 1):
            self.item(item.inside)
        fork = None if item.least else self.add(Step())
        first = self._here
        self.item(item.inside)
        if fork is None or _is_nullable(item.inside):
            self.add(Step(ways=_ways(first, self._here + 1, item.greedy)))
        else:
            self.add(Step(ways=(first - 1,)))
        if fork is not None:
            fork.ways = _ways(first, self._here, item.greedy)


def _is_nullable(item: Item) -> bool:
    """Whether it can match nothing at all."""
    match item:
        case Chars():
            return False
        case Sequence(items):
            return all(map(_is_nullable, items))
        case Alternatives(items):
            return any(map(_is_nullable, items))
        case Group(inside, _):
            return _is_nullable(inside)
        case Repeat():
            return item.least == 0 or _is_nullable(item.inside)
    return True


def _ways(inside: int, behind: int, greedy: bool) -> tuple[int, int]:
    return (inside, behind) if greedy else (behind, inside)
