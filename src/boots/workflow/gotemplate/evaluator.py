"""A tree and its data to text (Go's text/template/exec.go says what each node does)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

from boots.documents.fault import nearest
from boots.workflow.gotemplate.budget import DEEPEST, Budget
from boots.workflow.gotemplate.errors import Broken, Refused
from boots.workflow.gotemplate.functions import TABLE
from boots.workflow.gotemplate.functions.calling import Native
from boots.workflow.gotemplate.nodes import (
    Chain,
    Command,
    Dot,
    Field,
    Function,
    If,
    Include,
    Jump,
    Literal,
    Operand,
    Part,
    Pipe,
    Print,
    Range,
    Text,
    Tree,
    Variable,
    With,
)
from boots.workflow.gotemplate.values import is_true, kind, printed, weigh

_NOTHING = object()  # no value came through the pipe


@dataclass(frozen=True, slots=True)
class Rendered:
    """The text, and which line of the template each of its lines began in."""

    text: str
    lines: tuple[int, ...]

    def line(self, line: int) -> int:
        """The template's line (from 1) that a line of the text (from 1) came of."""
        return self.lines[min(line, len(self.lines)) - 1] if self.lines else line


class _Broke(Exception):
    """``break``."""


class _Continued(Exception):
    """``continue``."""


def render(
    tree: Tree,
    data: Mapping[str, Any],
    budget: Budget | None = None,
    own: Mapping[str, Native] = MappingProxyType({}),
) -> Rendered:
    """The text that a template makes of its data, which only ``set`` and its like change.

    `own` are functions that know more than those of the table by the same names.

    Raises:
        Broken: a value that is missing or of the wrong kind, or more than the budget allows.
    """
    evaluation = _Evaluation(tree, budget or Budget(), data, own)
    evaluation.parts(tree.parts, data)
    return evaluation.rendered()


class _Evaluation:
    def __init__(self, tree: Tree, budget: Budget, data: Any, own: Mapping[str, Native]) -> None:
        self._tree = tree
        self._source = tree.source
        self._budget = budget
        self._functions = {**TABLE, **own}
        self._variables: list[tuple[str, Any]] = [("$", data)]
        self._depth = 0
        self._pieces: list[tuple[int, str]] = []

    def rendered(self) -> Rendered:
        """All that was written."""
        text = "".join(piece for _, piece in self._pieces)
        lines = [self._source.place(self._pieces[0][0])[0]] if self._pieces else []
        for at, piece in self._pieces:
            first = self._source.place(at)[0]
            within = self._source.text.startswith(piece, at)
            newlines = piece.count("\n")
            lines += range(first + 1, first + 1 + newlines) if within else [first] * newlines
        return Rendered(text, tuple(lines))

    # --- what gives text

    def parts(self, parts: Sequence[Part], dot: Any) -> None:
        """Write these, one after the other."""
        scope = len(self._variables)
        for part in parts:
            try:
                self._budget.spend()
                self._part(part, dot)
            except Refused as refused:
                raise self._source.broken(part.at, refused.problem, refused.advice) from None
        del self._variables[scope:]

    def _part(self, part: Part, dot: Any) -> None:
        match part:
            case Text(at, text):
                self._write(at, text)
            case Print(at, pipe):
                value = self._pipe(pipe, dot)
                if not pipe.variables:
                    self._write(at, "<no value>" if value is None else self._printed(value))
            case If() | With():
                self._branch(part, dot)
            case Range():
                self._range(part, dot)
            case Include():
                self._include(part, dot)
            case Jump(_, out):
                raise _Broke if out else _Continued

    def _write(self, at: int, text: str) -> None:
        self._budget.write(len(text))
        self._pieces.append((at, text))

    def _printed(self, value: Any) -> str:
        self._budget.spend(weigh(value))
        return printed(value)

    def _branch(self, part: If | With, dot: Any) -> None:
        scope = len(self._variables)
        value = self._pipe(part.pipe, dot)
        if is_true(value):
            self.parts(part.then, value if isinstance(part, With) else dot)
        else:
            self.parts(part.otherwise, dot)
        del self._variables[scope:]

    def _range(self, part: Range, dot: Any) -> None:
        scope = len(self._variables)
        value = self._pipe(part.pipe, dot, ranging=True)
        empty = True
        for key, entry in _entries(value):
            empty = False
            try:
                self._budget.spend()
                self._entry(part, key, entry)
            except _Continued:
                continue
            except _Broke:
                break
            finally:
                del self._variables[scope:]
        if empty:
            self.parts(part.otherwise, dot)
        del self._variables[scope:]

    def _entry(self, part: Range, key: Any, entry: Any) -> None:
        names = part.pipe.variables
        values = (entry,) if len(names) == 1 else (key, entry)
        for name, value in zip(names, values, strict=False):
            if part.pipe.declares:
                self._variables.append((name, value))
            else:
                self._set(name, value)
        self.parts(part.body, entry)

    def _include(self, part: Include, dot: Any) -> None:
        value = None if part.pipe is None else self._pipe(part.pipe, dot)
        self._depth += 1
        if self._depth > DEEPEST:
            raise Refused(f'template "{part.name}" includes itself without end', "let it end")
        variables, self._variables = self._variables, [("$", value)]
        self.parts(self._tree.defined.get(part.name, self._tree.parts), value)
        self._variables = variables
        self._depth -= 1

    # --- what gives a value

    def _pipe(self, pipe: Pipe, dot: Any, *, ranging: bool = False) -> Any:
        value: Any = _NOTHING
        for command in pipe.commands:
            value = self._command(command, dot, value)
        if not ranging:
            for name in pipe.variables:
                if pipe.declares:
                    self._variables.append((name, value))
                else:
                    self._set(name, value)
        return value

    def _set(self, name: str, value: Any) -> None:
        for at in range(len(self._variables) - 1, -1, -1):
            if self._variables[at][0] == name:
                self._variables[at] = (name, value)
                return

    def _get(self, name: str) -> Any:
        return next(value for each, value in reversed(self._variables) if each == name)

    def _command(self, command: Command, dot: Any, final: Any) -> Any:
        first, *rest = command.words
        if isinstance(first, Function):
            return self._call(first, rest, dot, final)
        if rest or final is not _NOTHING:
            problem = "only a function takes arguments, and this is none"
            raise self._source.broken(first.at, problem, "put its name first, or quotes around it")
        if isinstance(first, Literal) and first.value is None:
            raise self._source.broken(first.at, "nil alone has no value", "write a value")
        return self._operand(first, dot)

    def _operand(self, node: Operand, dot: Any) -> Any:
        self._budget.spend()
        match node:
            case Literal(_, value):
                return value
            case Dot():
                return dot
            case Field(at, names):
                return self._fields(at, dot, names)
            case Variable(at, name, names):
                return self._fields(at, self._get(name), names)
            case Chain(at, operand, names):
                return self._fields(at, self._operand(operand, dot), names)
            case Pipe():
                return self._pipe(node, dot)
            case Function():
                return self._call(node, [], dot, _NOTHING)

    def _fields(self, at: int, value: Any, names: Iterable[str]) -> Any:
        way = ""
        for name in names:
            if isinstance(value, Mapping):
                if name not in value:
                    raise self._missing(at, way, name, value)
                value = value[name]
            else:
                what = f"{way or 'the dot'} is {kind(value)}"
                advice = "ask for it with {{ if … }} first" if value is None else ""
                problem = f".{name} cannot be had: {what}, which has no fields"
                raise self._source.broken(at, problem, advice)
            way += f".{name}"
        return value

    def _missing(self, at: int, way: str, name: str, value: Mapping[str, Any]) -> Broken:
        known = list(islice(value, 200))
        advice = nearest(name, known) or (
            f"there are {', '.join(sorted(known)[:12])}" if known else "nothing is there at all"
        )
        return self._source.broken(at, f"{way}.{name} is not there", advice)

    def _call(self, node: Function, rest: Sequence[Operand], dot: Any, final: Any) -> Any:
        if node.name in {"and", "or"}:
            return self._either(node, rest, dot, final)
        values = [self._operand(each, dot) for each in rest]
        if final is not _NOTHING:
            values.append(final)
        try:
            self._budget.spend(sum(map(weigh, values)))
            value = self._functions[node.name].call(values, self._budget.spend)
            self._budget.spend(weigh(value))
        except Refused as refused:
            problem = f"{node.name}: {refused.problem}"
            raise self._source.broken(node.at, problem, refused.advice) from None
        return value

    def _either(self, node: Function, rest: Sequence[Operand], dot: Any, final: Any) -> Any:
        """``and`` and ``or``, which look at no more than they need."""
        value: Any = _NOTHING
        for each in rest:
            value = self._operand(each, dot)
            if is_true(value) == (node.name == "or"):
                return value
        if final is not _NOTHING:
            value = final
        if value is _NOTHING:
            raise self._source.broken(node.at, f"{node.name} needs an argument")
        return value


def _entries(value: Any) -> Iterable[tuple[Any, Any]]:
    """What a range goes over: position and entry, or key and value in the order of keys."""
    match value:
        case bool():
            pass
        case int():
            return ((number, number) for number in range(value))
        case None:
            return ()
        case list() | tuple():
            return enumerate(value)
        case Mapping():
            return ((key, value[key]) for key in sorted(value))
    raise Refused(f"a range cannot go over {kind(value)}", "give it a list, a dict or a number")
