"""How many events are written down in a second, and whose: nobody's flood takes another's place.

Who may make MACs up has a share that is for all such together; machines with a record have the
most, and each of them a part of that; what the server and its operators do has its own.
"""

from collections.abc import Callable, Mapping

from boots.journal.bound import Bound

OURS = 2_000
"""Events of machines with a record; a storm has many more that say the same."""

EACH = 200
"""Of one machine, on a console that floods."""

OTHERS = 500
"""Of all that no record knows."""

OF_THE_HOUSE = 500
"""Of no machine: changes of records, tokens, reloads, troubles."""


class Shares:
    """Admits events by whose they are; `is_ours` says whether a record has a MAC.

    What is not admitted is counted by its kind, until `taken` takes the counts.
    """

    def __init__(self, is_ours: Callable[[str], bool]) -> None:
        self._is_ours = is_ours
        self._ours, self._others, self._house = Bound(OURS), Bound(OTHERS), Bound(OF_THE_HOUSE)
        self._second = -1
        self._each: dict[str, int] = {}

    def admits(self, at: float, kind: str, mac: str | None) -> bool:
        """Whether an event is written down; `mac` is None for a kind that is of no machine."""
        if mac is None:
            return self._house.admits(at, kind)
        if not mac or not self._is_ours(mac):
            return self._others.admits(at, kind)
        second = int(at)
        if second != self._second:
            self._second, self._each = second, {}
        heard = self._each[mac] = self._each.get(mac, 0) + 1
        if heard > EACH:
            self._ours.leave_out(at, kind, 1)
            return False
        return self._ours.admits(at, kind)

    def taken(self) -> Mapping[str, int]:
        """What was left out since this was asked last."""
        found: dict[str, int] = {}
        for bound in (self._ours, self._others, self._house):
            for kind, count in bound.taken().items():
                found[kind] = found.get(kind, 0) + count
        return found
