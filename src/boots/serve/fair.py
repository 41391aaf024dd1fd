"""Whose datagrams are taken up: machines that are known before strangers, and no one without end.

Each machine has so many a second to itself; all strangers share what is theirs.  It is asked for
every datagram, before anything of it is read, so what nearly always comes costs two look-ups.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from boots.journal.limited import Later, Limited, on_the_loop
from boots.model.budget import Budget
from boots.model.limits import Limit

_SECOND = 1.0

K = TypeVar("K", bound=Hashable)


class Fair(Generic[K]):
    """Admits datagrams by who sent them.

    `is_known` says whether that is a machine of ours; `strangers` is what all others share.
    """

    def __init__(
        self,
        limited: Limited,
        of_one: Limit,
        strangers: Limit,
        is_known: Callable[[K], bool],
        clock: Callable[[], float],
        *,
        later: Later = on_the_loop,
    ) -> None:
        self._limited = limited
        self._of_one = of_one
        self._most = of_one.most
        self._strangers = strangers
        self._budget = Budget(strangers.most, strangers.burst or strangers.most)
        self._is_known = is_known
        self._clock = clock
        self._later = later
        self._counts: dict[K, int] = {}

    def admits(self, who: K) -> bool:
        """Whether one more of them is taken up."""
        counts = self._counts
        count = counts.get(who)
        if count is None:
            return self._first(who)
        if count >= self._most:
            self._limited.reached(self._of_one, **_named(who))
            return False
        counts[who] = count + 1
        return True

    def _first(self, who: K) -> bool:
        """The first of a machine in this second, or one of a stranger: those are not counted."""
        if self._is_known(who):
            if not self._counts:
                self._later(_SECOND, self._counts.clear)
            self._counts[who] = 1
            return True
        if self._budget.spend(self._clock()):
            return True
        self._limited.reached(self._strangers, **_named(who))
        return False


def _named(who: object) -> dict[str, str]:
    return {"mac": who.hex(":")} if isinstance(who, bytes) else {"peer": str(who)}
