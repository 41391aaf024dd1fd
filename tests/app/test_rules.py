"""The operator's rules of enrolment: what is read, and what is told of mistakes."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from boots.app import rules
from boots.model.machine import Place
from boots.model.rule import Bound, Match, Rule

WHOLE = """\
rules:
  - name: r640
    match:
      manufacturer: "Dell*"
      product: [PowerEdge R640, PowerEdge R740]
      serial: "*"
      uuid: "4c4c4544-*"
      mac: [52-54-00-*, "AA:BB:[c-d]*"]
      cpu: x86_64
      cpu_model: "*Xeon*"
      firmware: [uefi, bios]
      secure_boot: off
      switch: "leaf1*"
      port: "Ethernet1/*"
      port_description: "rack 3*"
      vlan: 100
      memory: [">= 64 GiB", "<128GB"]
      disks: ">= 2"
      largest_disk: "> 1.5 TB"
      nics: "== 4"
      cpus: "<= 64"
      network: [10.1.0.0/24, 10.2.0.0/16]
    record:
      name: "{{ serial | lower }}"
      address: "{{ address }}"
      then: reboot
      values: {rack: "{{ port_description }}"}
    enrol: auto
  - name: others
"""


def test_every_key_is_read() -> None:
    found, faults = rules.read(WHOLE, "rules.yaml")
    assert not faults
    assert (
        Rule(
            name="r640",
            place=Place(file="rules.yaml", line=2),
            match=Match(
                manufacturer=("Dell*",),
                product=("PowerEdge R640", "PowerEdge R740"),
                serial=("*",),
                uuid=("4c4c4544-*",),
                mac=("52:54:00:*", "aa:bb:[c-d]*"),
                cpu=("x86_64",),
                cpu_model=("*Xeon*",),
                firmware=("uefi", "bios"),
                secure_boot=False,
                switch=("leaf1*",),
                port=("Ethernet1/*",),
                port_description=("rack 3*",),
                vlan=(Bound(relation="=", number=100, written="100"),),
                memory=(
                    Bound(relation=">=", number=64 << 30, written=">= 64 GiB"),
                    Bound(relation="<", number=128 * 10**9, written="<128GB"),
                ),
                disks=(Bound(relation=">=", number=2, written=">= 2"),),
                largest_disk=(Bound(relation=">", number=1_500_000_000_000, written="> 1.5 TB"),),
                nics=(Bound(relation="=", number=4, written="== 4"),),
                cpus=(Bound(relation="<=", number=64, written="<= 64"),),
                network=(IPv4Network("10.1.0.0/24"), IPv4Network("10.2.0.0/16")),
            ),
            record={
                "name": "{{ serial | lower }}",
                "address": "{{ address }}",
                "then": "reboot",
                "values": {"rack": "{{ port_description }}"},
            },
            auto=True,
            of_switch=True,
        ),
        Rule(name="others", place=Place(file="rules.yaml", line=29)),
    ) == found


def test_what_every_key_is_read_from_are_all_keys() -> None:
    said = {word.strip(" -").partition(":")[0] for word in WHOLE.splitlines()}
    assert rules.KEYS | rules.MATCH_KEYS <= said


FAULTS = {
    "a key nobody knows": ("mach: {cpu: x}", "r.yaml:3: rules[0].mach: ", 'did you mean "match"?'),
    "a field nobody knows": ("match: {vendor: x}", "match.vendor: ", "use one of cpu, "),
    "a list where a mapping belongs": ("match: [x]", "match: ", "a mapping is wanted here"),
    "a CPU nobody has": ("match: {cpu: x86-64}", "match.cpu: ", 'did you mean "x86_64"?'),
    "a firmware nobody has": ("match: {firmware: [efi]}", "match.firmware[0]: ", '"uefi"'),
    "no MAC": ("match: {mac: eth0}", "match.mac: ", '"eth0" can be no MAC; write pairs'),
    "an open bracket": ("match: {product: 'R[12'}", "match.product: ", "is not closed; close it"),
    "no unit": ("match: {memory: 64}", "match.memory: ", '"64" has no unit; write a comparison'),
    "another unit": ("match: {memory: '>= 64 Gib'}", "match.memory: ", 'did you mean "GiB"?'),
    "a unit of nothing": ("match: {disks: 2 TB}", "match.disks: ", 'no unit "TB" here; write a'),
    "no comparison": ("match: {disks: many}", "match.disks: ", "write a number, or a comparison"),
    "half a disk": ("match: {disks: 1.5}", "match.disks: ", '"1.5" is not a whole number'),
    "no network": ("match: {network: 10.1.0.1/24}", "match.network: ", "write 10.1.0.0/24"),
    "no truth": ("match: {secure_boot: maybe}", "secure_boot: ", "write true or false"),
    "no choice": ("enrol: always", "rules[0].enrol: ", "use one of ask, auto"),
    "a record that is none": ("record: x", "rules[0].record: ", "a record is a mapping"),
    "a field no record has": ("record: {profil: x}", "record.profil: ", 'did you mean "profile"?'),
    "a value no record has": ("record: {then: halt}", "record.then: ", "use one of idle, "),
    "an address of nothing": ("record: {address: 10.1.0.1}", "record.address: ", "has no prefix"),
    "a MAC": ("record: {mac: '{{ mac }}'}", "record.mac: ", "the MACs of all its NICs are filled"),
    "interfaces": ("record: {interfaces: []}", "record.interfaces: ", "leave it out"),
    "a workflow": (
        "record: {workflow: install}",
        "record.workflow: ",
        "there are no workflows yet; the word is kept; leave it out",
    ),
    "no template": ("record: {name: '{{ serial'}", "record.name: ", "not a template: "),
    "a name of nothing": (
        "record: {values: {a: ['{{ serail }}']}}",
        "record.values.a[0]: ",
        'nothing is called "serail"; did you mean "serial"?',
    ),
}


@pytest.mark.parametrize(("said", "where", "told"), FAULTS.values(), ids=FAULTS)
def test_a_mistake_is_told_with_its_place(said: str, where: str, told: str) -> None:
    text = f"rules:\n  - name: one\n    {said}\n  - {{name: two}}\n"
    found, faults = rules.read(text, "r.yaml")
    assert ["two"] == [each.name for each in found]
    (fault,) = faults
    assert where in str(fault)
    assert told in str(fault)
    assert 3 == fault.line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "r.yaml:2: not YAML"),
        ("just text", "these are no rules; write rules: with a list below it"),
        ("rules: 3", "r.yaml:1: rules: these are no rules"),
        ("- 3", "r.yaml:1: [0]: a rule is a mapping"),
        ("- {enrol: ask}", "r.yaml:1: [0].name: a rule needs a name"),
        ("- {name: a, match: {disks: 1}}\n- {name: a}", 'r.yaml:2: [1].name: there is a rule "a"'),
        ("- {name: a}\n- {name: b}", 'r.yaml:2: [1].name: "a" before it fits every machine'),
    ],
)
def test_what_is_no_rule_is_told(text: str, told: str) -> None:
    (fault,) = rules.read(text, "r.yaml")[1]
    assert told in str(fault)


def test_a_rule_that_fits_every_machine_may_be_the_last() -> None:
    found, faults = rules.read("- {name: a, match: {disks: 1}}\n- {name: b}", "r.yaml")
    assert (["a", "b"], []) == ([each.name for each in found], faults)


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("match: {vlan: 1}", True),
        ("match: {port: '*'}", True),
        ("record: {values: {rack: ['{{ port_description }}']}}", True),
        ("record: {name: '{{ serial }}'}, match: {disks: 1}", False),
        ("record: {name: switch}", False),
    ],
)
def test_whether_a_rule_asks_for_the_switch_is_known(said: str, asks: bool) -> None:
    (rule,), _ = rules.read(f"- {{name: one, {said}}}", "r.yaml")
    assert asks is rule.of_switch


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (fault,) = rules.load(tmp_path / "gone.yaml")[1]
    assert "cannot be read: No such file or directory" == fault.problem
    (tmp_path / "a.yaml").write_bytes(b"\xff")
    (fault,) = rules.load(tmp_path / "a.yaml")[1]
    assert "cannot be read: not UTF-8 text" == fault.problem
