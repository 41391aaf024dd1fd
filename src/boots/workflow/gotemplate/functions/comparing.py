"""Go's comparisons, and Sprig's choices between values."""

from collections.abc import Mapping
from typing import Any

from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.functions.calling import Native
from boots.workflow.gotemplate.values import is_true, kind, printed


def equal(first: Any, *others: Any) -> bool:
    """Whether the first is one of the others; kinds that cannot be compared are a mistake."""
    if not others:
        raise Refused("there is nothing to compare with", "give it two values")
    return any(_equal(first, each) for each in others)


def _equal(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is None and other is None
    if kind(one) != kind(other):
        raise Refused(
            f"{kind(one)} {printed(one)[:40]} and {kind(other)} {printed(other)[:40]} cannot be"
            " compared",
            "make them the same kind, with toString or int",
        )
    if isinstance(one, Mapping | list | tuple):
        raise Refused(f"two of {kind(one)} cannot be compared", "use deepEqual")
    return bool(one == other)


def _less(one: Any, other: Any) -> bool:
    for each in (one, other):
        if isinstance(each, bool | Mapping | list | tuple | None):
            raise Refused(f"{kind(each)} has no order", "compare numbers or texts")
    if kind(one) != kind(other):
        raise Refused(
            f"{kind(one)} and {kind(other)} cannot be compared",
            "make them the same kind, with int or toString",
        )
    if isinstance(one, str):
        return one.encode(errors="replace") < str(other).encode(errors="replace")
    return bool(one < other)


def same(one: Any, other: Any) -> bool:
    """Equal through and through, with kinds."""
    stack = [(one, other)]
    while stack:
        left, right = stack.pop()
        if kind(left) != kind(right):
            return False
        if isinstance(left, Mapping):
            if left.keys() != right.keys():
                return False
            stack += [(left[key], right[key]) for key in left]
        elif isinstance(left, list | tuple):
            if len(left) != len(right):
                return False
            stack += zip(left, right, strict=True)
        elif left != right:
            return False
    return True


def _not_equal(one: Any, other: Any) -> bool:
    return not _equal(one, other)


def _default(default: Any, *given: Any) -> Any:
    return given[0] if given and is_true(given[0]) else default


def _fail(message: str) -> Any:
    raise Refused(f"the template says: {message}")


def _required(message: str, value: Any) -> Any:
    if value is None or value == "":
        raise Refused(f"the template says: {message}")
    return value


_SPRIG_KINDS = {"list": "slice", "nil": "invalid"}


def sprig_kind(value: Any) -> str:
    """The kind as reflection calls it."""
    return _SPRIG_KINDS.get(kind(value), kind(value))


TABLE = (
    Native("and", "aa*", lambda *_: None, "the first that is empty or false, else the last"),
    Native("or", "aa*", lambda *_: None, "the first that is not empty or false, else the last"),
    Native("not", "a", lambda value: not is_true(value), "whether it is false, zero, nil or empty"),
    Native("eq", "aa*", equal, "whether the first is any of the others"),
    Native("ne", "aa", _not_equal, "whether they differ"),
    Native("lt", "aa", _less, "less than"),
    Native("le", "aa", lambda a, b: not _less(b, a), "not more than"),
    Native("gt", "aa", lambda a, b: _less(b, a), "more than"),
    Native("ge", "aa", lambda a, b: not _less(a, b), "not less than"),
    Native("default", "aa*", _default, "the second, or the first where that is empty"),
    Native("empty", "a", lambda value: not is_true(value), "as not"),
    Native(
        "coalesce",
        "a*",
        lambda *values: next(filter(is_true, values), None),
        "the first that is not empty",
    ),
    Native("all", "a*", lambda *values: all(map(is_true, values)), "whether none is empty"),
    Native("any", "a*", lambda *values: any(map(is_true, values)), "whether one is not empty"),
    Native(
        "ternary",
        "aab",
        lambda yes, no, which: yes if which else no,
        "the first if the last is true, else the second",
    ),
    Native("deepEqual", "aa", same, "whether both are the same through and through"),
    Native("kindOf", "a", sprig_kind, "string, bool, int, float64, slice, map or invalid"),
    Native(
        "kindIs", "sa", lambda word, value: sprig_kind(value) == word, "whether it is of the kind"
    ),
    Native("fail", "s", _fail, "ends the rendering with this mistake"),
    Native("required", "sa", _required, "the value; where it is empty, ends with this mistake"),
)
