"""The record that a server's rules make of a stranger can be kept, or there is a reason."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from tests.policy.test_attributes import FIRST, INVENTORIES, SECOND, vector

from boots.app import enrolment, rules, world
from boots.app.world import World
from boots.documents.fault import Faulty
from boots.machines import records
from boots.machines.files import Cache
from boots.machines.index import Index
from boots.model.mac import Mac
from boots.settings import Boot, Dhcp, Enrol, Settings, Subnet

SERVER = vector("server")
OTHERS = """\
machines:
  - {name: taken, mac: "02:00:00:00:00:01", address: 10.1.0.9/24}
"""
ADDRESSES = {"eth0": IPv4Interface("10.0.0.1/24")}
Make = Callable[..., World]


@pytest.fixture
def made(tmp_path: Path) -> Make:
    """A world with these rules, beside one machine with a record."""

    def make(rules: str, others: str = OTHERS) -> World:
        (tmp_path / "machines.yaml").write_text(others)
        (tmp_path / "rules.yaml").write_text(rules)
        settings = Settings(
            machines=[str(tmp_path / "machines.yaml")],
            boot=Boot(osie=str(tmp_path)),
            dhcp=Dhcp(mode="pool"),
            subnets=[Subnet(network="10.1.0.0/24", pool=["10.1.0.100-10.1.0.199"])],
            enrol=Enrol(rules=str(tmp_path / "rules.yaml")),
        )
        return world.build(settings, ADDRESSES, Cache(tmp_path / "cache"))

    return make


def test_a_rule_makes_a_record_with_the_address_the_machine_has(made: Make) -> None:
    rules = """
    - name: one
      record: {name: "{{ serial }}", profile: local-disk, address: "{{ address }}"}
      enrol: auto
    """
    found = enrolment.propose(made(rules), FIRST, SERVER, IPv4Address("10.1.0.7"))
    assert ("one", "", True) == (found.rule, found.problem, found.auto)
    read = records.read(msgspec.json.encode(found.record).decode(), "a")
    assert () == read.faults
    (machine,) = read.machines
    first, second = machine.interfaces
    assert ("S123", "local-disk", FIRST, SECOND) == (
        machine.name,
        first.netboot.profile,
        first.mac,
        second.mac,
    )
    assert (True, False) == (first.netboot.allowed, second.netboot.allowed)
    assert first.reservation is not None
    assert (IPv4Address("10.1.0.7"), 24) == (first.reservation.address, first.reservation.prefix)
    assert second.reservation is None


def test_an_address_of_no_network_that_is_known_is_left_out(made: Make) -> None:
    rules = "- {name: one, record: {address: '{{ address }}'}}"
    found = enrolment.propose(made(rules), FIRST, SERVER, IPv4Address("192.0.2.7"))
    assert "" == found.problem
    assert {"mac": FIRST} == (found.record or {})["interfaces"][0]


def test_our_own_network_is_known(made: Make) -> None:
    rules = "- {name: one, record: {address: '{{ address }}'}}"
    found = enrolment.propose(made(rules), FIRST, SERVER, IPv4Address("10.0.0.7"))
    assert "10.0.0.7/24" == (found.record or {})["interfaces"][0]["address"]


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ("name: taken", '"taken" is the name of the machine at '),
        ("address: 10.1.0.9/24", '10.1.0.9 is of "taken" at '),
        ("profile: gone", 'there is no profile "gone"'),
        ("then: '{{ serial }}'", 'the rule "one" makes no record: then: "S123" is not one of'),
        ("name: '{{ uuid[50:] }}'", 'name: "{{ uuid[50:] }}" is empty for this machine'),
    ],
)
def test_a_record_that_cannot_be_kept_is_a_problem(made: Make, record: str, told: str) -> None:
    found = enrolment.propose(
        made(f"- {{name: one, record: {{{record}}}, enrol: auto}}"), FIRST, SERVER
    )
    assert ("one", None) == (found.rule, found.record)
    assert told in found.problem


def test_a_nic_of_another_machine_is_a_problem(made: Make) -> None:
    others = OTHERS + f"  - {{name: b, mac: '{SECOND}'}}\n"
    found = enrolment.propose(made("- {name: one, enrol: auto}", others), FIRST, SERVER)
    assert f'{SECOND} is of "b" at ' in found.problem
    assert found.record is None


def test_a_machine_with_a_record_gets_no_other(made: Make) -> None:
    known = Mac("02:00:00:00:00:01")
    found = enrolment.propose(made("- {name: one, enrol: auto}"), known, SERVER)
    assert ("", None, False) == (found.rule, found.record, found.auto)
    assert found.problem.startswith('it is "taken" at ')


def test_a_mistake_in_the_rules_leaves_the_world_in_force(made: Make) -> None:
    with pytest.raises(Faulty, match="1 mistakes"):
        made("- {name: one, record: {workflow: x}}")


RULES = """
- name: a
  match: {disks: ">= 1"}
  record: {name: "{{ disks[0].name }}", address: "{{ address }}", kernel_args: ["{{ product }}"]}
- {name: b, match: {vlan: ">= 1"}, record: {vlan: "{{ vlan }}", console: "{{ switch }}"}}
- {name: c, record: {host_name: "{{ product }}"}}
"""


READ = rules.read(RULES, "rules.yaml")[0]


@given(INVENTORIES)
def test_whatever_a_stranger_says_its_record_can_be_read(inventory: Any) -> None:
    world = World(Index(), {}, rules=READ)
    found = enrolment.propose(world, FIRST, inventory, IPv4Address("10.1.0.7"))
    assert len(found.missed) == "abc".index(found.rule)
    assert (found.record is None) is bool(found.problem)
    if found.record is not None:
        assert () == records.read(msgspec.json.encode(found.record).decode(), "a").faults
