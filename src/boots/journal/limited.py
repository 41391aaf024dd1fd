"""What is beyond a limit: counted, and told once a second at most, however much it is."""

import asyncio
from collections.abc import Callable
from contextvars import Context

from boots.journal import events
from boots.journal.events import AnyEvent
from boots.model.limits import Limit

_EVERY = 1.0  # seconds between two events of a limit

Record = Callable[[AnyEvent], None]
"""Tells the journal."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls something after so many seconds, as ``loop.call_later``."""


def on_the_loop(seconds: float, call: Callable[[], None]) -> object:
    """`Later` of the loop that runs; what is told then is nobody's deed."""
    return asyncio.get_running_loop().call_later(seconds, call, context=Context())


class Limited:
    """Tells what was beyond the limits of one door.

    The first is told at once, with who it was; of those in the second after it only the number.
    """

    def __init__(self, record: Record, later: Later = on_the_loop) -> None:
        self._record = record
        self._later = later
        self._more: dict[Limit, int] = {}

    def reached(self, limit: Limit, *, peer: str = "", mac: str = "") -> None:
        """One more was beyond a limit."""
        more = self._more.get(limit)
        if more is not None:
            self._more[limit] = more + 1
            return
        self._more[limit] = 0
        self._tell(limit, 1, peer, mac)
        self._later(_EVERY, lambda: self._again(limit))

    def _again(self, limit: Limit) -> None:
        """Tell how many there were since, and go on for as long as there are."""
        more = self._more.pop(limit)
        if more:
            self._more[limit] = 0
            self._tell(limit, more, "", "")
            self._later(_EVERY, lambda: self._again(limit))

    def _tell(self, limit: Limit, count: int, peer: str, mac: str) -> None:
        a_second = " at once" if limit.burst else ""
        why = f"more than {limit.burst or limit.most} {limit.what}{a_second}: {limit.then}"
        self._record(
            events.LimitReached(
                door=limit.door, limit=limit.name, count=count, peer=peer, mac=mac, why=why
            )
        )
