"""The index finds machines by MAC, address and name, and two claims to one are told."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest
from tests.machines.reading import machines

from boots.machines.files import Cache, Loaded, load
from boots.machines.index import build
from boots.model.mac import Mac


def load_both(folder: Path, first: str, second: str) -> Loaded:
    (folder / "a.yaml").write_text(f"machines:\n  - {{{first}}}\n")
    (folder / "b.yaml").write_text(f"# b\nmachines:\n  - {{{second}}}\n")
    return load([folder], Cache())


def test_a_machine_is_found_three_ways() -> None:
    index, faults = build(
        machines("""
            - {name: a, mac: 02:00:00:00:00:01, address: 10.0.0.1/8}
            - name: b
              interfaces:
                - {mac: 02:00:00:00:00:02}
                - {mac: 02:00:00:00:00:03, address: 10.0.0.3/8}
            """)
    )
    b = index.by_name["b"]
    assert [] == faults
    assert "a" == index.by_mac[Mac("02:00:00:00:00:01")].machine.name
    assert b is index.by_mac[Mac("02:00:00:00:00:02")].machine
    assert Mac("02:00:00:00:00:03") == index.by_address[IPv4Address("10.0.0.3")].mac


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (
            "name: a, mac: 02:00:00:00:00:01",
            "name: b, mac: 02-00-00-00-00-01",
            '"b" has the MAC 02:00:00:00:00:01 of "a" at {}; give each interface a MAC of its own',
        ),
        (
            "mac: 02:00:00:00:00:01",
            "mac: 02:00:00:00:00:01",
            (
                '"02:00:00:00:00:01" has the MAC 02:00:00:00:00:01 of "02:00:00:00:00:01" at {};'
                " give each interface a MAC of its own"
            ),
        ),
        (
            "name: a, mac: 02:00:00:00:00:01, address: 10.0.0.1/8",
            "name: b, mac: 02:00:00:00:00:02, address: 10.0.0.1/24",
            '"b" has the address 10.0.0.1 of "a" at {}; give each machine an address of its own',
        ),
        (
            "name: a, mac: 02:00:00:00:00:01",
            "name: a, mac: 02:00:00:00:00:02",
            '"a" is the name of the machine at {}; give each machine a name of its own',
        ),
    ],
)
def test_two_claims_are_told_with_both_places(
    tmp_path: Path, first: str, second: str, told: str
) -> None:
    (fault,) = load_both(tmp_path, first, second).faults
    assert f"{tmp_path}/b.yaml:3: {told.format(f'{tmp_path}/a.yaml:2')}" == str(fault)


def test_of_two_claims_the_first_is_in_the_index(tmp_path: Path) -> None:
    index = load_both(tmp_path, "name: a, mac: 02:00:00:00:00:01", "mac: 02:00:00:00:00:01").index
    assert "a" == index.by_mac[Mac("02:00:00:00:00:01")].machine.name


def test_a_machine_has_a_mac_once() -> None:
    _, (fault,) = build(
        machines("{name: a, interfaces: [{mac: 02:00:00:00:00:01}, {mac: 02:00:00:00:00:01}]}")
    )
    assert '"a" has the MAC 02:00:00:00:00:01 twice' == fault.problem


def test_a_machine_may_use_one_address_on_whichever_interface_has_a_cable() -> None:
    index, faults = build(
        machines("""
            interfaces:
              - {mac: 02:00:00:00:00:01, address: 10.0.0.1/8}
              - {mac: 02:00:00:00:00:02, address: 10.0.0.1/8}
            """)
    )
    assert [] == faults
    assert Mac("02:00:00:00:00:01") == index.by_address[IPv4Address("10.0.0.1")].mac


def test_one_name_in_two_namespaces_is_two_machines() -> None:
    text = """
        apiVersion: tinkerbell.org/v1alpha1
        kind: HardwareList
        items:
          - metadata: {name: a, namespace: lab}
            spec: {interfaces: [{dhcp: {mac: 02:00:00:00:00:01}}]}
          - metadata: {name: a, namespace: rack}
            spec: {interfaces: [{dhcp: {mac: 02:00:00:00:00:02}}]}
        """
    index, faults = build(machines(text))
    assert [] == faults
    assert {"lab/a", "rack/a"} == set(index.by_name)


def test_a_raspberry_pi_is_found_by_the_folder_it_asks_below() -> None:
    index, faults = build(
        machines("{mac: 02:00:00:00:00:01, raspberry_pi: {serial: 10000000ABCD1234}}")
    )
    assert [] == faults
    assert Mac("02:00:00:00:00:01") == index.by_serial["abcd1234"].mac


def test_two_machines_have_two_serial_numbers() -> None:
    _, (fault,) = build(
        machines("""
            machines:
              - {name: a, mac: 02:00:00:00:00:01, raspberry_pi: {serial: abcd1234}}
              - {name: b, mac: 02:00:00:00:00:02, raspberry_pi: {serial: abcd1234}}
            """)
    )
    assert '"b" has the serial abcd1234 of "a" at ' in fault.problem
    assert "give each machine a serial of its own" == fault.advice
