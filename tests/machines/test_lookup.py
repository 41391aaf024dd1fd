"""Machines that are kept as bytes are found as those that are not."""

import weakref
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from tests.machines.reading import VECTORS, machines

from boots.machines import index, lookup, packed, packing
from boots.machines.packed import Damaged, from_bytes, to_bytes
from boots.machines.packing import pack
from boots.machines.records import read
from boots.model.mac import Mac
from boots.model.machine import Machine

FEW = """
    - {name: a, mac: 02:00:00:00:00:01, address: 10.0.0.1/8, instance_id: i-1, domain: example.org}
    - {name: b, mac: 02:00:00:00:00:02, address: 10.0.0.2/8, domain: example.org}
    - {mac: 02:00:00:00:00:03, notes: no address}
    - name: d
      raspberry_pi: {serial: 10000000abcd1234}
      values: {rack: r1}
      interfaces:
        - {mac: 02:00:00:00:00:04, address: 10.0.0.4/8, host_name: other}
        - {mac: 02:00:00:00:00:05, address: 10.0.0.4/8, netboot: false}
        - {mac: 02:00:00:00:00:06}
    """


def few() -> tuple[Machine, ...]:
    return machines(FEW.replace("raspberry_pi: {serial: 10000000abcd1234}", "cpu: aarch64"))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if two machines were thousands, and three records all that are compressed together."""
    monkeypatch.setattr(packing, "_PART", 2)
    monkeypatch.setattr(packed, "TOGETHER", 3)


@pytest.mark.parametrize("path", sorted(VECTORS.iterdir()), ids=lambda path: str(path.name))
def test_every_form_of_record_comes_back_as_it_was(path: Path) -> None:
    found = read(path.read_text(), "a.yaml").machines
    parts = from_bytes(to_bytes(pack(found, "a.yaml")), "a.yaml")
    assert found == tuple(lookup.Machines(parts))


def test_what_is_packed_is_found_in_the_same_ways() -> None:
    plain, _ = index.build(few())
    found, faults = lookup.build(pack(few(), "a.yaml"))
    assert [] == faults
    assert plain.by_mac == found.by_mac
    assert plain.by_address == found.by_address
    assert plain.by_name == found.by_name
    assert plain.machines == found.machines
    assert list(plain.by_mac) == list(found.by_mac)
    assert plain.machines[1:] == found.machines[1:]
    assert plain.machines[-1] == found.machines[-1]


def test_a_board_is_found_by_its_serial() -> None:
    text = "- {mac: 02:00:00:00:00:01}\n" * 0 + "mac: 02:00:00:00:00:01\n"
    own = machines(text + "raspberry_pi: {serial: 10000000ABCD1234}")
    found, _ = lookup.build(pack(own, "a.yaml"))
    assert Mac("02:00:00:00:00:01") == found.by_serial["abcd1234"].mac


def test_a_board_with_an_address_is_found_by_its_serial_too() -> None:
    own = machines(
        "{mac: 02:00:00:00:00:01, address: 10.0.0.1/8, raspberry_pi: {serial: abcd1234}}"
    )
    found, _ = lookup.build(pack(own, "a.yaml"))
    assert found.by_serial["abcd1234"] == found.by_address[IPv4Address("10.0.0.1")]


def test_an_index_that_nobody_has_any_more_can_be_let_go_piece_by_piece() -> None:
    found, _ = lookup.build(pack(few(), "a.yaml"))
    made = [weakref.ref(part) for part in found.machines.parts]  # type: ignore[attr-defined]
    assert 2 == len(made)
    left = lookup.pieces(found)
    del found
    while len(left) > 2:
        left.pop()
    assert all(part() is not None for part in made)
    left.pop()
    assert [True, False] == [part() is not None for part in made]
    assert 4 == len(lookup.pieces(index.build(few())[0]))


def test_what_nobody_has_is_not_found() -> None:
    found, _ = lookup.build(pack(few(), "a.yaml"))
    nobody = Mac("02:00:00:00:00:99")
    assert found.by_mac.get(nobody) is None
    assert nobody not in found.by_mac
    assert found.by_address.get(IPv4Address("10.9.9.9")) is None
    assert "10.0.0.1" not in found.by_address
    with pytest.raises(KeyError):
        found.by_mac[nobody]


def test_a_machine_is_made_once_however_it_is_found() -> None:
    found, _ = lookup.build(pack(few(), "a.yaml"))
    known = found.by_mac[Mac("02:00:00:00:00:01")]
    assert known is found.by_mac.get(Mac("02:00:00:00:00:01"))
    assert known.machine is found.by_address[IPv4Address("10.0.0.1")].machine
    assert known.machine is found.by_name["a"]


@pytest.mark.parametrize(
    "other",
    [
        "{name: z, mac: 02:00:00:00:00:01}",
        "{name: z, mac: 02:00:00:00:00:09, address: 10.0.0.4/8}",
        "{name: d, mac: 02:00:00:00:00:09}",
        "{mac: 02:00:00:00:00:03}",
    ],
    ids=["mac", "address", "name", "nameless"],
)
def test_what_two_files_claim_is_told_in_the_same_words(other: str) -> None:
    own, theirs = few(), read(other, "b.yaml").machines
    plain, told = index.build((*own, *theirs))
    found, faults = lookup.build((*pack(own, "a.yaml"), *pack(theirs, "b.yaml")))
    assert 1 == len(faults)
    assert (plain, told) == (found, faults)


def test_what_was_written_of_a_machine_comes_back() -> None:
    (first, *_) = few()
    made = lookup.build(pack(few(), "a.yaml"))[0].by_name["a"]
    assert bytes(first.record) == bytes(made.record)
    assert first.record == made.record
    assert made.record != b"{}"


def test_what_machines_share_is_kept_once() -> None:
    one, two = (lookup.build(pack(few(), "a.yaml"))[0].machines)[:2]
    own = [each.interfaces[0].netboot for each in (one, two)]
    assert own[0] is own[1]


@pytest.mark.parametrize("at", [0, 3, 4, 40, -1])
def test_bytes_that_changed_are_noticed(at: int) -> None:
    data = bytearray(to_bytes(pack(few(), "a.yaml")))
    data[at] ^= 1
    with pytest.raises(Damaged):
        from_bytes(bytes(data), "a.yaml")
