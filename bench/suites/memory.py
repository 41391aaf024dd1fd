"""Resident memory of a server that was just started, by the number of its machines."""

from bench.cases import RESIDENT, Case
from bench.subjects import boots, dnsmasq, kea
from bench.suites.start import first_answer


def cases(quick: bool) -> list[Case]:
    """None, a thousand, a hundred thousand; after the first answer, as some read on till then."""
    return [_case(machines, quick=quick) for machines in (0, 1000, 100_000)]


def _case(machines: int, *, quick: bool) -> Case:
    subjects = (boots(machines), kea(machines, persist=True), dnsmasq(machines))
    return Case(
        "memory",
        f"{machines:,} machines" if machines else "no machines",
        RESIDENT,
        # In the short form without dnsmasq's 16 s of reading.
        subjects[:2] if quick and machines > 1000 else subjects,
        first_answer(machines) if machines else None,
        warm_up=0,
        rounds=1 if quick else 3,
    )
