"""What came of a simulation, as values: how long each stage took, what failed and why."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from boots.lab.fleet.booting import Story
from boots.lab.fleet.kinds import Stage, stages

_NAMED = 3  # failures of one kind that are told with their machines


class Times(msgspec.Struct, frozen=True):
    """How many machines reached a stage, and after how many seconds since each one's power-on.

    The last is what 99 of 100 took less the waits that are the client's own.
    """

    machines: int
    p50: float
    p90: float
    p99: float
    longest: float
    p99_without_own_waits: float


class Failure(msgspec.Struct, frozen=True):
    """Why machines did not boot, how many, and the first few of them by MAC."""

    why: str
    machines: int
    first: tuple[str, ...]


class Report(msgspec.Struct, frozen=True):
    """The result of a simulation.

    `seconds` is from the first power-on to the last machine's end; `cpu` and `server_cpu` are
    seconds of CPU, the latter None where nobody knows it.  `saturated` are the seconds in which
    the simulator had nine tenths of a core or more: what was measured then is its own limit.
    """

    machines: int
    booted: int
    seconds: float
    stages: Mapping[str, Times]
    dhcp_retries: int
    tftp_retries: int
    fetch_retries: int
    restarts: int
    received: int
    failures: tuple[Failure, ...]
    cpu: float
    saturated: float
    server_cpu: float | None
    loss: float

    @property
    def ok(self) -> bool:
        """Whether every machine booted."""
        return self.booted == self.machines

    @property
    def rate(self) -> float:
        """Machines that booted in a second."""
        return self.booted / self.seconds if self.seconds else 0.0

    def as_json(self) -> bytes:
        """The report for programs."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a simulation cost, in seconds."""

    seconds: float
    cpu: float
    saturated: float
    server_cpu: float | None


def report(
    stories: Sequence[tuple[float, Story]], until: Stage, spent: Spent, loss: float
) -> Report:
    """Sum up stories, each with the moment of its machine's power-on."""
    told = [story for _, story in stories]
    return Report(
        machines=len(told),
        booted=sum(not story.failure for story in told),
        seconds=spent.seconds,
        stages={stage.value: _times(stories, stage) for stage in expected(told, until)},
        dhcp_retries=sum(story.dhcp_retries for story in told),
        tftp_retries=sum(story.tftp_retries for story in told),
        fetch_retries=sum(story.fetch_retries for story in told),
        restarts=sum(story.restarts for story in told),
        received=sum(story.received for story in told),
        failures=failures(told),
        cpu=spent.cpu,
        saturated=spent.saturated,
        server_cpu=spent.server_cpu,
        loss=loss,
    )


def expected(told: Sequence[Story], until: Stage) -> list[Stage]:
    """The stages that a machine of the fleet can reach, up to the last one wanted."""
    wanted = list(Stage)[: list(Stage).index(until) + 1]
    reached = {stage for kind in {story.machine.kind for story in told} for stage in stages(kind)}
    return [stage for stage in wanted if stage in reached]


def _times(stories: Sequence[tuple[float, Story]], stage: Stage) -> Times:
    there = [(began, story) for began, story in stories if stage in story.marks]
    took = sorted(story.marks[stage] - began for began, story in there)
    without = sorted(story.marks[stage] - began - story.own_waits[stage] for began, story in there)
    return Times(
        machines=len(took),
        p50=percentile(took, 50),
        p90=percentile(took, 90),
        p99=percentile(took, 99),
        longest=took[-1] if took else 0.0,
        p99_without_own_waits=percentile(without, 99),
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of sorted values that so many percent do not exceed; 0 where there is none."""
    if not values:
        return 0.0
    return values[max(math.ceil(len(values) * percent / 100) - 1, 0)]


def failures(told: Sequence[Story]) -> tuple[Failure, ...]:
    """The reasons, the most frequent first; what differs by machine alone is one reason."""
    named: dict[str, list[str]] = {}
    shown: dict[str, str] = {}
    for story in told:
        if story.failure:
            why = _alike(story)
            shown.setdefault(why, story.failure)
            named.setdefault(why, []).append(story.machine.mac.hex(":"))
    counts = Counter({why: len(macs) for why, macs in named.items()})
    return tuple(
        Failure(shown[why] if count == 1 else why, count, tuple(named[why][:_NAMED]))
        for why, count in counts.most_common()
    )


def _alike(story: Story) -> str:
    """A reason without what is the machine's own."""
    mac = story.machine.mac
    why = story.failure
    for own, general in ((mac.hex(":"), "MAC"), (mac.hex("-"), "MAC")):
        why = why.replace(own, general)
    why = why.replace(story.machine.serial, "SERIAL")
    return why.replace(str(story.lease.address), "ADDRESS") if story.lease else why
