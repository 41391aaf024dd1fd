"""Boot files that are for another kind of machine than the one that is told of them."""

from collections import OrderedDict
from collections.abc import Callable

from boots.journal import events
from boots.policy.programs import Misfit
from boots.serve.doors import Record

_EVERY = 3600.0  # seconds
_MOST = 4096
_NEVER = float("-inf")


class DoubtfulFiles:
    """Tells of each machine and file once an hour.  `clock` is monotonic, in seconds."""

    def __init__(self, record: Record, clock: Callable[[], float]) -> None:
        self._record = record
        self._clock = clock
        self._told: OrderedDict[tuple[str, str], float] = OrderedDict()

    def given(self, mac: str, misfit: Misfit) -> None:
        """Take it that a machine was told of such a file."""
        now, key = self._clock(), (mac, misfit.name)
        if now - self._told.get(key, _NEVER) < _EVERY:
            return
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > _MOST:
            self._told.popitem(last=False)
        self._record(
            events.BootFileDoubtful(
                mac=mac,
                name=misfit.name,
                architecture=misfit.architecture.value,
                why=misfit.why,
            )
        )
