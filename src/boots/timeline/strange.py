"""Who else is on the network: machines without a record, and other DHCP servers.  Bounded."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from boots.journal import events
from boots.timeline.signs import short
from boots.timeline.words import ForeignServer, Stranger

NO_RECORD = "no record has this MAC"
"""How the reason begins for which machines without a record get no answer."""

Nearest = Callable[[str], tuple[str, str] | None]
"""The MAC of ours that is nearest to one, and whose it is; None where none is near."""

_MOST_STRANGERS = 4096
_MOST_SERVERS = 256
_LATELY = 3600.0  # seconds for which a server that was heard counts as there


@dataclass(slots=True)
class _Heard:
    """What was heard of one stranger; `nearest` is None until it was looked for."""

    interface: str
    first: float
    last: float
    why: str
    count: int = 1
    program: str = ""
    architecture: str = ""
    nearest: tuple[str, str] | None = None


class Strangers:
    """Machines without a record.  Who was heard last stays, and MACs that are made up go by.

    Who was heard more than once has a half of the places: a real machine asks again.
    """

    def __init__(self, nearest: Nearest | None = None) -> None:
        self._nearest = nearest
        self._once: OrderedDict[str, _Heard] = OrderedDict()
        self._heard: OrderedDict[str, _Heard] = OrderedDict()

    def __len__(self) -> int:
        return len(self._once) + len(self._heard)

    def note(self, mac: str, interface: str, why: str, at: float) -> _Heard:
        """It was heard."""
        heard = self._heard.get(mac) or self._once.pop(mac, None)
        if heard is None:
            heard = self._once[mac] = _Heard(short(interface, 40), at, at, short(why))
            if len(self) > _MOST_STRANGERS:
                most_of = self._once if len(self._once) > _MOST_STRANGERS // 2 else self._heard
                most_of.popitem(last=False)
        else:
            heard.count += 1
            heard.last = max(heard.last, at)
            self._heard[mac] = heard
            self._heard.move_to_end(mac)
        return heard

    def boots(self, mac: str, event: events.OfferSent | events.AckSent, at: float) -> None:
        """It has no record and is answered all the same."""
        heard = self.note(mac, event.interface, event.why, at)
        heard.program, heard.architecture = short(event.program, 40), short(event.architecture, 40)

    def forget(self, mac: str) -> None:
        """It has a record now."""
        self._heard.pop(mac, None)
        self._once.pop(mac, None)

    def compare(self) -> None:
        """Look for the nearest MAC of ours to one of them: of many records that takes a while."""
        if self._nearest is None:
            return
        for mac, heard in chain(reversed(self._heard.items()), reversed(self._once.items())):
            if heard.nearest is None:
                heard.nearest = self._nearest(mac) or ("", "")
                return

    def all(self) -> tuple[Stranger, ...]:
        """All of them, the latest first."""
        found = [*self._once.items(), *self._heard.items()]
        found.sort(key=lambda each: each[1].last, reverse=True)
        return tuple(_stranger(mac, heard) for mac, heard in found)


def _stranger(mac: str, heard: _Heard) -> Stranger:
    nearest, name = heard.nearest or ("", "")
    return Stranger(
        mac=mac,
        interface=heard.interface,
        first=heard.first,
        last=heard.last,
        count=heard.count,
        program=heard.program,
        architecture=heard.architecture,
        why=heard.why,
        nearest=nearest,
        nearest_name=name,
    )


class Foreign:
    """Other DHCP servers, by who they are and where they were heard."""

    def __init__(self) -> None:
        self._servers: OrderedDict[tuple[str, str], ForeignServer] = OrderedDict()

    def note(self, event: events.ForeignServerSeen, at: float) -> None:
        """One was heard."""
        key = (short(event.interface, 40), short(event.server, 40))
        old = self._servers.get(key)
        self._servers[key] = ForeignServer(
            server=key[1],
            interface=key[0],
            first=min(old.first, at) if old else at,
            last=max(old.last, at) if old else at,
            count=old.count + 1 if old else 1,
            offers=short(event.boot_file) or (old.offers if old else ""),
            mac=short(event.mac, 40),
            expected=event.expected,
        )
        self._servers.move_to_end(key)
        if len(self._servers) > _MOST_SERVERS:
            self._servers.popitem(last=False)

    def on(self, interface: str, now: float) -> tuple[ForeignServer, ...]:
        """Those that were heard on an interface of late, and that nobody expects there."""
        if not self._servers:
            return ()
        found = [
            each
            for each in self._servers.values()
            if each.interface == interface
            and not each.expected
            and each.first <= now
            and each.last >= now - _LATELY
        ]
        return tuple(sorted(found, key=lambda each: each.server))

    def all(self) -> tuple[ForeignServer, ...]:
        """All of them, the latest first."""
        return tuple(reversed(self._servers.values()))
