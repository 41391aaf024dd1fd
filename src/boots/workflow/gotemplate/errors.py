"""What is wrong with a template, and where."""


class Refused(Exception):
    """A function or an operation that cannot be done with what it was given.

    Raised where the place is not known; whoever knows it makes a `Broken` of it.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.advice = advice


class Broken(Exception):
    """A template that cannot be read or rendered; line and column count from 1."""

    def __init__(
        self, problem: str, advice: str = "", *, name: str, line: int, column: int
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.advice = advice
        self.name = name
        self.line = line
        self.column = column

    def __str__(self) -> str:
        told = f"{self.name}:{self.line}:{self.column}: {self.problem}"
        return f"{told}; {self.advice}" if self.advice else told
