"""What machines said a moment ago: to say the same again says nothing."""

from boots.journal.events import Entry

_MOST = 65_536  # things said, of all machines together
_AT_ONCE = 1.0  # seconds in which the same thing said again says nothing


class Recent:
    """What each machine said last, of each kind of event, within a second.

    Kept for this second and the one before, of all machines together: nothing stays behind.
    """

    def __init__(self) -> None:
        self._second = 0
        self._now: dict[tuple[str, type], Entry] = {}
        self._before: dict[tuple[str, type], Entry] = {}

    def get(self, mac: str, entry: Entry) -> Entry | None:
        """What it said last of the kind of this entry, less than a second before."""
        key = (mac, type(entry.event))
        last = self._now.get(key) or self._before.get(key)
        return last if last is not None and 0 <= entry.at - last.at < _AT_ONCE else None

    def swap(self, mac: str, entry: Entry) -> Entry | None:
        """The same, and from now on it is this entry, unless that says the same."""
        last = self.get(mac, entry)
        if last is not None and last.event == entry.event:
            return last
        second = int(entry.at)
        if second > self._second or len(self._now) > _MOST:
            self._before = self._now if second == self._second + 1 else {}
            self._now, self._second = {}, second
        self._now[mac, type(entry.event)] = entry
        return last
