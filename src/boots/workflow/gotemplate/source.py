"""The text of a template, and where in it something stands."""

from bisect import bisect_right

from boots.workflow.gotemplate.errors import Broken


class Source:
    """A template's text with its name for people."""

    __slots__ = ("_starts", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._starts = [0]
        self._starts += [at + 1 for at, letter in enumerate(text) if letter == "\n"]

    def place(self, at: int) -> tuple[int, int]:
        """Line and column, both from 1, of a position."""
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1

    def broken(self, at: int, problem: str, advice: str = "") -> Broken:
        """The error to raise about a position."""
        line, column = self.place(at)
        return Broken(problem, advice, name=self.name, line=line, column=column)
