"""The boots of all machines, in memory: a sink of the journal's entries.

In a storm of DHCP ten thousand machines ask in one second.  What is done at once for each event
is little: whose it is, whether it says anything new, and a place in that machine's queue.  Boots
are made of the queues when somebody looks (`changed`, `tick`), as many at a time as there is time
for.  What comes out does not depend on when that is.

`write`, `changed` and `tick` are for one thread; whoever else looks may do so from another.
"""

import heapq
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.timeline import stitch
from boots.timeline.asking import ELSEWHERE
from boots.timeline.case import Facts
from boots.timeline.knowledge import of_server
from boots.timeline.patience import next_look
from boots.timeline.recent import Recent
from boots.timeline.signs import is_telling
from boots.timeline.states import settle
from boots.timeline.steps import Followed, called, over
from boots.timeline.strange import NO_RECORD, Foreign, Nearest, Strangers
from boots.timeline.words import Boot, Finding, ForeignServer, State, Stranger

MOST = 65_536
_MOST_A_SECOND = 128  # events of one machine; a real one has a dozen
_MOST_ANSWERS = 16  # answers by DHCP to one machine in a second that say something; of six at most
_LONGEST_QUEUE = 64


@dataclass(slots=True)
class _Track:
    """One machine: its last boot, and what is still to be made part of it."""

    followed: Followed | None = None
    told: Boot | None = None
    queue: list[Entry] = field(default_factory=list)
    closed: list[Boot] = field(default_factory=list)
    second: int = 0
    heard: int = 0
    due: float = 0.0


class Timelines:
    """Follows every machine's boots.

    `name_of` gives the name of a machine by its MAC, empty for one without a record; `nearest`
    the MAC of ours that is nearest to a stranger's.  At most `most` machines are followed: who
    was heard last stays, and of those without a record a quarter as many: MACs can be made up.
    """

    def __init__(
        self,
        name_of: Callable[[str], str] | None = None,
        nearest: Nearest | None = None,
        most: int = MOST,
    ) -> None:
        self._name_of = name_of
        self._most = most
        self._tracks: OrderedDict[str, _Track] = OrderedDict()
        self._making = threading.RLock()
        self._nameless: dict[str, None] = {}
        self._addresses: OrderedDict[str, str] = OrderedDict()
        self._waiting: dict[str, None] = {}
        self._due: list[tuple[float, str]] = []
        self._strangers = Strangers(nearest)
        self._foreign = Foreign()
        self._trouble: Finding | None = None
        self._recent = Recent()
        self._ways: dict[type[AnyEvent], Callable[[Entry, Any], None]] = {
            **dict.fromkeys(stitch.HEEDED, self._hear),
            events.OfferSent: self._dhcp,
            events.AckSent: self._dhcp,
            events.DhcpIgnored: self._ignored,
            events.ConsoleLine: self._line,
            events.ForeignServerSeen: self._server,
            events.StoreTroubled: self._troubled,
            events.StoreRecovered: self._recovered,
        }

    # --- what is told

    def write(self, entries: Sequence[Entry]) -> None:
        """Take what happened; little is done for each."""
        ways = self._ways
        for entry in entries:
            way = ways.get(type(entry.event))
            if way is not None:
                way(entry, entry.event)

    def close(self) -> None:
        """Nothing is kept."""

    def take(self, entries: Sequence[Entry]) -> tuple[Boot, ...]:
        """Take what happened, and give the boots that it changed."""
        self.write(entries)
        return self.changed()

    def remember(self, boots: Iterable[Boot]) -> None:
        """Take up boots where another run of this server left off; the latest of each MAC."""
        for boot in boots:
            track = self._tracks.get(boot.mac)
            if track is None:
                track = self._track(boot.mac)
                track.followed, track.told = Followed(boot, recalled=True), boot
                if boot.address:
                    self._addresses[boot.address] = boot.mac
                self._look_later(boot.mac, track)

    def renamed(self, mac: str, ours: str, identity: str, started: float) -> None:
        """Another server that saw a boot begin has named it before us."""
        track = self._tracks.get(mac)
        if track is None or track.followed is None or track.followed.boot.id != ours:
            return
        with self._making:
            boot = called(track.followed.boot, identity, started)
            track.followed = msgspec.structs.replace(track.followed, boot=boot)
        self._waiting[mac] = None

    # --- what is known

    def changed(self, most: int = 0) -> tuple[Boot, ...]:
        """The boots that changed since this was asked last, of at most so many machines.

        0 is all of them.  Boots that another one followed are among them.
        """
        found: list[Boot] = []
        waiting = self._waiting
        for _ in range(min(most, len(waiting)) if most else len(waiting)):
            mac = next(iter(waiting))
            del waiting[mac]
            track = self._tracks.get(mac)
            if track is not None:
                with self._making:
                    self._fold(mac, track)
                    found += _news(track)
        return tuple(found)

    def tick(self, now: float, most: int = 0) -> tuple[Boot, ...]:
        """The clock went on: as `changed`, and those that fell silent or were long enough so."""
        found = list(self.changed(most))
        # In a storm those that fell silent have a small share, and are looked at one after another.
        left = max(most - len(found), most // 4, 1) if most else -1
        while self._due and self._due[0][0] <= now and left:
            _, mac = heapq.heappop(self._due)
            track = self._tracks.get(mac)
            if track is None or track.followed is None:
                continue
            with self._making:
                track.due = 0.0
                self._settle(track, now)
                self._look_later(mac, track, now)
                found += _news(track)
            left -= 1
        self._strangers.compare()
        return tuple(found)

    @property
    def waiting(self) -> int:
        """Of how many machines something waits for `changed`."""
        return len(self._waiting)

    def boot(self, mac: str) -> Boot | None:
        """The last boot of a machine."""
        track = self._tracks.get(mac)
        if track is None:
            return None
        self._fold(mac, track)
        return track.followed.boot if track.followed else None

    def before(self, mac: str) -> Finding | None:
        """What was wrong with the boots before the last one, while nothing came of that either."""
        track = self._tracks.get(mac)
        if track is None:
            return None
        self._fold(mac, track)
        return track.followed.before if track.followed else None

    def boots(self) -> Iterator[Boot]:
        """The last boot of each machine, in the order in which they were heard."""
        for mac in list(self._tracks):
            boot = self.boot(mac)
            if boot is not None:
                yield boot

    def last(self, mac: str) -> Boot | None:
        """The last boot of a machine, as it was when it was looked at last: for any thread."""
        track = self._tracks.get(mac)
        followed = track.followed if track is not None else None
        return followed.boot if followed is not None else None

    def latest(self, most: int = 0) -> Iterator[Boot]:
        """The last boots as `last` has them, of those that were heard last; 0 is all."""
        macs = list(self._tracks)
        for mac in reversed(macs[-most:]):
            boot = self.last(mac)
            if boot is not None:
                yield boot

    def foreign(self) -> tuple[ForeignServer, ...]:
        """Other DHCP servers, the latest first."""
        return self._foreign.all()

    def strangers(self) -> tuple[Stranger, ...]:
        """Machines without a record, the latest first."""
        return self._strangers.all()

    def adopted(self, mac: str) -> None:
        """A stranger has a record now."""
        self._strangers.forget(mac)

    def trouble(self) -> Finding | None:
        """What is wrong with this server itself."""
        return self._trouble

    # --- the short way of each event

    def _hear(self, entry: Entry, event: Any) -> None:
        """Queue what a machine did, unless it was just said."""
        mac = event.mac or self._at(event)
        track = self._tracks.get(mac)
        if track is None:
            if not mac or type(event) not in _FOUNDING:
                return
            track = self._track(mac)
        else:
            self._tracks.move_to_end(mac)
        self._queue(mac, track, entry)

    def _dhcp(self, entry: Entry, event: events.OfferSent | events.AckSent) -> None:
        mac = event.mac
        if not mac:
            return
        if event.address:
            self._addresses[event.address] = mac
            if len(self._addresses) > self._most:
                self._addresses.popitem(last=False)
        track = self._tracks.get(mac)
        if track is None:
            track = self._track(mac)
        elif track.heard >= _MOST_ANSWERS and int(entry.at) == track.second:
            return  # it asks and asks
        else:
            self._tracks.move_to_end(mac)
        self._queue(mac, track, entry)

    def _at(self, event: Any) -> str:
        """The MAC of the machine at the address that an event comes from, if it is one of ours."""
        return self._addresses.get(getattr(event, "peer", "").rpartition(":")[0], "")

    def _queue(self, mac: str, track: _Track, entry: Entry) -> None:
        last = self._recent.swap(mac, entry)
        if last is not None and last.event == entry.event:
            return
        second = int(entry.at)
        if second != track.second:
            track.second, track.heard = second, 0
        track.heard += 1
        if track.heard > _MOST_A_SECOND:
            return
        track.queue.append(entry)
        if len(track.queue) > _LONGEST_QUEUE:
            self._fold(mac, track)
        self._waiting[mac] = None

    def _ignored(self, entry: Entry, event: events.DhcpIgnored) -> None:
        mac, why = event.mac, event.why
        if not mac:
            return
        if why.startswith(NO_RECORD):
            self._strangers.note(mac, event.interface, why, entry.at)
            return
        track = self._tracks.get(mac)
        if track is None:
            if event.message != "DISCOVER" or why.startswith(ELSEWHERE):
                return
            track = self._track(mac)
        self._queue(mac, track, entry)

    def _line(self, entry: Entry, event: events.ConsoleLine) -> None:
        """Of a console only the lines that say something, and that it speaks, once a second."""
        mac = event.mac or self._at(event)
        track = self._tracks.get(mac)
        if track is None:
            return
        if self._recent.get(mac, entry) is None or is_telling(event.text):
            self._queue(mac, track, entry)

    def _server(self, entry: Entry, event: events.ForeignServerSeen) -> None:
        self._foreign.note(event, entry.at)
        if event.mac in self._tracks and not event.expected:
            self._queue(event.mac, self._tracks[event.mac], entry)

    def _troubled(self, entry: Entry, event: events.StoreTroubled) -> None:
        self._trouble = of_server(event.why, entry.at)

    def _recovered(self, _entry: Entry, _event: events.StoreRecovered) -> None:
        self._trouble = None

    # --- the long way

    def _track(self, mac: str) -> _Track:
        track = self._tracks[mac] = _Track()
        if self._name_of is not None and not self._name_of(mac):
            self._nameless[mac] = None
        if len(self._nameless) > self._most // 4:
            self._drop(next(iter(self._nameless)))
        elif len(self._tracks) > self._most:
            self._drop(next(iter(self._tracks)))
        return track

    def _drop(self, mac: str) -> None:
        """Follow a machine no longer."""
        del self._tracks[mac]
        self._nameless.pop(mac, None)
        self._waiting.pop(mac, None)

    def _fold(self, mac: str, track: _Track) -> None:
        """Make what waits part of the machine's boot."""
        if not track.queue:
            return
        with self._making:
            queue, track.queue = track.queue, []
            for entry in queue:
                self._advance(mac, track, entry)
            if track.followed is not None and queue:
                self._name(mac, track, queue[-1])
                self._settle(track, track.followed.boot.heard)
                self._look_later(mac, track)

    def _advance(self, mac: str, track: _Track, entry: Entry) -> None:
        old = track.followed
        new = stitch.advance(old, entry, mac)
        if old is not None and new is not None and old.boot.id != new.boot.id:
            ended = settle(over(old, entry.at), entry.at, self._facts(old.boot, entry.at))
            track.closed.append(ended.boot)
            del track.closed[:-8]
            new = self._whose(mac, _after(ended.boot, new))
        track.followed = new

    def _whose(self, mac: str, new: Followed) -> Followed:
        """A boot that begins, of the machine that has the MAC by now."""
        if self._name_of is None or (name := self._name_of(mac)) == new.boot.machine:
            return new
        boot = msgspec.structs.replace(new.boot, machine=name)
        return msgspec.structs.replace(new, boot=boot, before=None)

    def _name(self, mac: str, track: _Track, entry: Entry) -> None:
        if self._name_of is None or track.followed is None:
            return
        name = self._name_of(mac)
        if name:
            self._nameless.pop(mac, None)
        elif isinstance(entry.event, events.OfferSent | events.AckSent):
            self._strangers.boots(mac, entry.event, entry.at)
        boot = track.followed.boot
        if not boot.machine and name:  # what began as one machine's stays so, whose the MAC is then
            boot = msgspec.structs.replace(boot, machine=name)
            track.followed = msgspec.structs.replace(track.followed, boot=boot)

    def _settle(self, track: _Track, now: float) -> None:
        if track.followed is not None:
            facts = self._facts(track.followed.boot, now)
            track.followed = settle(track.followed, now, facts)

    def _facts(self, boot: Boot, now: float) -> Facts:
        troubles = (self._trouble.title,) if self._trouble else ()
        return Facts(self._foreign.on(boot.interface, now), troubles)

    def _look_later(self, mac: str, track: _Track, now: float = 0.0) -> None:
        """Look again when the machine will have been silent for long enough to say something."""
        if track.followed is None or track.followed.boot.state is State.DONE:
            return
        due = next_look(track.followed.boot, now)
        if due and (not track.due or due < track.due):
            track.due = due
            heapq.heappush(self._due, (due, mac))


def _after(ended: Boot, new: Followed) -> Followed:
    """A boot, with what came of the one before it."""
    if ended.state is State.DONE:
        boot = new.boot
        loops = max(0, boot.loops - ended.loops)
        new = msgspec.structs.replace(new, boot=msgspec.structs.replace(boot, loops=loops))
        return msgspec.structs.replace(new, before=None)
    if ended.state is State.HELD:  # what led to it was found of the boots before
        return new
    return msgspec.structs.replace(new, before=ended.finding or new.before)


def _news(track: _Track) -> list[Boot]:
    """The boots that nobody has been told of as they are now."""
    found, track.closed = track.closed, []
    boot = track.followed.boot if track.followed else None
    if boot is not None and boot != track.told:
        track.told = boot
        found = [*found, boot]
    return found


# What may be the first that is heard of a machine.
_FOUNDING: frozenset[type] = frozenset(
    {
        events.TransferStarted,
        events.TransferProgressed,
        events.TransferFinished,
        events.ScriptServed,
        events.FileRendered,
        events.AgentProgressed,
        events.InventoryReported,
    }
)
