"""What rules may ask of a machine: an inventory, flat, whatever somebody sent in its place."""

import json
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boots.model.mac import Mac
from boots.policy.attributes import (
    NAMES,
    Attributes,
    Disk,
    Plugged,
    attributes,
    plugged_in,
    variables,
)

VECTORS = Path(__file__).parent.parent / "vectors" / "agent"
FIRST, SECOND = Mac("b8:ce:f6:00:00:02"), Mac("b8:ce:f6:00:00:03")
GIB = 1 << 30

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)
TEXT = st.text(max_size=20)
MACS = st.sampled_from([FIRST, SECOND, "02-00-00-00-00-01", "01:00:00:00:00:01", "x", ""])
NUMBER = st.integers(-1, 1 << 64)


def like(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A mapping that may be what it should be, or nearly."""
    return st.fixed_dictionaries({}, optional={key: each | JSON for key, each in fields.items()})


SWITCHES = like(switch=TEXT, chassis=TEXT, port=TEXT, port_description=TEXT, vlan=NUMBER)
NICS = like(mac=MACS, driver=TEXT, lldp=SWITCHES)
DISKS = like(name=TEXT, path=TEXT, bytes=NUMBER, transport=TEXT, read_only=st.booleans())
KEYS = ("system", "cpu", "memory", "disks", "nics", "architecture", "firmware", "secure_boot")
INVENTORIES = (
    JSON
    | st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON))
    | like(
        system=like(manufacturer=TEXT, product=TEXT, serial=TEXT, uuid=TEXT),
        memory=like(bytes=NUMBER),
        disks=st.lists(DISKS, max_size=4),
        nics=st.lists(NICS, max_size=4),
        architecture=st.sampled_from(["x86_64", "aarch64"]),
    )
)


def vector(name: str) -> Any:
    text = (VECTORS / f"inventory-{name}.json").read_text()
    return json.loads(text)["request"]["content"]


def test_an_inventory_is_told_flat() -> None:
    assert Attributes(
        mac=FIRST,
        macs=(FIRST, SECOND),
        told=True,
        manufacturer="ACME",
        product="Rack 2",
        serial="S123",
        uuid="11112222-3333-4444-5555-666677778888",
        cpu="x86_64",
        cpu_model="Intel(R) Xeon(R) Gold 6230",
        cpus=8,
        memory=256 * GIB,
        firmware="uefi",
        secure_boot=True,
        disks=(
            Disk("nvme0n1", "/dev/nvme0n1", 1920383410176, "ACME NVMe 1.92TB", "N1", "nvme", False),
            Disk("sda", "/dev/sda", 4000787030016, "SEAGATE ST4000NM0025", "ZC12", "sas", True),
        ),
        plugged=(
            Plugged(
                FIRST,
                "leaf1.example.net",
                "52:54:00:aa:00:01",
                "Ethernet1/7",
                "rack 3, node 7",
                100,
            ),
        ),
        address=IPv4Address("10.1.0.7"),
        prefix=24,
    ) == attributes(vector("server"), FIRST, IPv4Address("10.1.0.7"), 24)


def test_a_machine_that_told_nothing_has_a_mac() -> None:
    assert Attributes(mac=FIRST, macs=(FIRST,)) == attributes(None, FIRST)


def test_the_nic_that_booted_is_the_first_whatever_the_inventory_says() -> None:
    assert (SECOND, FIRST) == attributes(vector("server"), SECOND).macs
    other = Mac("02:00:00:00:00:01")
    assert (other, FIRST, SECOND) == attributes(vector("server"), other).macs


@pytest.mark.parametrize(
    "nic",
    [
        {"mac": "00:00:00:00:00:00"},
        {"mac": "01:00:00:00:00:01"},
        {"mac": "b8:ce:f6:00:00:02"},
        {"mac": "x"},
        {"mac": 7},
        {"mac": "b8:ce:f6:00:00:09", "driver": "cdc_ether"},
        "b8:ce:f6:00:00:09",
    ],
)
def test_what_is_no_nic_of_its_own_is_left_out(nic: Any) -> None:
    assert (FIRST,) == attributes({"nics": [nic]}, FIRST).macs


@pytest.mark.parametrize(
    "said",
    [
        *("To Be Filled By O.E.M.", "Default string", "System Serial Number", "Not Specified"),
        *("0", "N/A", "None", "123456789", "0123456789", "xxxxxxx", "...", "", None, 7, ["S1"]),
    ],
)
def test_what_nobody_filled_in_is_no_serial_number(said: Any) -> None:
    assert "" == attributes({"system": {"serial": said}}, FIRST).serial


@pytest.mark.parametrize("said", ["S123", "VMware-56 4d", "CZ1234", "1000001", "0A0B"])
def test_what_somebody_filled_in_is_one(said: str) -> None:
    assert said == attributes({"system": {"serial": said}}, FIRST).serial


@pytest.mark.parametrize(
    ("given_to_it", "expected"),
    [
        (62.7, 64),
        (94.1, 96),
        (251.6, 256),
        (376.4, 384),
        (7.7, 8),
        (1007.5, 1024),
        (64, 64),
        (0, 0),
    ],
)
def test_memory_is_what_is_plugged_in(given_to_it: float, expected: int) -> None:
    assert expected * GIB == plugged_in(int(given_to_it * GIB))


def test_sticks_and_empty_drives_are_no_disks() -> None:
    disks = [
        {"name": "sda", "bytes": 1 << 40, "transport": "usb"},
        {"name": "sdb", "bytes": 0, "transport": "sas"},
        {"name": "sdc", "bytes": 1 << 40, "read_only": True},
        {"name": "sdd", "bytes": 1 << 40, "transport": None},
        {"name": "sde", "bytes": -1},
        {"name": "sdf", "bytes": True},
    ]
    assert ["sdd"] == [disk.name for disk in attributes({"disks": disks}, FIRST).disks]


def test_a_text_is_short_of_one_line_and_no_template() -> None:
    said = {"system": {"product": "a\nb\x1b[1m{{ x }}" + "y" * 1000}}
    product = attributes(said, FIRST).product
    assert product.startswith("ab[1m?? x ??y")
    assert len(product) <= 256


@given(INVENTORIES)
def test_whatever_came_is_told_flat(inventory: Any) -> None:
    found = attributes(inventory, FIRST)
    assert FIRST == found.macs[0]
    assert len(set(found.macs)) == len(found.macs) <= 65
    texts = [found.manufacturer, found.product, found.serial, found.cpu, found.firmware]
    assert all(text.isprintable() and "{" not in text and len(text) <= 256 for text in texts)
    assert NAMES == variables(found, None).keys()
