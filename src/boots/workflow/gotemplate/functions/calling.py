"""How functions are called: who takes which arguments, and what is said if they do not fit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.values import MOST_TEXT, kind

_KINDS = {"s": "string", "i": "int", "b": "bool", "l": "list", "m": "map"}


@dataclass(frozen=True, slots=True)
class Native:
    """A function of templates.

    `takes` has a letter for each argument: ``s`` text, ``i`` whole number, ``b`` boolean, ``l``
    list, ``m`` mapping, ``a`` anything.  ``?`` behind it: it may be left out; ``*``: any number
    of them.  `cost` is what a call costs besides the weight of what goes in and out; who `pays`
    is given first what takes the costs as they come.
    """

    name: str
    takes: str
    does: Callable[..., Any]
    meaning: str
    cost: Callable[..., int] | None = None
    pays: bool = False

    def call(self, values: Sequence[Any], spend: Callable[[int], None]) -> Any:
        """What it gives for these; `spend` is told what that costs.

        Raises:
            Refused: they are too many, too few or of the wrong kind, or it cannot be done.
        """
        letters = self.takes.replace("?", "").replace("*", "")
        repeats, optional = self.takes.endswith("*"), self.takes.count("?")
        least = len(letters) - optional - repeats
        if len(values) < least or (len(values) > len(letters) and not repeats):
            raise Refused(f"{_arguments(len(values))}, and it takes {self.signature}")
        for position, value in enumerate(values):
            letter = letters[min(position, len(letters) - 1)]
            if not _fits(letter, value):
                problem = (
                    f"argument {position + 1} is {kind(value)}, and {_KINDS[letter]} is wanted"
                )
                raise Refused(problem, f"it takes {self.signature}")
        if self.cost is not None:
            spend(self.cost(*values))
        return self.does(spend, *values) if self.pays else self.does(*values)

    @property
    def signature(self) -> str:
        """What it takes, for people."""
        words = {**_KINDS, "a": "value"}
        told = []
        for at, letter in enumerate(self.takes):
            if letter in words:
                following = self.takes[at + 1 : at + 2]
                told.append(
                    f"{words[letter]}…"
                    if following == "*"
                    else f"[{words[letter]}]"
                    if following == "?"
                    else words[letter]
                )
        return " ".join(told) or "nothing"


def _arguments(number: int) -> str:
    return "1 argument is given" if number == 1 else f"{number} arguments are given"


def _fits(letter: str, value: Any) -> bool:
    match letter:
        case "s":
            return isinstance(value, str)
        case "i":
            return isinstance(value, int) and not isinstance(value, bool)
        case "b":
            return isinstance(value, bool)
        case "l":
            return isinstance(value, list | tuple)
        case "m":
            return isinstance(value, Mapping)
    return True


def bounded(letters: int) -> None:
    """See that a text to be made is not too long.

    Raises:
        Refused: it is.
    """
    if letters > MOST_TEXT:
        raise Refused("the text would be longer than 1 MiB", "make it smaller")


def letters(*values: Any) -> int:
    """How many letters the texts among these have: the cost of going over them one by one."""
    return sum(len(each) for each in values if isinstance(each, str))
