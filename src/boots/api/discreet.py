"""That the store does not answer is everybody's to know; why is not: it names files and servers."""

from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar

from boots.api.desk import Away

ANSWERS = "answers"
"""What health says of a store with which nothing is wrong."""

Kind = TypeVar("Kind")


def discreetly(kind: type[Kind]) -> type[Kind]:
    """A class whose methods say that the store does not answer, but not why."""
    for name, ask in vars(kind).copy().items():
        if iscoroutinefunction(ask):
            setattr(kind, name, _discreet(ask))
    return kind


def _discreet(ask: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    @wraps(ask)
    async def asked(*args: Any, **named: Any) -> Any:
        try:
            return await ask(*args, **named)
        except Away:
            raise Away from None

    return asked


def store(said: str) -> str:
    """What health says of the store: which it is, and whether it answers."""
    engine, _, how = said.partition(": ")
    return f"{engine}: {how if how == ANSWERS else 'does not answer'}" if how else engine
