"""What a bad link does to frames: it loses, doubles, delays, reorders and damages them, by dice.

The dice are the caller's, so equal seeds give equal fates.  `boots.lab.emulator` puts such a link
between two interfaces, and `boots.lab.said` reads it from a short text.
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from random import Random

from boots.lab import damage

_ODDS = {"drop", "double", "damage", "reorder", "burst", "stale"}


@dataclass(frozen=True, slots=True)
class Link:
    """One direction of a link: how often each thing befalls a frame (0 to 1), times in seconds.

    A frame takes `delay`, and up to `jitter` more; one that is reordered takes `behind` besides,
    so that those sent meanwhile overtake it.  Frames that are closer together than `jitter` may
    overtake each other too.

    Raises:
        ValueError: the odds are none, a time is negative, or a link is down before it is so.
    """

    drop: float = 0
    double: float = 0
    damage: float = 0
    reorder: float = 0
    delay: float = 0
    jitter: float = 0
    behind: float = 0.002
    copies: int = 2
    """How many there are of a frame that is doubled; many make a storm."""
    burst: float = 0
    """How often a frame begins a burst in which every frame is lost (Gilbert's model)."""
    burst_time: float = 0.05
    """Seconds that a burst takes in the mean."""
    stale: float = 0
    """How often another copy of a frame comes `late`, when nobody expects it any more."""
    late: float = 1
    unnoticed: bool = False
    """Whether checksums fit what was damaged."""
    unsummed: bool = False
    """Whether UDP has no checksums, as with some ROMs."""
    mtu: int = 0
    """Frames that carry more bytes are lost, and nobody is told (no ICMP); 0: none is."""
    down: tuple[tuple[float, float], ...] = ()
    """From when until when the link carries nothing, in seconds after it began."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name in _ODDS and not 0 <= value <= 1:
                raise ValueError(f"{each.name} = {value}: odds are a number from 0 to 1")
            if each.name == "copies" and value < 2:
                raise ValueError(f"copies = {value}: of what is doubled there are at least 2")
            if each.name != "down" and value < 0:
                raise ValueError(f"{each.name} = {value}: no frame arrives before it was sent")
        for began, ended in self.down:
            if not 0 <= began < ended:
                raise ValueError(
                    f"down = {began}-{ended}: a link is down from a time to a later one"
                )


PERFECT = Link()


def fates(link: Link, frame: bytes, now: float, dice: Random) -> list[tuple[float, bytes]]:
    """When the copies of a frame that was sent at `now` arrive, and as what; none if it is lost."""
    if link.mtu and damage.carried(frame) > link.mtu:
        return []
    if link.drop and dice.random() < link.drop:
        return []
    if link.unsummed:
        frame = damage.unsummed(frame)
    copies = link.copies if link.double and dice.random() < link.double else 1
    found = [_fate(link, frame, now, dice) for _ in range(copies)]
    if link.stale and dice.random() < link.stale:
        found.append((now + link.delay + link.late, frame))
    return found


def _fate(link: Link, frame: bytes, now: float, dice: Random) -> tuple[float, bytes]:
    due = now + link.delay
    if link.jitter:
        due += dice.random() * link.jitter
    if link.reorder and dice.random() < link.reorder:
        due += link.behind
    if link.damage and dice.random() < link.damage:
        turn = damage.damaged_unnoticed if link.unnoticed else damage.damaged
        frame = turn(frame, dice)
    return due, frame


class Flight:
    """The frames that are under way in one direction; those due at one moment keep their order.

    `link` may become another one meanwhile; `began` is when it began to be what it is.
    """

    def __init__(self, link: Link, dice: Random, began: float = 0) -> None:
        self._link = link
        self._dice = dice
        self._began = began
        self._bursts_until = -math.inf
        self._waiting: list[tuple[float, int, bytes]] = []
        self._sent = 0

    def become(self, link: Link, now: float) -> None:
        """Be another link from now on; what is under way arrives all the same."""
        self._link, self._began, self._bursts_until = link, now, -math.inf

    def send(self, frame: bytes, now: float) -> None:
        """Take a frame, and throw the dice for it."""
        if self._is_down(now) or self._is_in_burst(now):
            return
        for due, arriving in fates(self._link, frame, now, self._dice):
            self._sent += 1
            heapq.heappush(self._waiting, (due, self._sent, arriving))

    def _is_down(self, now: float) -> bool:
        since = now - self._began
        return any(began <= since < ended for began, ended in self._link.down)

    def _is_in_burst(self, now: float) -> bool:
        link = self._link
        if now >= self._bursts_until and link.burst and self._dice.random() < link.burst:
            self._bursts_until = now + self._dice.expovariate(1 / link.burst_time)
            return True
        return now < self._bursts_until

    @property
    def due(self) -> float | None:
        """When the next frame arrives, if one is under way."""
        return self._waiting[0][0] if self._waiting else None

    def arrived(self, now: float) -> Iterator[bytes]:
        """Every frame that is due, the earliest first."""
        while self._waiting and self._waiting[0][0] <= now:
            yield heapq.heappop(self._waiting)[2]
