"""What a bad link does to frames: it loses, doubles, delays, reorders and damages them, by dice.

The dice are the caller's, so equal seeds give equal fates.  `boots.lab.emulator` puts such a link
between two interfaces.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, fields
from random import Random

_ODDS = {"drop", "double", "damage", "reorder"}
_ETHERNET = 14  # bytes before what a frame carries
_ARP = b"\x08\x06"


@dataclass(frozen=True, slots=True)
class Link:
    """One direction of a link: how often each thing befalls a frame (0 to 1), times in seconds.

    A frame takes `delay`, and up to `jitter` more; one that is reordered takes `behind` besides,
    so that those sent meanwhile overtake it.  Frames that are closer together than `jitter` may
    overtake each other too.

    Raises:
        ValueError: the odds are none, or a time is negative.
    """

    drop: float = 0
    double: float = 0
    damage: float = 0
    reorder: float = 0
    delay: float = 0
    jitter: float = 0
    behind: float = 0.002

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name in _ODDS and not 0 <= value <= 1:
                raise ValueError(f"{each.name} = {value}: odds are a number from 0 to 1")
            if value < 0:
                raise ValueError(f"{each.name} = {value}: no frame arrives before it was sent")


PERFECT = Link()


def fates(link: Link, frame: bytes, now: float, dice: Random) -> list[tuple[float, bytes]]:
    """When the copies of a frame that was sent at `now` arrive, and as what; none if it is lost."""
    if link.drop and dice.random() < link.drop:
        return []
    copies = 2 if link.double and dice.random() < link.double else 1
    return [_fate(link, frame, now, dice) for _ in range(copies)]


def _fate(link: Link, frame: bytes, now: float, dice: Random) -> tuple[float, bytes]:
    due = now + link.delay
    if link.jitter:
        due += dice.random() * link.jitter
    if link.reorder and dice.random() < link.reorder:
        due += link.behind
    if link.damage and dice.random() < link.damage:
        frame = damaged(frame, dice)
    return due, frame


def damaged(frame: bytes, dice: Random) -> bytes:
    """A frame with one bit of what it carries turned over; no checksum is made anew.

    ARP stays whole: it has no checksum, and on a real wire Ethernet's own would have ended it.
    """
    if len(frame) <= _ETHERNET or frame[12:_ETHERNET] == _ARP:
        return frame
    place = dice.randrange(_ETHERNET, len(frame))
    turned = frame[place] ^ 1 << dice.randrange(8)
    return frame[:place] + bytes((turned,)) + frame[place + 1 :]


class Flight:
    """The frames that are under way in one direction; those due at one moment keep their order."""

    def __init__(self, link: Link, dice: Random) -> None:
        self._link = link
        self._dice = dice
        self._waiting: list[tuple[float, int, bytes]] = []
        self._sent = 0

    def send(self, frame: bytes, now: float) -> None:
        """Take a frame, and throw the dice for it."""
        for due, arriving in fates(self._link, frame, now, self._dice):
            self._sent += 1
            heapq.heappush(self._waiting, (due, self._sent, arriving))

    @property
    def due(self) -> float | None:
        """When the next frame arrives, if one is under way."""
        return self._waiting[0][0] if self._waiting else None

    def arrived(self, now: float) -> Iterator[bytes]:
        """Every frame that is due, the earliest first."""
        while self._waiting and self._waiting[0][0] <= now:
            yield heapq.heappop(self._waiting)[2]
