"""What samples and rounds mean: whether a server stayed as it was.

The first quarter is warming up.  What is held against what is the last quarter and the second, by
medians: one bad moment of a shared machine is neither a leak nor a slowness.
"""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import TypeVar

import msgspec

T = TypeVar("T")
MIB = 1 << 20


class Sample(msgspec.Struct, frozen=True):
    """A server at one moment, `at` seconds after the beginning; sizes in bytes.

    `rss` is what is resident, `own` is that without the pages of files (libraries, programs).
    `lag` is how many seconds the slowest of a few questions waited that need no work, which is
    how long its event loop was busy with other things.
    """

    at: float
    rss: int
    own: int
    fds: int
    sockets: int
    threads: int
    store: int
    cpu: float
    lag: float


class Round(msgspec.Struct, frozen=True):
    """A round of boots: how many, times to the script, and the server's CPU in seconds."""

    number: int
    at: float
    machines: int
    booted: int
    script_p99: float
    restarts: int
    saturated: float
    failures: tuple[str, ...]
    cpu: float

    @property
    def cpu_of_a_boot(self) -> float:
        """Seconds; all that happened in the round is counted to its boots."""
        return self.cpu / max(self.booted, 1)


class Bounds(msgspec.Struct, frozen=True):
    """What counts as flat.

    `grown` is how much memory a line through the time after warming up may rise until the end,
    in bytes; `memory`, `latency`, `cpu`, `lag` are ratios of the last quarter to the second;
    `spare` are seconds, `more` fds and threads.
    """

    grown: int = 4 * MIB
    memory: float = 1.04
    more: int = 3
    latency: float = 1.5
    spare: float = 0.05
    cpu: float = 1.15
    lag: float = 2.0


SHORT = Bounds(grown=64 * MIB, memory=1.5, cpu=2.0, latency=3.0, spare=0.5, lag=5.0)
"""For what takes less than some minutes: that is all warming up, and says little."""


class Line(msgspec.Struct, frozen=True):
    """One thing that was looked at: in the second quarter, in the last, and whether it will do."""

    what: str
    second: float
    last: float
    bound: str
    ok: bool


class Verdict(msgspec.Struct, frozen=True):
    """All of a soak."""

    seconds: float
    machines: int
    booted: int
    lines: tuple[Line, ...]
    failures: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every machine booted and nothing grew."""
        return self.booted == self.machines and all(line.ok for line in self.lines)


def judge(samples: Sequence[Sample], rounds: Sequence[Round], bounds: Bounds) -> Verdict:
    """The verdict on a soak of at least four rounds and four samples."""
    return Verdict(
        seconds=samples[-1].at,
        machines=sum(each.machines for each in rounds),
        booted=sum(each.booted for each in rounds),
        lines=(*_held(samples, bounds), *_answered(samples, rounds, bounds)),
        failures=tuple(f"round {r.number}: {why}" for r in rounds for why in r.failures),
    )


def _held(samples: Sequence[Sample], bounds: Bounds) -> Iterator[Line]:
    """What the server holds."""
    second, last = _quarters(samples)
    for name, of in (("rss", _rss), ("own memory", _own)):
        a, b = median(map(of, second)), median(map(of, last))
        yield Line(f"{name}, MiB", a / MIB, b / MIB, f"x {bounds.memory}", b <= a * bounds.memory)
    warm = samples[len(samples) // 4 :]
    grown = slope([(each.at, each.own) for each in warm]) * (warm[-1].at - warm[0].at)
    yield Line(
        "own memory of a line through it, grown since warm, MiB",
        0.0,
        grown / MIB,
        f"+ {bounds.grown / MIB:g}",
        grown <= bounds.grown,
    )
    for name in ("fds", "sockets", "threads"):
        a, b = (median(getattr(each, name) for each in some) for some in (second, last))
        yield Line(name, a, b, f"+ {bounds.more}", b <= a + bounds.more)


def _answered(samples: Sequence[Sample], rounds: Sequence[Round], bounds: Bounds) -> Iterator[Line]:
    """How it answers."""
    second, last = _quarters(rounds)
    a, b = (median(each.script_p99 for each in some) for some in (second, last))
    bound = a * bounds.latency + bounds.spare
    yield Line(
        "seconds to the script, 99 of 100, less own waits",
        a,
        b,
        f"x {bounds.latency:g} + {bounds.spare:g}",
        b <= bound,
    )
    a, b = (median(each.cpu_of_a_boot for each in some) for some in (second, last))
    yield Line("CPU of a boot, ms", a * 1e3, b * 1e3, f"x {bounds.cpu:g}", b <= a * bounds.cpu)
    lags = _quarters(samples)
    a, b = (median(each.lag for each in some) for some in lags)
    bound = a * bounds.lag + 0.005
    yield Line("answer to a question, ms", a * 1e3, b * 1e3, f"x {bounds.lag:g} + 5", b <= bound)


def _rss(sample: Sample) -> int:
    return sample.rss


def _own(sample: Sample) -> int:
    return sample.own


def _quarters(values: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    """The second and the last of four parts."""
    quarter = len(values) // 4
    if not quarter:
        raise ValueError(f"{len(values)} values have no quarters")
    return values[quarter : 2 * quarter], values[-quarter:]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the line that fits points best, by least squares."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        return 0.0
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
