"""What it costs to follow boots, to keep them and to show them: with all of it, and without."""

from bench.cases import P99, RESIDENT, STARTED, Case
from bench.subjects import boots, without_eyes
from bench.suites.dhcp import EXCHANGE, Dhcp
from bench.suites.start import first_answer

_RATES = (500, 5_000, 10_000)


def cases(quick: bool) -> list[Case]:
    """DHCP at saturation and at rates, the start, and memory."""
    both = (boots(1000), without_eyes(1000))
    many = (boots(10_000), without_eyes(10_000))
    storm = (boots(40_000), without_eyes(40_000))
    once = Dhcp(machines=40_000, exchanges=40_000)
    return [
        Case("eyes", "eyes: a storm, 40,000 machines once", EXCHANGE, storm, once, warm_up=0.02),
        Case("eyes", "eyes: 1,000 machines, again and again", EXCHANGE, both, Dhcp()),
        *(
            Case("eyes", f"eyes: {rate:,} exchanges a second", P99, both, _offered(rate))
            for rate in ((10_000,) if quick else _RATES)
        ),
        Case("eyes", "eyes: start", STARTED, both, first_answer(1000), warm_up=0),
        Case("eyes", "eyes: memory", RESIDENT, many, first_answer(10_000), warm_up=0),
    ]


def _offered(rate: int) -> Dhcp:
    return Dhcp(rate=rate, seconds=3, outstanding=4000)
