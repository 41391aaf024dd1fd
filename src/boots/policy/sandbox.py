"""The sandbox of templates: no file, nothing of Python's own, and an end to time and memory.

Jinja2's own sandbox keeps templates from what lies behind Python's names, not from a power of a
power or a loop of loops: a server that renders one answers nobody meanwhile.  So every round of a
loop and every call is counted, what filters and comparisons go over is weighed, and nothing is made
whose size cannot be told beforehand.
"""

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from boots.policy.weighing import TooHeavy, weigh_all

LARGEST = 1 << 20
"""Bytes a template may make."""
_MOST_ROUNDS = 10_000  # of one loop
_MOST_STEPS = 100_000  # rounds of all loops in one rendering
_CALL = 10  # rounds that take as long as a call
_LONGEST_REPEAT = 1 << 16  # of "x" * n
_MOST_BITS = 4096  # of a number
_MOST_DIGITS = 20  # that a number is rounded to

# No template can name these.
_BUDGET, _ROUNDS, _JOINED, _WEIGHED = " budget", " rounds", " joined", " weighed"
# Slow or large by a few words, or another result each time.
_NO_FILTERS = ("batch", "center", "random", "slice", "wordwrap")
_NO_METHODS = frozenset(
    ("decode", "encode", "expandtabs", "format_map", "from_bytes", "to_bytes", "translate")
)
_WIDE = re.compile(r"\d{5}|\*|\{[^{}]*\{")  # in a format: a width that is large, or a value


class Budget:
    """What one rendering may still do."""

    def __init__(self) -> None:
        self._steps = _MOST_STEPS
        self._characters = 4 * LARGEST  # a text may go through a macro, or a block that is set

    def step(self, count: int = 1) -> None:
        """One round of a loop, or what takes as long as so many."""
        self._steps -= count
        if self._steps < 0:
            raise SecurityError("too many rounds of loops, and calls")

    def take(self, *values: Any) -> None:
        """Go over these."""
        try:
            self.step(weigh_all(values))
        except TooHeavy as error:
            raise SecurityError(str(error)) from None

    def write(self, count: int) -> None:
        """So many characters more."""
        self._characters -= count
        if self._characters < 0:
            raise SecurityError(f"it makes more than {LARGEST} characters")


def with_budget(variables: dict[str, Any]) -> dict[str, Any]:
    """The variables of one rendering, which may do so much and no more."""
    return {**variables, _BUDGET: Budget()}


class _Counting(NodeTransformer):
    """Has the rounds of loops counted, values weighed, and texts joined within bounds."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  # Jinja's name for it
        self.generic_visit(node)
        node.iter = _filtered(node.iter, _ROUNDS)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), _JOINED)

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, _WEIGHED)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, _WEIGHED)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, _WEIGHED) if node.ctx == "load" else node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _filtered(node.node, _WEIGHED)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.expr = _filtered(node.expr, _WEIGHED)
        for each in node.ops:
            each.expr = _filtered(each.expr, _WEIGHED)
        return node


class _Names(Namespace):
    """What ``namespace()`` gives; to write it says nothing of what it holds."""

    def __repr__(self) -> str:
        return "<namespace>"


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


class _Generator(CodeGenerator):
    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802
        counting: nodes.Template = _Counting().visit(node)
        counting.set_environment(self.environment)
        super().visit_Template(counting, frame)


class Sandbox(ImmutableSandboxedEnvironment):
    """Without what grows beyond bounds."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, finalize: Callable[[Any], Any]) -> None:
        @pass_context
        def written(context: Context, value: Any) -> str:
            budget = _budget(context)
            if not isinstance(value, str):
                budget.take(value)
            text = str(finalize(value))
            budget.write(len(text))
            return text

        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,  # neither kind of template is HTML
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=written,
        )
        self.globals = {"range": _range, "dict": dict, "namespace": _Names}
        for name in _NO_FILTERS:
            del self.filters[name]
        bounded = {name: _bounded(self.filters[name], test) for name, test in _TESTS.items()}
        self.filters.update(bounded)
        self.weigh(self.filters)
        self.weigh(self.tests)
        self.filters.update({_ROUNDS: _rounds, _JOINED: _joined, _WEIGHED: _weighed})

    @staticmethod
    def weigh(filters: MutableMapping[str, Any]) -> None:
        """Have what these filters or tests go over counted."""
        filters.update({name: _counted(made) for name, made in filters.items()})

    def call(
        __self,  # noqa: N805  # the arguments of a template may have any other name
        __context: Context,  # noqa: PYI063
        __obj: Any,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Call something, if that is neither one too many nor too dear."""
        _budget(__context).step(_CALL)
        owner, name = getattr(__obj, "__self__", None), getattr(__obj, "__name__", "")
        if isinstance(owner, str | bytes | int | float):
            _try_method(owner, name, [*args, *kwargs.values()])
        _budget(__context).take(owner, *args, *kwargs.values())
        return _taken(_budget(__context), super().call(__context, __obj, *args, **kwargs))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """What ``"{}".format(…)`` is in place of Python's own."""
        made: Callable[..., str] | None = super().wrap_str_format(value)
        if made is not None:
            _try_format(str(value.__self__))
        return made

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate with numbers, join and repeat texts within bounds; there are no powers."""
        if operator == "**":
            raise SecurityError("there is no ** in these templates")
        if operator == "%" and not isinstance(left, int):
            raise SecurityError("write format(…) or ~, there is no % for text in these templates")
        sizes = [
            len(each) for each in (left, right) if isinstance(each, str | bytes | list | tuple)
        ]
        counts = [each for each in (left, right) if isinstance(each, int)]
        if operator == "*" and sizes and counts and sizes[0] * counts[0] > _LONGEST_REPEAT:
            raise SecurityError("a text is repeated too often")
        if sum(each.bit_length() for each in counts) > _MOST_BITS:
            raise SecurityError("a number is too large")
        _try_size(sum(sizes))
        _budget(context).take(left, right)
        return super().call_binop(context, operator, left, right)


def _budget(context: Context) -> Budget:
    found = context.resolve(_BUDGET)
    if not isinstance(found, Budget):
        raise SecurityError("it is not rendered with a budget")
    return found


def _range(*bounds: int) -> range:
    made = range(*bounds)
    if len(made) > _MOST_ROUNDS:
        raise SecurityError(f"a range of more than {_MOST_ROUNDS}")
    return made


def _taken(budget: Budget, made: Any) -> Any:
    """What was made, weighed; what gives its entries one by one is counted as it does."""
    if isinstance(made, Iterator):
        return _each(budget, made)
    budget.take(made)
    return made


def _each(budget: Budget, values: Iterator[Any]) -> Iterator[Any]:
    for each in values:
        budget.step()
        yield each


@pass_context
def _weighed(context: Context, value: Any) -> Any:
    _budget(context).take(value)
    return value


def _counted(made: Callable[..., Any]) -> Callable[..., Any]:
    """A filter whose arguments and result are weighed."""
    passed = getattr(made, "jinja_pass_arg", None)

    @pass_context
    def counting(context: Context, *args: Any, **named: Any) -> Any:
        budget = _budget(context)
        budget.take(*args, *named.values())
        first: tuple[Any, ...] = ()
        if passed is not None:
            wanted = {"context": context, "eval_context": context.eval_ctx}
            first = (wanted.get(passed.name, context.environment),)
        return _taken(budget, made(*first, *args, **named))

    return counting


@pass_context
def _rounds(context: Context, value: Iterable[Any]) -> Iterator[Any]:
    budget = _budget(context)
    for each in value:
        budget.step()
        yield each


@pass_context
def _joined(context: Context, values: list[Any]) -> str:
    _budget(context).take(*values)
    parts = [str(value) for value in values]
    _try_size(sum(map(len, parts)))
    return "".join(parts)


# --- what would become too large


def _try_size(size: int) -> None:
    if size > LARGEST:
        raise SecurityError(f"a text of more than {LARGEST} characters")


def _try_numbers(values: Iterable[Any], most: int = _LONGEST_REPEAT) -> None:
    if any(isinstance(each, int) and abs(each) > most for each in values):
        raise SecurityError(f"a number beyond {most} cannot stand there")


def _try_format(text: str) -> None:
    if _WIDE.search(text):
        raise SecurityError("a format cannot have a width like that")


def _try_method(owner: Any, name: str, args: list[Any]) -> None:
    if name in _NO_METHODS:
        raise SecurityError(f"there is no {name}() in these templates")
    _try_numbers(args)
    if name == "replace":
        _try_replace(owner, *args)
    if name == "join" and args:
        _try_join(args[0], owner)


def _try_replace(text: Any, old: Any = "", new: Any = "", *_: Any) -> None:
    text = text if isinstance(text, bytes) else str(text)
    _try_size(len(text) + text.count(old) * len(new))


def _try_join(values: Any, between: Any = "", *_: Any) -> None:
    if isinstance(values, str | bytes | list | tuple):
        _try_size(sum(len(str(each)) + len(between) for each in values))
    elif between:
        raise SecurityError("make a list of it before it is joined")


def _try_indent(text: Any, width: Any = 4, *_: Any) -> None:
    size = len(width) if isinstance(width, str) else width
    _try_size(str(text).count("\n") * size + size)


_TESTS: dict[str, Callable[..., None]] = {
    "format": lambda text, *_: _try_format(str(text)),
    "indent": _try_indent,
    "join": _try_join,
    "replace": _try_replace,
    "round": lambda _, *args: _try_numbers(args, _MOST_DIGITS),
}


def _bounded(made: Callable[..., Any], test: Callable[..., None]) -> Callable[..., Any]:
    """A filter of Jinja's that is tried with its arguments before it is used."""
    hidden = getattr(made, "jinja_pass_arg", None) is not None

    def tried(*args: Any, **named: Any) -> Any:
        test(*args[1 if hidden else 0 :], *named.values())
        return made(*args, **named)

    if hidden:
        tried.jinja_pass_arg = made.jinja_pass_arg  # type: ignore[attr-defined]
    return tried
