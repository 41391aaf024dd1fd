import json

import pytest

from boots.lab.fleet import plan
from boots.lab.fleet.booting import Story
from boots.lab.fleet.kinds import Kind, Stage
from boots.lab.fleet.report import Report, Spent, percentile, report


def story(number: int, took: float, failure: str = "", own: float = 0.0) -> tuple[float, Story]:
    machine = plan.fleet(number, {Kind.BIOS: 1}, 1)[-1]
    told = Story(machine, failure=failure.replace("MAC", machine.mac.hex(":")), received=10)
    if not failure:
        told.marks[Stage.OFFER] = 100 + took
        told.own_waits[Stage.OFFER] = own
    return 100.0, told


def made(*stories: tuple[float, Story]) -> Report:
    return report(stories, Stage.OFFER, Spent(2.0, 1.0, 0.0, None), 0.0)


@pytest.mark.parametrize(
    ("values", "percent", "value"),
    [([], 50, 0), ([1], 99, 1), ([1, 2, 3, 4], 50, 2), (range(1, 101), 99, 99), ([1, 2], 100, 2)],
)
def test_a_percentile_is_one_of_the_values(values: list[float], percent: int, value: float) -> None:
    assert percentile(values, percent) == value


def test_times_are_since_each_machines_own_power_on() -> None:
    times = made(story(1, 1.0, own=0.5), story(2, 3.0, own=0.5)).stages["offer"]

    assert (times.machines, times.p50, times.longest) == (2, 1.0, 3.0)
    assert times.p99_without_own_waits == 2.5


def test_what_differs_by_machine_alone_is_one_reason() -> None:
    found = made(
        story(1, 1),
        *(story(number, 0, "http://s/MAC/x: status 404") for number in range(2, 8)),
        story(9, 0, "no OFFER"),
    )

    assert [(each.why, each.machines) for each in found.failures] == [
        ("http://s/MAC/x: status 404", 6),
        ("no OFFER", 1),
    ]
    assert len(found.failures[0].first) == 3
    assert (found.ok, found.booted, found.machines) == (False, 1, 8)
    assert found.received == 80


def test_the_report_for_programs_says_the_same() -> None:
    found = json.loads(made(story(1, 1.0)).as_json())

    assert found["stages"]["offer"]["p50"] == 1.0
    assert found["failures"] == []


def test_a_stage_that_no_machine_has_is_left_out() -> None:
    (pi,) = plan.fleet(1, {Kind.RPI4: 1}, 1)
    told = report([(0.0, Story(pi))], Stage.FILES, Spent(1, 1, 0, None), 0.0)

    assert list(told.stages) == ["offer", "address", "boot-file", "files"]
