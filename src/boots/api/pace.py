"""How fast one token, or one address without, may ask: a bucket each, that fills again."""

from collections import OrderedDict
from collections.abc import Callable

from aiohttp import hdrs

from boots.api.desk import Refused
from boots.journal.limited import Limited
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
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, who: str, peer: str) -> None:
        """Take one request of somebody's.

        Raises:
            TooFast: there are too many.
        """
        now = self._clock()
        left, since = self._left.get(who, (float(OPERATOR_OF_ONE.burst), now))
        left = min(OPERATOR_OF_ONE.burst, left + (now - since) * OPERATOR_OF_ONE.most)
        self._left[who] = (max(0.0, left - 1), now)
        self._left.move_to_end(who)
        if len(self._left) > _MOST:
            self._left.popitem(last=False)
        if left < 1:
            self._limited.reached(OPERATOR_OF_ONE, peer=peer)
            raise TooFast
