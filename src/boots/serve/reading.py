"""ISOs that are read in pieces: a BMC mounts one with thousands of ranges, which is one story."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from boots.journal import events
from boots.serve.story import Hand

_OVER_AFTER = 30.0  # seconds without a request after which the reader has had what it wants


@dataclass(frozen=True, slots=True)
class About:
    """Who reads what."""

    mac: str
    peer: str
    name: str

    @property
    def fields(self) -> dict[str, Any]:
        """What every event of it says alike."""
        return {"mac": self.mac, "peer": self.peer, "name": self.name}


@dataclass(slots=True, eq=False)
class Reading:
    """One reader of one ISO.  `first` says that its story has just begun."""

    about: About
    size: int
    started: float
    last: float
    hand: Hand = field(repr=False)
    sent: int = 0
    told: int = 0
    under_way: int = 0
    first: bool = True

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected."""
        return not self.under_way and self.hand.clock() - self.last > _OVER_AFTER

    def tell(self) -> None:
        """How far it is; where it is over, that it is."""
        if self.is_over:
            self.finish()
        elif self.sent != self.told:
            self.told = self.sent
            self.hand.record(
                events.TransferProgressed(
                    sent=self.sent, size=self.size, door="http", **self.about.fields
                )
            )

    def finish(self) -> None:
        """It is over."""
        if self in self.hand.downloads:
            self.hand.downloads.discard(self)
            seconds = self.last - self.started
            self.hand.record(
                events.TransferFinished(
                    size=self.sent, seconds=seconds, door="http", **self.about.fields
                )
            )

    def fail(self, why: str) -> None:
        """It broke off."""
        self.hand.downloads.discard(self)
        self.hand.record(
            events.TransferFailed(sent=self.sent, why=why, door="http", **self.about.fields)
        )


class Readings:
    """All of a door's."""

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self._open: dict[tuple[str, str, str], Reading] = {}

    @contextmanager
    def reading(self, about: About, size: int, *, whole: bool) -> Iterator[Reading]:
        """The story that one more request belongs to; a whole ISO ends it."""
        key = (about.mac, about.peer.rpartition(":")[0], about.name)
        found = self._open.get(key)
        now = self._hand.clock()
        if found is None or found not in self._hand.downloads:
            found = self._open[key] = Reading(about, size, now, now, self._hand)
            self._hand.downloads.add(found)
            started = events.TransferStarted(size=size, door="http", **about.fields)
            self._hand.record(started)
        else:
            found.first = False
        found.under_way += 1
        try:
            yield found
        except BaseException as error:
            if whole or not isinstance(error, ConnectionError):  # of a range it may be on purpose
                found.fail(_why(error))
            raise
        finally:
            found.under_way -= 1
            found.last = self._hand.clock()
        if whole:
            found.finish()
        self._open = {at: each for at, each in self._open.items() if each in self._hand.downloads}

    def close(self) -> None:
        """End every story."""
        for each in self._open.values():
            each.finish()


def _why(error: BaseException) -> str:
    if isinstance(error, ConnectionError):
        return "the client closed the connection"
    return str(error) or "the server is stopping"
