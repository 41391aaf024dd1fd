"""One row for each boot: of servers that saw the same power-on, who writes first names it.

Servers that share a store hear the same DISCOVER milliseconds apart, and each follows the boot
under an id made of the moment at which it heard it.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from boots.store import changes
from boots.store.schema import boots
from boots.timeline.steps import SAME, called
from boots.timeline.words import Boot

_MOST = 4_096  # boots; who is left out is found in the store again
_AT_ONCE = 500  # MACs in one question


class Name(NamedTuple):
    """What a boot is called in the store, and when it began there."""

    id: str
    started: float


class Naming:
    """The names of boots, of one server; used by one thread.

    `named` is asked within a transaction.  Once that is on the disk `keep` is called, and gives
    the boots of ours that another server had named before.
    """

    def __init__(self) -> None:
        self._names: OrderedDict[str, Name] = OrderedDict()
        self._given: dict[str, str] = {}
        self._fresh: dict[str, Name] = {}

    def named(self, connection: Connection, found: Iterable[Boot]) -> list[Boot]:
        """These boots under the names that they have, or get now."""
        found = list(found)
        new = [each for each in found if each.id not in self._names and each.id not in self._given]
        # Nobody else names boots until this transaction is over.
        changes.in_order(connection)
        self._fresh = self._looked_up(connection, new) if new else {}
        return [
            called(boot, *name)
            if (name := self._names.get(boot.id) or self._fresh.get(boot.id))
            else boot
            for boot in found
        ]

    def keep(self) -> list[tuple[str, Name]]:
        """What was written is there now: our ids that were given up, and the names for them."""
        fresh, self._fresh = self._fresh, {}
        for ours, name in fresh.items():
            self._names[ours] = name
            self._given[name.id] = ours
            if len(self._names) > _MOST:
                _, old = self._names.popitem(last=False)
                self._given.pop(old.id, None)
        return [(ours, name) for ours, name in fresh.items() if name.id != ours]

    def _looked_up(self, connection: Connection, new: Sequence[Boot]) -> dict[str, Name]:
        there = _there(connection, new)
        names: dict[str, Name] = {}
        taken: set[str] = set()
        for boot in new:
            near = [
                (abs(name.started - boot.started), name)
                for name in there.get(boot.mac, ())
                if name.id not in self._given and name.id not in taken
            ]
            apart, name = min(near, default=(SAME, Name(boot.id, boot.started)))
            names[boot.id] = name if apart < SAME else Name(boot.id, boot.started)
            taken.add(names[boot.id].id)
        return names


def _there(connection: Connection, new: Sequence[Boot]) -> dict[str, list[Name]]:
    """What is in the store already of these machines, of about these moments."""
    found: defaultdict[str, list[Name]] = defaultdict(list)
    for mac, name in _asked(connection, new):
        found[mac].append(name)
    return found


def _asked(connection: Connection, new: Sequence[Boot]) -> Iterator[tuple[str, Name]]:
    first = min(boot.started for boot in new) - SAME
    last = max(boot.started for boot in new) + SAME
    every = list(dict.fromkeys(boot.mac for boot in new))
    for at in range(0, len(every), _AT_ONCE):
        macs = every[at : at + _AT_ONCE]
        rows = connection.execute(
            select(boots.c.mac, boots.c.id, boots.c.started_at).where(
                boots.c.mac.in_(macs), boots.c.started_at.between(first, last)
            )
        )
        for mac, identity, started in rows:
            yield mac, Name(identity, started)
