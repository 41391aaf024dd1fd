"""Known machines before strangers, and nobody without end."""

from collections.abc import Callable

from boots.journal import events
from boots.journal.events import AnyEvent
from boots.journal.limited import Limited
from boots.model.limits import Limit
from boots.serve.fair import Fair

ONE = Limit("dhcp", "one-machine", 3, "messages a second of one MAC", "they are dropped")
STRANGERS = Limit("dhcp", "strangers", 2, "messages a second", "they are dropped", burst=4)
OURS, THEIRS = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"


class Bench:
    """A clock, what is called later, and what was told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.told: list[events.LimitReached] = []
        self._calls: list[tuple[float, Callable[[], None]]] = []
        self.limited = Limited(self._record, self.later)
        self.fair: Fair[bytes] = Fair(
            self.limited, ONE, STRANGERS, lambda who: who == OURS, self._clock, later=self.later
        )

    def _clock(self) -> float:
        return self.now

    def _record(self, event: AnyEvent) -> None:
        assert isinstance(event, events.LimitReached)
        self.told.append(event)

    def later(self, seconds: float, call: Callable[[], None]) -> object:
        self._calls.append((self.now + seconds, call))
        return None

    def go(self, seconds: float) -> None:
        self.now += seconds
        due = [call for at, call in self._calls if at <= self.now]
        self._calls = [each for each in self._calls if each[0] > self.now]
        for call in due:
            call()

    def counts(self) -> list[int]:
        return [event.count for event in self.told]


def test_a_machine_that_is_known_has_its_own_share_however_many_strangers_there_are() -> None:
    bench = Bench()
    for number in range(100):
        bench.fair.admits(number.to_bytes(6))

    assert [True, True, True] == [bench.fair.admits(OURS) for _ in range(3)]


def test_no_machine_has_more_than_its_share_in_a_second() -> None:
    bench = Bench()
    assert [True] * 3 + [False] * 2 == [bench.fair.admits(OURS) for _ in range(5)]

    bench.go(1.0)
    assert bench.fair.admits(OURS)


def test_strangers_share_a_burst_and_then_so_many_a_second() -> None:
    bench = Bench()
    macs = [number.to_bytes(6) for number in range(20)]
    assert 4 == sum(map(bench.fair.admits, macs))

    bench.go(1.0)
    assert 2 == sum(map(bench.fair.admits, macs))


def test_a_stranger_that_was_admitted_once_has_no_share_of_its_own() -> None:
    bench = Bench()
    assert 4 == sum(bench.fair.admits(THEIRS) for _ in range(20))


def test_of_a_flood_one_event_a_second_is_told_and_every_message_is_counted() -> None:
    bench = Bench()
    for _ in range(1_004):
        bench.fair.admits(THEIRS)
    assert [1] == bench.counts()
    assert "02:00:00:00:00:02" == bench.told[0].mac

    bench.go(1.0)
    assert [1, 999] == bench.counts()
    bench.go(1.0)
    assert [1, 999] == bench.counts(), "nothing came"

    for _ in range(7):
        bench.fair.admits(THEIRS)
    assert [1, 999, 1] == bench.counts(), "of seven four were admitted, and the first is told"
    bench.go(1.0)
    assert [1, 999, 1, 2] == bench.counts()


def test_the_event_says_what_the_limit_is_and_what_became_of_more() -> None:
    bench = Bench()
    bench.limited.reached(STRANGERS, peer="192.0.2.1")

    assert (
        events.LimitReached(
            door="dhcp",
            limit="strangers",
            count=1,
            peer="192.0.2.1",
            why="more than 4 messages a second at once: they are dropped",
        )
        == bench.told[0]
    )
