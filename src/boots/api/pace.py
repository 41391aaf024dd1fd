"""How fast one token that is good, or one address, may ask: a bucket each, that fills again."""

from collections import OrderedDict
from collections.abc import Callable

from aiohttp import hdrs

from boots.api.desk import Refused
from boots.journal.limited import Limited
from boots.model.budget import Budget
from boots.model.limits import OPERATOR_OF_ONE

_MOST = 4_096  # whose buckets are remembered


class TooFast(Refused):
    """Somebody asks faster than anybody may."""

    def __init__(self) -> None:
        detail = f"more than {OPERATOR_OF_ONE.most} requests a second; ask again in a second"
        super().__init__(429, "Too Many Requests", detail)
        self.headers = {hdrs.RETRY_AFTER: "1"}


class Pace:
    """`clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float], limited: Limited) -> None:
        self._clock = clock
        self._limited = limited
        self._of: OrderedDict[str, Budget] = OrderedDict()

    def check(self, who: str, peer: str) -> None:
        """Take one request of somebody's.

        Raises:
            TooFast: there are too many.
        """
        budget = self._of.get(who)
        if budget is None:
            budget = self._of[who] = Budget(OPERATOR_OF_ONE.most, OPERATOR_OF_ONE.burst)
        self._of.move_to_end(who)
        if len(self._of) > _MOST:
            self._of.popitem(last=False)
        if not budget.spend(self._clock()):
            self._limited.reached(OPERATOR_OF_ONE, peer=peer)
            raise TooFast
