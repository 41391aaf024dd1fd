"""Telling the journal of who was refused, but not a line for each try."""

from collections.abc import Callable

from boots.journal import events

Record = Callable[[events.AnyEvent], None]
_MOST = 30  # events
_WITHIN = 60.0  # seconds
_LONGEST = 200  # characters


class Telling:
    """Tells of some that were refused in a minute, and then how many more there were."""

    def __init__(self, record: Record, clock: Callable[[], float]) -> None:
        self._record = record
        self._clock = clock
        self._since = clock()
        self._told = 0

    def __call__(self, peer: str, why: str) -> None:
        """Tell of one."""
        if self._clock() - self._since >= _WITHIN:
            left_out = self._told - _MOST
            self._since, self._told = self._clock(), 0
            if left_out > 0:
                self._record(
                    events.ApiRefused(peer="", why=f"{left_out} more in a minute, not told")
                )
        self._told += 1
        if self._told <= _MOST:
            self._record(events.ApiRefused(peer=peer, why=why[:_LONGEST]))
