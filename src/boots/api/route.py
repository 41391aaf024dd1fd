"""One row of what the API can be asked."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from boots.api.asked import Asked, Handler
from boots.api.desk import Desk
from boots.api.reading import Param
from boots.api.streams import Feed, Outbox
from boots.client.words import Role

MIB = 1 << 20


class Tag(enum.Enum):
    """What an answer's ETag is made of."""

    NONE = "none"
    CONTENT = "content"
    REVISION = "revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One thing that can be asked.

    `name` is that of the client's method, and the ``operationId``.  It `takes` a body of that
    kind, of `largest` bytes at most; `spare` says that there need be none.  It `gives` that kind,
    or what is of that media type, or None: nothing.  `role` is None where nobody need be known.
    `feed` is there in place of `handler` for what streams; `gives` is then what each event has.
    With `once` an ``Idempotency-Key`` is heeded, with `matched` ``If-Match``.
    """

    method: str
    path: str
    name: str
    role: Role | None
    summary: str
    handler: Handler | None = None
    feed: Callable[[Desk, Asked], tuple[Feed, Outbox]] | None = None
    takes: type[msgspec.Struct] | None = None
    spare: bool = False
    largest: int = MIB
    gives: type[msgspec.Struct] | str | None = None
    status: int = 200
    query: tuple[Param, ...] = ()
    tag: Tag = Tag.NONE
    once: bool = False
    matched: bool = False
    refuses: tuple[int, ...] = ()


def limit_of(usual: int) -> Param:
    """How many rows a page has."""
    return Param("limit", usual, "how many rows a page has", least=1, most=1000)


AFTER = Param("after", "", "go on after this row: `next` of the page before")
KEY = Param("key", "", "only those of this machine or MAC")
