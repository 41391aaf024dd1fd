"""What agents ask needs the store: while it is away they are to ask again."""

from collections.abc import Awaitable
from typing import TypeVar

from boots.app.runs.keeper import NoRun
from boots.serve.agent_words import Denied
from boots.store.engine import StoreAway

T = TypeVar("T")


async def stored(asked: Awaitable[T]) -> T:
    """What was asked of the store.

    Raises:
        Denied: it does not answer, or has no such run.
    """
    try:
        return await asked
    except StoreAway as away:
        raise Denied(503, f"the store does not answer: {away}") from away
    except NoRun:
        raise Denied(401, "there is no such run") from None
