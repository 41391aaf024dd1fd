import random
from ipaddress import IPv4Network

import pytest

from boots.lab.fleet import plan
from boots.lab.fleet.kinds import Kind
from boots.lab.fleet.plan import Arrival, PlanError
from boots.machines import records

NETWORK = IPv4Network("10.77.0.0/24")
ALL = dict.fromkeys(Kind, 1)


def test_the_same_seed_makes_the_same_machines_and_another_makes_others() -> None:
    macs = {machine.mac for machine in plan.fleet(20, ALL, 1)}

    assert macs == {machine.mac for machine in plan.fleet(20, ALL, 1)}
    assert macs.isdisjoint(machine.mac for machine in plan.fleet(20, ALL, 2))


def test_macs_are_of_the_range_that_nobody_gives_out_but_those_of_raspberry_pis() -> None:
    for machine in plan.fleet(40, ALL, 1):
        first = b"\xdc\xa6\x32" if machine.kind is Kind.RPI4 else b"\2"
        assert machine.mac.startswith(first)


def test_ten_thousand_machines_have_macs_and_serials_of_their_own() -> None:
    fleet = plan.fleet(10_000, ALL, 1)

    assert len({machine.mac for machine in fleet}) == 10_000


def test_kinds_have_their_shares_and_are_well_mixed() -> None:
    kinds = [machine.kind for machine in plan.fleet(8, plan.mix("bios=3,uefi"), 1)]

    assert kinds.count(Kind.BIOS) == 6
    assert kinds[:4].count(Kind.UEFI) == kinds[4:].count(Kind.UEFI) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("bios,vax", '--mix: there is no kind "vax"; there are bios, uefi, uefi-http, rpi4'),
        ("bios=0", '--mix: "0" is no share of bios; write bios=2'),
    ],
)
def test_a_mix_that_cannot_be_is_refused(text: str, why: str) -> None:
    with pytest.raises(PlanError) as refused:
        plan.mix(text)
    assert str(refused.value) == why


@pytest.mark.parametrize(
    ("text", "arrival"),
    [("at-once", Arrival()), ("30", Arrival(over=30)), ("poisson:2.5", Arrival(rate=2.5))],
)
def test_machines_arrive_at_once_over_some_seconds_or_at_a_rate(
    text: str, arrival: Arrival
) -> None:
    assert plan.arrival(text) == arrival


@pytest.mark.parametrize("text", ["soon", "-1", "poisson:0", "uniform:3", "nan", "inf"])
def test_an_arrival_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(PlanError, match="write at-once"):
        plan.arrival(text)


def test_machines_come_at_once_evenly_or_by_chance() -> None:
    by_chance = list(Arrival(rate=10).times(1000, random.Random(1)))

    assert list(Arrival().times(3, random.Random(1))) == [0, 0, 0]
    assert list(Arrival(over=30).times(3, random.Random(1))) == [0, 10, 20]
    assert by_chance == sorted(by_chance)
    assert 80 < by_chance[-1] < 120


def test_records_are_ones_that_boots_reads() -> None:
    fleet = plan.fleet(8, ALL, 1)

    found = records.read("\n".join(plan.records(fleet, NETWORK, "10.77.0.1")), "fleet.yaml")

    assert found.faults == ()
    assert sorted(machine.mac.hex(":") for machine in fleet) == sorted(
        interface.mac for machine in found.machines for interface in machine.interfaces
    )


def test_a_network_too_small_is_refused() -> None:
    with pytest.raises(PlanError, match="has room for 239 machines, not for 240"):
        plan.addresses(plan.fleet(240, ALL, 1), NETWORK)
    assert str(plan.addresses(plan.fleet(239, ALL, 1), NETWORK)[-1]) == "10.77.0.254"
