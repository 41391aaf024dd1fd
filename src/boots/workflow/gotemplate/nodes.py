"""What a template is made of, once it is read.  `at` is the position in its text."""

from dataclasses import dataclass

from boots.workflow.gotemplate.source import Source


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that stands somewhere."""

    at: int


# --- what gives a value


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A text, number, character, boolean or nil that was written out."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Dot(Node):
    """What the template is about at this place."""


@dataclass(frozen=True, slots=True)
class Field(Node):
    """``.a.b`` of the dot."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """``$x`` and what is taken out of it; the name has its dollar."""

    name: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function(Node):
    """A function by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Fields of what an operand gives: ``(index .a 0).b``."""

    operand: "Operand"
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command(Node):
    """An operand, or a function with its arguments."""

    words: tuple["Operand", ...]


@dataclass(frozen=True, slots=True)
class Pipe(Node):
    """Commands, each given what the one before it made; and who gets the end of it.

    `declares` says whether the variables are new (``:=``) or set (``=``).
    """

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    declares: bool = True


Operand = Literal | Dot | Field | Variable | Function | Chain | Pipe


# --- what gives text


@dataclass(frozen=True, slots=True)
class Text(Node):
    """What stands outside of the braces."""

    text: str


@dataclass(frozen=True, slots=True)
class Print(Node):
    """A pipeline whose value is written, unless it only sets a variable."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if``; ``else if`` is another one within `otherwise`."""

    pipe: Pipe
    then: tuple["Part", ...]
    otherwise: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class With(Node):
    """``with``: like ``if``, and the dot is the value."""

    pipe: Pipe
    then: tuple["Part", ...]
    otherwise: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Range(Node):
    """``range``: the body for each entry, `otherwise` if there is none."""

    pipe: Pipe
    body: tuple["Part", ...]
    otherwise: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Jump(Node):
    """``break`` (`out`) or ``continue`` within a range."""

    out: bool


@dataclass(frozen=True, slots=True)
class Include(Node):
    """``template`` or ``block``: another template's text, about what the pipeline gives."""

    name: str
    pipe: Pipe | None


Part = Text | Print | If | With | Range | Jump | Include


@dataclass(frozen=True, slots=True)
class Tree:
    """A template and those that it defines, by name."""

    source: Source
    parts: tuple[Part, ...]
    defined: dict[str, tuple[Part, ...]]
