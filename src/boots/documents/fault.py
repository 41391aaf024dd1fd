"""What is wrong with a document, said so that a person can mend it."""

import difflib
from collections.abc import Iterable, Sequence

import msgspec

from boots.model.plain import plain


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake: where it is (file, line and column from 1, field), what is wrong, what to write.

    A line or column of 0 is not known.
    """

    file: str
    line: int
    field: str
    problem: str
    advice: str
    column: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        place += f":{self.column}" if self.line and self.column else ""
        field = f" {self.field}:" if self.field else ""
        return plain(f"{place}:{field} {self.problem}; {self.advice}")


class Wrong(Exception):
    """A value is wrong: raised by readers, turned into a `Fault` by who knows the file.

    `path` leads from the top of the document to the value: keys and list positions.  `line` is
    for mistakes that leave no document to look the path up in.
    """

    def __init__(
        self, path: tuple[str | int, ...], problem: str, advice: str, line: int = 0
    ) -> None:
        super().__init__(problem)
        self.path = path
        self.problem = problem
        self.advice = advice
        self.line = line


class Faulty(Exception):
    """What was read holds mistakes; `faults` says which."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} mistakes")
        self.faults = list(faults)


def told(wrong: Wrong, file: str, line: int) -> Fault:
    """A mistake as a person should read it."""
    return Fault(
        file=file,
        line=line,
        field=field_name(wrong.path),
        problem=wrong.problem,
        advice=wrong.advice,
    )


def unreadable(file: str, why: str, advice: str, line: int = 0) -> Fault:
    """What is told of a file of which nothing can be read."""
    problem = f"cannot be read: {why}"
    return Fault(file=file, line=line, field="", problem=problem, advice=advice)


def field_name(path: Iterable[str | int]) -> str:
    """``spec.interfaces[0].dhcp.mac`` for people."""
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}"
    return name.removeprefix(".")


def nearest(word: str, known: Iterable[str]) -> str:
    """``did you mean "x"?`` when one of the known words is close, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else ""


def named(path: object) -> str:
    """A file as people are told of it; bytes of its name that are no UTF-8 are spelt out."""
    return str(path).encode(errors="surrogateescape").decode(errors="backslashreplace")
