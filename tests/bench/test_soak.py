"""What the samples and rounds of a soak mean."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

import pytest

from bench.soak.churn import HOUR, SMOKE
from bench.soak.drawn import draw
from bench.soak.kept import Kept
from bench.soak.verdict import MIB, Bounds, Round, Sample, judge, slope

BOUNDS = Bounds()


@dataclass
class Grows:
    """By how much, from the beginning to the end."""

    memory: int = 0
    fds: int = 0
    latency: float = 0.0
    cpu: float = 0.0
    lost: int = 0


def sample(at: int, grows: Grows) -> Sample:
    part = at / 39
    memory = 100 * MIB + round(grows.memory * part)
    return Sample(
        at=at * 10.0,
        rss=memory,
        own=memory - 10 * MIB,
        fds=30 + round(grows.fds * part),
        sockets=11,
        threads=12,
        store=MIB,
        cpu=at * 0.5,
        lag=0.002,
    )


def a_round(number: int, grows: Grows) -> Round:
    part = number / 7
    return Round(
        number=number,
        at=number * 50.0,
        machines=100,
        booted=100 - grows.lost,
        script_p99=0.1 + grows.latency * part,
        restarts=0,
        saturated=0.0,
        failures=("1: no offer",) * grows.lost,
        cpu=2.0 + grows.cpu * part,
    )


def too_much(grows: Grows) -> list[str]:
    samples = [sample(at, grows) for at in range(40)]
    rounds = [a_round(number, grows) for number in range(8)]
    verdict = judge(samples, rounds, BOUNDS)
    assert verdict.ok == (not grows.lost and all(line.ok for line in verdict.lines))
    return [line.what for line in verdict.lines if not line.ok]


def test_what_stays_as_it_was_is_flat() -> None:
    assert [] == too_much(Grows())


@pytest.mark.parametrize(
    ("grows", "found"),
    [
        (Grows(memory=20 * MIB), "own"),
        (Grows(fds=12), "fds"),
        (Grows(latency=1.0), "seconds to the script"),
        (Grows(cpu=2.0), "CPU of a boot"),
    ],
)
def test_what_grows_is_named(grows: Grows, found: str) -> None:
    assert any(what.startswith(found) for what in too_much(grows))


def test_a_boot_that_failed_is_no_pass_however_flat_the_rest_is() -> None:
    grows = Grows(lost=1)
    verdict = judge(
        [sample(at, grows) for at in range(40)], [a_round(n, grows) for n in range(8)], BOUNDS
    )

    assert all(line.ok for line in verdict.lines)
    assert not verdict.ok
    assert "round 0: 1: no offer" == verdict.failures[0]


def test_one_bad_moment_is_neither_a_leak_nor_a_slowness() -> None:
    flat = Grows()
    samples = [sample(at, flat) for at in range(40)]
    samples[38] = sample(39, Grows(memory=8 * MIB, fds=50))
    rounds = [a_round(number, flat) for number in range(8)]

    assert judge(samples, rounds, BOUNDS).ok


def test_a_slope_is_that_of_the_line_that_fits_best() -> None:
    assert 2.0 == pytest.approx(slope([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]))
    assert 0.0 == slope([(1.0, 1.0), (1.0, 3.0)])


def test_a_round_has_the_same_machines_each_time_it_is_asked_for() -> None:
    first, again = HOUR.round(3), HOUR.round(3)

    assert [each.mac for each in first] == [each.mac for each in again]
    assert 134 == len({each.mac for each in first})


def test_new_machines_were_in_no_round_before() -> None:
    rounds = [{each.mac for each in SMOKE.round(number)} for number in range(8)]
    assert all(rounds[number] - set.union(*rounds[:number]) for number in range(1, 8))


def test_the_picture_is_one() -> None:
    flat = Grows()
    samples = [sample(at, flat) for at in range(40)]
    rounds = [a_round(number, flat) for number in range(8)]
    kept = Kept(
        machine={},
        began="",
        bounds=BOUNDS,
        verdict=judge(samples, rounds, BOUNDS),
        acts=1,
        act_faults=(),
        store_bytes_a_boot=1.0,
        server_cores=0.1,
        rounds=tuple(rounds),
        samples=tuple(samples),
    )
    root = ET.fromstring(draw(kept))

    assert 4 == len(root.findall(".//{http://www.w3.org/2000/svg}path[@class='line boots']"))
