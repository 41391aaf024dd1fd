"""Records of the store beside those in files: what is wrong in one keeps no other out."""

from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest

from boots.machines import index
from boots.machines.index import Index
from boots.machines.kept import Kept, combined, of
from boots.machines.records import read

FILES = index.build(
    read(
        "machines:\n  - {name: f1, mac: 52:54:00:00:00:01, address: 10.0.0.1/24}\n", "f.yaml"
    ).machines
)[0]


def kept(*records: dict[str, Any]) -> Kept:
    made = Kept()
    for record in records:
        made.put(record["name"], msgspec.json.encode(record).decode(), 1)
    return made


def record(name: str, last: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "mac": f"52:54:00:00:01:{last:02x}",
        "address": f"10.0.0.{last}/24",
    } | more


def said(store: Kept, files: Index = FILES) -> tuple[set[str], list[str]]:
    found, faults = combined(files, store)
    return {machine.name for machine in found.machines}, [str(fault) for fault in faults]


def test_records_of_both_are_found_in_every_way() -> None:
    found, faults = combined(FILES, kept(record("s1", 21)))
    assert [] == faults
    assert {"f1", "s1"} == {machine.name for machine in found.machines}
    assert "s1" == found.by_mac["52:54:00:00:01:15"].machine.name  # type: ignore[index]
    assert "s1" == found.by_address[IPv4Address("10.0.0.21")].machine.name
    assert "the store" == str(found.by_name["s1"].place)
    assert "f.yaml:2" == str(found.by_name["f1"].place)


def test_hardware_objects_are_records_too() -> None:
    hardware = {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "name": "sm01",
        "metadata": {"name": "sm01"},
        "spec": {"interfaces": [{"dhcp": {"mac": "52:54:00:77:00:01"}}]},
    }
    hardware.pop("name")
    machines, faults = of(msgspec.json.encode(hardware).decode())
    assert () == faults
    assert ["sm01"] == [machine.name for machine in machines]


@pytest.mark.parametrize(
    ("claim", "what"),
    [
        ({"mac": "52:54:00:00:00:01"}, "52:54:00:00:00:01"),
        ({"address": "10.0.0.1/24"}, "10.0.0.1"),
        ({"name": "f1"}, "f1"),
    ],
)
def test_what_stands_in_a_file_wins(claim: dict[str, str], what: str) -> None:
    clash = record("s1", 21) | claim
    names, faults = said(kept(clash, record("s2", 22)))
    assert {"f1", "s2"} == names
    [fault] = faults
    assert (
        f'the store: "{clash["name"]}" is left out: {what} belongs to a record in a file' in fault
    )


def test_of_two_in_the_store_that_claim_the_same_one_is_left_out() -> None:
    names, faults = said(kept(record("s1", 21), record("s2", 22, address="10.0.0.21/24")))
    assert 2 == len(names)
    assert 1 == len(faults)
    assert "10.0.0.21 belongs to another record" in faults[0]


def test_a_record_that_cannot_be_read_is_named_and_keeps_no_other_out() -> None:
    names, faults = said(kept(record("s1", 21), record("s2", 22, adress="x")))
    assert {"f1", "s1"} == names
    assert ['the store, s2: adress: there is no field "adress"; did you mean "address"?'] == faults


def test_without_records_the_index_of_the_files_stays_as_it_is() -> None:
    assert combined(FILES, Kept()) == (FILES, [])


def test_a_changed_record_is_read_again_and_a_dropped_one_is_gone() -> None:
    store = kept(record("s1", 21), record("s2", 22))
    said(store)
    store.put("s1", msgspec.json.encode(record("s1", 31)).decode(), 2)
    store.drop("s2")
    store.drop("nobody")
    found, _ = combined(FILES, store)
    assert IPv4Address("10.0.0.31") in found.by_address
    assert {"f1", "s1"} == {machine.name for machine in found.machines}
    assert (2, 0, 1) == (store.revision("s1"), store.revision("s2"), len(store))


def test_what_is_as_it_was_is_not_read_again() -> None:
    store = kept(*(record(f"s{n}", n) for n in range(2, 60)))
    before = store.portions()
    store.take(store.every())
    assert all(a is b for a, b in zip(before, store.portions(), strict=True))
    rest = [each for each in store.every() if each[0] != "s7"]
    store.take(rest)
    changed = [a for a, b in zip(before, store.portions(), strict=True) if a is not b]
    assert 1 == len(changed)
    assert "s7" in {machine.name for machine in changed[0].machines}


def test_files_in_any_form_may_stand_beside_them() -> None:
    plain = index.build(list(FILES.machines))[0]
    assert {"f1", "s1"} == said(kept(record("s1", 21)), plain)[0]
