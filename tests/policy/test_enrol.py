"""Which record a machine without one would get: the first rule that fits, and why not another."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given
from tests.policy.test_attributes import FIRST, INVENTORIES, SECOND, vector

from boots.app import rules as reader
from boots.model.mac import Mac
from boots.policy.attributes import Attributes, attributes
from boots.policy.enrol import Missed, Proposal, propose, size_text

SERVER = attributes(vector("server"), FIRST, IPv4Address("10.1.0.7"), 24)
SMALL = attributes(vector("virtual-machine"), Mac("52:54:00:12:34:56"))
SILENT = attributes(None, FIRST)
TWO_CABLES = attributes(
    {
        "nics": [
            {"mac": FIRST, "lldp": {"switch": "leaf1", "port": "1", "vlan": 10}},
            {"mac": SECOND, "lldp": {"switch": "leaf2", "port": "2", "vlan": 20}},
        ]
    },
    FIRST,
)


def proposed(text: str, known: Attributes = SERVER) -> Proposal:
    rules, faults = reader.read(text, "rules.yaml")
    assert not faults
    return propose(known, rules)


def misses(match: str, known: Attributes = SERVER) -> tuple[str, ...]:
    """Why a rule with this match does not fit; nothing if it does."""
    missed = proposed(f"- {{name: one, match: {{{match}}}}}", known).missed
    return missed[0].why if missed else ()


# --- whether a rule fits


@pytest.mark.parametrize(
    "match",
    [
        "manufacturer: ACME",
        "manufacturer: ac*",
        "manufacturer: [Dell*, ACME]",
        "product: 'Rack [0-9]'",
        "serial: '*'",
        "uuid: '1111*'",
        "mac: '*:03'",
        "mac: B8-CE-F6-*",
        "cpu: x86_64",
        "cpu: [aarch64, x86_64]",
        "cpu_model: '*gold*'",
        "firmware: uefi",
        "secure_boot: on",
        "switch: leaf1.*",
        "switch: '52:54:00:aa:*'",
        "port: ethernet1/*",
        "port_description: 'rack 3*'",
        "vlan: 100",
        "memory: 256 GiB",
        "memory: ['>= 256 GiB', '< 512GiB']",
        "disks: 2",
        "disks: '>1'",
        "largest_disk: '>= 4 TB'",
        "nics: '== 2'",
        "cpus: '>= 8'",
        "network: 10.1.0.0/24",
        "network: [10.0.0.0/24, 10.1.0.0/16]",
        "manufacturer: ''",
    ],
)
def test_a_rule_fits(match: str) -> None:
    assert () == misses(match)


@pytest.mark.parametrize(
    ("match", "why"),
    [
        ("manufacturer: Dell*", 'manufacturer is "ACME", not "Dell*"'),
        ("manufacturer: [Dell*, HP*]", 'manufacturer is "ACME", not "Dell*" or "HP*"'),
        ("serial: s12", 'serial is "S123", not "s12"'),
        ("mac: '52:*'", f'mac is "{FIRST}", "{SECOND}", not "52:*"'),
        ("cpu: aarch64", 'cpu is "x86_64", not "aarch64"'),
        ("firmware: bios", 'firmware is "uefi", not "bios"'),
        ("secure_boot: off", "secure_boot is on, not off"),
        ("switch: leaf2*", 'switch is "leaf1.example.net", "52:54:00:aa:00:01", not "leaf2*"'),
        ("port: Ethernet2/*", 'port is "Ethernet1/7", not "Ethernet2/*"'),
        ("vlan: '< 100'", "vlan is 100, not < 100"),
        ("memory: '> 256 GiB'", "memory is 256 GiB, not > 256 GiB"),
        (
            "memory: ['>= 64 GiB', '< 128 GiB']",
            "memory is 256 GiB, not >= 64 GiB and < 128 GiB",
        ),
        ("disks: '>= 3'", "disks is 2, not >= 3"),
        ("largest_disk: '<= 1 TiB'", "largest_disk is 3726 GiB, not <= 1 TiB"),
        ("network: 10.2.0.0/24", "network is that of 10.1.0.7, not 10.2.0.0/24"),
    ],
)
def test_a_rule_that_does_not_fit_says_why(match: str, why: str) -> None:
    assert (why,) == misses(match)


@pytest.mark.parametrize(
    ("match", "key"),
    [
        ("manufacturer: '*'", "manufacturer"),
        ("secure_boot: off", "secure_boot"),
        ("switch: '*'", "switch"),
        ("vlan: '>= 0'", "vlan"),
        ("memory: '< 8 GiB'", "memory"),
        ("disks: 0", "disks"),
        ("largest_disk: '< 1 TB'", "largest_disk"),
        ("cpus: '< 4'", "cpus"),
        ("network: 0.0.0.0/0", "network"),
    ],
)
def test_what_is_not_known_fits_nothing(match: str, key: str) -> None:
    (why,) = misses(match, SILENT)
    assert why.startswith(f"{key} is not known, not ")


def test_all_that_is_wrong_is_told() -> None:
    assert (
        'manufacturer is "QEMU", not "Dell*"',
        'switch is not known, not "leaf1*"',
        "disks is 1, not >= 2",
    ) == misses("manufacturer: Dell*, switch: leaf1*, disks: '>= 2'", SMALL)


def test_switch_port_and_vlan_are_of_one_cable() -> None:
    assert () == misses("switch: leaf2, port: 2, vlan: 20", TWO_CABLES)
    assert ('port is "1", not "2"',) == misses("switch: leaf1, port: 2", TWO_CABLES)


def test_templates_name_the_cable_that_fits() -> None:
    made = "{name: '{{ switch }}-{{ port }}-{{ vlan }}'}"
    for match, name in (("{}", "leaf1-1-10"), ("{switch: leaf2}", "leaf2-2-20")):
        text = f"- {{name: one, match: {match}, record: {made}}}"
        assert name == (proposed(text, TWO_CABLES).record or {})["name"]


def test_the_first_rule_that_fits_wins() -> None:
    text = """
    - {name: arm, match: {cpu: aarch64}}
    - {name: large, match: {memory: ">= 128 GiB"}, record: {profile: a}, enrol: auto}
    - {name: other, record: {profile: b}}
    """
    made = proposed(text)
    assert ("large", True) == (made.rule, made.auto)
    assert (Missed("arm", ('cpu is "x86_64", not "aarch64"',)),) == made.missed
    assert "a" == (made.record or {})["profile"]
    made = proposed(text, SMALL)
    assert ("other", False) == (made.rule, made.auto)
    assert ["arm", "large"] == [each.rule for each in made.missed]


@pytest.mark.parametrize(
    ("text", "early"),
    [
        ("- {name: a, match: {switch: x}}\n- {name: b}", True),
        ("- {name: a, match: {disks: 9}}\n- {name: b, record: {tags: ['{{ port }}']}}", True),
        ("- {name: b, match: {disks: 1}}\n- {name: a, match: {switch: x}}", False),
        ("- {name: a, match: {switch: x}}", True),
        ("[]", False),
    ],
)
def test_what_a_rule_says_before_a_switch_was_heard_is_early(text: str, early: bool) -> None:
    assert early is proposed(text, SMALL).early
    assert proposed(text, SERVER).early is False


# --- the record


def test_all_nics_are_one_machine_and_the_one_that_booted_boots() -> None:
    text = """
    - name: one
      record:
        name: "{{ serial | lower }}"
        profile: debian-installer
        address: "{{ address }}"
        values: {disk: "{{ disks[0].path }}", rack: "{{ port_description }}"}
        tags: ["{{ switch }}", rack]
    """
    assert {
        "name": "s123",
        "profile": "debian-installer",
        "values": {"disk": "/dev/nvme0n1", "rack": "rack 3, node 7"},
        "tags": ["leaf1.example.net", "rack"],
        "interfaces": [
            {"mac": FIRST, "address": "10.1.0.7/24"},
            {"mac": SECOND, "netboot": False},
        ],
    } == proposed(text).record


def test_a_machine_of_one_nic_has_a_short_record() -> None:
    text = "- {name: one, record: {name: 'n-{{ mac[-2:] }}', profile: osie}}"
    assert {"name": "n-56", "mac": SMALL.mac, "profile": "osie"} == proposed(text, SMALL).record


def test_an_address_that_is_not_known_is_left_to_the_pool() -> None:
    text = "- {name: one, record: {address: '{{ address }}'}}"
    assert {"name": "52-54-00-12-34-56", "mac": SMALL.mac} == proposed(text, SMALL).record
    assert "address" not in str(propose(attributes({}, FIRST, IPv4Address("10.1.0.7")), ()).record)


def test_without_any_rule_a_plain_record_is_proposed() -> None:
    made = propose(SERVER, ())
    assert ("", "", False, ()) == (made.rule, made.problem, made.auto, made.missed)
    assert {
        "name": "s123",
        "interfaces": [{"mac": FIRST}, {"mac": SECOND, "netboot": False}],
    } == made.record


@pytest.mark.parametrize(
    ("serial", "name"),
    [
        ("S123", "s123"),
        ("VMware-56 4d 1a", "vmware-56-4d-1a"),
        ("", "b8-ce-f6-00-00-02"),
        ("--", "b8-ce-f6-00-00-02"),
        ("/../", "b8-ce-f6-00-00-02"),
        ("a" * 70, "a" * 63),
    ],
)
def test_a_plain_name_is_the_serial_number_as_a_host_name(serial: str, name: str) -> None:
    made = propose(attributes({"system": {"serial": serial}}, FIRST), ())
    assert name == (made.record or {})["name"]


def test_the_cpu_of_a_machine_is_in_its_record_where_it_matters() -> None:
    arm = attributes({"architecture": "aarch64"}, FIRST)
    assert "aarch64" == (propose(arm, ()).record or {})["cpu"]
    assert "cpu" not in (propose(SERVER, ()).record or {})


def test_a_name_that_is_empty_is_a_problem() -> None:
    made = proposed("- {name: one, record: {name: '{{ serial }}'}}", SMALL)
    assert ("one", None) == (made.rule, made.record)
    assert 'name: "{{ serial }}" is empty for this machine' == made.problem


def test_a_template_that_cannot_be_filled_in_is_a_problem() -> None:
    made = proposed("- {name: one, record: {values: {d: ['{{ disks[5].path }}']}}}")
    assert made.record is None
    assert made.problem.startswith("values.d[0]: ")


def test_what_a_machine_says_is_never_a_template() -> None:
    bad = attributes({"system": {"serial": "{{ 7*7 }}"}}, FIRST)
    made = proposed("- {name: one, record: {values: {s: '{{ serial }}'}}}", bad)
    assert {"s": "?? 7*7 ??"} == (made.record or {})["values"]


RULES = """
- {name: a, match: {memory: "< 1 MiB", disks: 0, switch: "*", mac: "b8*"}, record: {profile: x}}
- name: b
  match: {nics: ">= 1", secure_boot: off}
  record: {name: "n{{ serial }}", user_data: "{{ product | tojson }}", values: {v: "{{ vlan }}"}}
- {name: c, record: {name: "{{ serial }}", values: {d: "{{ disks[0].path }}"}}}
"""


@given(INVENTORIES)
def test_whatever_came_gets_a_record_or_a_reason(inventory: Any) -> None:
    made = proposed(RULES, attributes(inventory, FIRST))
    assert (made.record is None) is bool(made.problem)
    assert len(made.missed) == "abc".index(made.rule)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1 << 20, "1 MiB"), (3 << 29, "1.5 GiB"), (1 << 40, "1024 GiB")]
)
def test_sizes_are_told_to_people(size: int, text: str) -> None:
    assert text == size_text(size)
