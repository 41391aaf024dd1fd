"""Hints: which disk of a machine is meant, or why none is."""

import json
import re
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.agent.contract import FOLDER
from tests.workflow.reading import machine

from boots.documents.hints import Hint, NoHint
from boots.documents.hints import parse as parse_hint
from boots.machines.records import read
from boots.workflow.gotemplate import Broken, parse, render
from boots.workflow.hints import NoDisk, choose, path_of, unsettled
from boots.workflow.inventory import Disk, disks, is_at, is_named, size_of
from boots.workflow.rendering import data, of_machine
from boots.workflow.settling import Unfit
from boots.workflow.template import Origin
from boots.workflow.wrapped import Text

GB = 10**9
NVME = Disk(
    name="nvme0n1",
    path="/dev/nvme0n1",
    size=1920 * GB,
    model="ACME NVMe 1.92TB",
    serial="N1",
    wwn="eui.0025385a81b0aaaa",
    transport="nvme",
)
SAS = Disk(
    name="sda",
    path="/dev/sda",
    size=4000 * GB,
    model="SEAGATE ST4000NM0025",
    serial="ZC12",
    wwn="naa.5000c500a1b2c3d4",
    transport="sas",
    rotational=True,
)
SSD = Disk(
    name="sdb",
    path="/dev/sdb",
    size=480 * GB,
    model="SAMSUNG MZ7",
    serial="S2",
    wwn="naa.5002538e00000002",
    transport="ata",
)
TWIN = Disk(
    name="sdc",
    path="/dev/sdc",
    size=480 * GB,
    model="SAMSUNG MZ7",
    serial="S1",
    wwn="naa.5002538e00000001",
    transport="ata",
)
STICK = Disk(name="sdd", path="/dev/sdd", size=16 * GB, serial="U1", transport="usb")
ALL = (NVME, SAS, SSD, TWIN, STICK)


def inventory(name: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads((FOLDER / f"inventory-{name}.json").read_text())
    content: dict[str, Any] = whole["request"]["content"]
    return content


@pytest.mark.parametrize(
    ("hint", "wanted"),
    [
        ("transport=nvme", NVME),
        ("rotational=true", SAS),
        ("size>2T", SAS),
        ("size>=4TB", SAS),
        ("size=480G serial=S1", TWIN),
        ("size<1TiB prefer=first", SSD),
        ("model~seagate", SAS),
        ("model='ACME NVMe 1.92TB'", NVME),
        ("wwn=0x5002538e00000001", TWIN),
        ("wwn=naa.5002538e00000001", TWIN),
        ("wwn=eui.0025385a81b0aaaa", NVME),
        ("transport!=ata rotational=false", NVME),
        ("prefer=largest", SAS),
        ("prefer=smallest rotational=false size>=500G", NVME),
    ],
)
def test_a_hint_means_one_disk(hint: str, wanted: Disk) -> None:
    assert wanted == choose(parse_hint(hint), ALL)


def test_equals_are_told_apart_by_serial_so_that_the_next_boot_takes_the_same() -> None:
    for order in (ALL, ALL[::-1]):
        assert TWIN == choose(parse_hint("prefer=smallest"), order)


def test_among_equals_nothing_is_guessed() -> None:
    with pytest.raises(NoDisk) as caught:
        choose(parse_hint("model~SAMSUNG"), ALL)

    assert (
        "several disks are model~SAMSUNG: sdb (S2), 480 GB, sdc (S1), 480 GB;"
        " say more, or prefer=smallest"
    ) == str(caught.value)


def test_where_none_fits_all_are_told() -> None:
    with pytest.raises(NoDisk, match=r"no disk is size>=9T: there are nvme0n1 \(N1\), 1.92 TB, sd"):
        choose(parse_hint("size>=9T"), ALL)
    with pytest.raises(NoDisk, match="it has no disk"):
        choose(parse_hint("prefer=first"), (STICK,))


@pytest.mark.parametrize("hint", ["serial=U1", "size<20G", "transport=usb"])
def test_a_stick_is_never_chosen(hint: str) -> None:
    with pytest.raises(NoDisk):
        choose(parse_hint(hint), ALL)


def test_a_disk_without_serial_is_not_the_one_with_an_empty_serial() -> None:
    with pytest.raises(NoHint, match="is no condition"):
        parse_hint("serial=")


@pytest.mark.parametrize(
    ("text", "problem", "advice"),
    [
        ("", "the hint is empty", "write it like"),
        ("big", '"big" is no condition', "write it like"),
        ("sise>=1G", '"sise" is nothing that', 'did you mean "size"?'),
        ("size~1G", '"size~" cannot be asked', "write one of >= <= > < ="),
        ("size>=1X", '"1X" is no size', "like 100G or 64GiB"),
        ("rotational=no", '"no" is neither', "write rotational=false"),
        ("prefer=bigest", '"bigest" is nothing to prefer', 'did you mean "largest"?'),
        ("model='x", "has a quote that does not end", "write it like"),
    ],
)
def test_what_is_no_hint_is_told_with_what_to_write(text: str, problem: str, advice: str) -> None:
    with pytest.raises(NoHint) as caught:
        parse_hint(text)

    assert problem in str(caught.value)
    assert advice in caught.value.advice or "smallest" in caught.value.advice


@pytest.mark.parametrize("text", ["size>=100G model~'A B' prefer=first", "wwn=0x5"])
def test_a_hint_is_written_as_it_is_read(text: str) -> None:
    hint = parse_hint(text)

    assert hint == parse_hint(str(hint)) != Hint()


# --- the names of disks


@pytest.mark.parametrize(
    ("disk", "wanted"),
    [
        (NVME, "/dev/disk/by-id/nvme-eui.0025385a81b0aaaa"),
        (SAS, "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"),
        (
            Disk(name="vda", path="/dev/vda", serial="TESTSER1", transport="virtio"),
            "/dev/disk/by-id/virtio-TESTSER1",
        ),
        (Disk(name="vda", path="/dev/vda", transport="virtio"), "/dev/vda"),
        (Disk(name="sda", path="/dev/sda", serial="QM1", wwn="t10.ATA x", transport="ata"),
         "/dev/sda"),
    ],
)  # fmt: skip
def test_actions_are_given_a_name_that_lasts_where_there_is_one(disk: Disk, wanted: str) -> None:
    assert wanted == path_of(disk, (disk,))
    assert is_at(disk, wanted)


def test_two_ways_to_one_disk_have_no_name_that_means_one() -> None:
    other = Disk(name="sdx", path="/dev/sdx", serial=SAS.serial, wwn=SAS.wwn, transport="sas")

    assert "/dev/sda" == path_of(SAS, (SAS, other))


@pytest.mark.parametrize(
    ("path", "disk"),
    [
        ("/dev/disk/by-id/ata-SAMSUNG_MZ7_S1", TWIN),
        ("/dev/disk/by-id/scsi-35000c500a1b2c3d4", SAS),
        ("/dev/disk/by-id/nvme-ACME_NVMe_1.92TB_N1", NVME),
        ("/dev/disk/by-id/nvme-ACME_NVMe_1.92TB_N1_1", NVME),
        ("/dev/disk/by-id/wwn-0x5002538e00000001", TWIN),
        ("/dev/disk/by-id/usb-Maker_Stick_U1-0:0", STICK),
        ("/dev/sdb", SSD),
    ],
)
def test_a_path_of_udev_leads_to_its_disk_alone(path: str, disk: Disk) -> None:
    assert [disk] == [each for each in ALL if is_at(each, path)]


def test_a_wwn_is_the_same_however_it_is_written() -> None:
    for name in ("naa.5000c500a1b2c3d4", "0x5000C500A1B2C3D4", "wwn-0x5000c500a1b2c3d4"):
        assert is_named(SAS, name)
    assert not is_named(SAS, "naa.5000c500a1b2c3d5")
    assert not is_named(STICK, "")


def test_sizes_are_told_as_disks_are_sold() -> None:
    assert ["480 GB", "1.92 TB", "512 bytes"] == [size_of(n) for n in (480 * GB, 1920 * GB, 512)]


def test_the_disks_of_an_inventory_are_read() -> None:
    nvme, sas, stick = disks(inventory("server"))

    assert ("a GPT with 2 partitions", "ext2, 3 or 4", "an MBR") == (
        nvme.holds,
        sas.holds,
        stick.holds,
    )
    assert (1920383410176, "N1", True) == (nvme.size, nvme.serial, stick.read_only)


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {"disks": 3},
        {"disks": [3, None, {}, {"path": "/etc/passwd"}, {"path": "/dev/sd a"}]},
    ],
)
def test_what_is_no_disk_is_none(given: Any) -> None:
    assert () == disks(given)


def test_a_wrong_value_is_no_value() -> None:
    (disk,) = disks({"disks": [{"path": "/dev/sda", "bytes": -1, "serial": 7, "wwn": "a\nb"}]})

    assert (0, "", "") == (disk.size, disk.serial, disk.wwn)


# --- in records and templates


RECORD = """
    machines:
      - name: node-1
        mac: 52:54:00:12:34:56
        disks: {disks}
"""


SAYS = """
version: "0.1"
name: t
tasks: [{name: a, worker: w, actions: [{name: i, image: inventory, timeout: 1}]}]
"""


def first(disks: str, seen: Any, disk: str = "") -> list[str]:
    found: list[str] = data(machine(RECORD.format(disks=disks)), None, seen, disk)["Hardware"][
        "Disks"
    ]
    return found


@pytest.mark.parametrize(
    "disks",
    [
        '["transport=nvme"]',
        "transport=nvme",
        "{transport: nvme}",
        '[{transport: nvme, size: ">=100G"}]',
        '[{size_gb: ">= 100", rotational: false}]',
    ],
)
def test_a_template_sees_the_disk_that_a_record_means(disks: str) -> None:
    assert ["/dev/disk/by-id/nvme-eui.0025385a81b0aaaa"] == first(disks, inventory("server"))


def test_a_path_in_a_record_stays_as_it_is() -> None:
    assert ["/dev/sdz"] == first("[/dev/sdz]", inventory("server"))


def test_two_entries_never_mean_one_disk() -> None:
    seen = first("[prefer=largest, prefer=largest]", inventory("server"))

    assert [
        "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4",
        "/dev/disk/by-id/nvme-eui.0025385a81b0aaaa",
    ] == seen


def test_the_disk_of_an_order_comes_first() -> None:
    assert ["/dev/disk/by-id/wwn-0x5000c500a1b2c3d4", "/dev/sdb"] == first(
        "[/dev/sda, /dev/sdb]", inventory("server"), "rotational=true"
    )
    assert ["/dev/vdb"] == first("[]", inventory("server"), "/dev/vdb")


def test_a_hint_that_nothing_fits_is_told_at_the_record() -> None:
    source = Text("t", f"{SAYS}# {{{{ index .Hardware.Disks 0 }}}}", Origin("t.yaml"))
    (fault,) = of_machine(
        source, machine(RECORD.format(disks="[size>=9T]")), None, inventory("server")
    ).reading.faults

    assert "m.yaml:3: spec.disks[0]: no disk is size>=9T: there are nvme0n1 (N1)" in str(fault)


def test_a_hint_that_nothing_fits_is_nothing_to_who_does_not_use_it() -> None:
    whose = machine(RECORD.format(disks="[size>=9T]"))
    outcome = of_machine(Text("t", SAYS, Origin("t.yaml")), whose, None, inventory("server"))

    assert ((), False) == (outcome.reading.faults, outcome.waits)


def test_a_hint_that_is_none_is_told_at_the_record() -> None:
    whose = machine("""
        apiVersion: tinkerbell.org/v1alpha1
        kind: Hardware
        metadata: {name: node-1}
        spec: {interfaces: [{dhcp: {mac: 52:54:00:12:34:56}}], disks: [{device: sise>=9T}]}
    """)

    for seen in (None, inventory("server")):
        with pytest.raises(Unfit, match='"sise" is nothing'):
            data(whose, None, seen)


def test_without_an_inventory_a_hint_stays_open() -> None:
    source = Text(
        "t",
        'version: "0.1"\nname: t\ntasks: [{name: a, worker: w, actions: [{name: i,'
        " image: writefile,"
        " timeout: 1, environment: {DEST_DISK: '{{ formatPartition (index .Hardware.Disks 0) 1 }}',"
        " FS_TYPE: ext4, DEST_PATH: /a}}]}]",
        Origin("t.yaml"),
    )
    whose = machine(RECORD.format(disks='["size>=100G transport=nvme"]'))
    open_ = of_machine(source, whose)
    known = of_machine(source, whose, None, inventory("server"))

    assert (True, False) == (open_.waits, known.waits)
    assert "/dev/disk/by-hint/size>=100G,transport=nvme-part1" in open_.text
    assert "/dev/disk/by-id/nvme-eui.0025385a81b0aaaa-part1" in known.text


def test_a_template_chooses_a_disk_by_itself() -> None:
    source = Text("t", '{{ disk "rotational=true" }} {{ disk "/dev/sda" }}', Origin("t.yaml"))
    whose = machine(RECORD.format(disks="[]"))

    assert "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4 /dev/sda" == (
        of_machine(source, whose, None, inventory("server")).text
    )
    assert "/dev/disk/by-hint/rotational=true /dev/sda" == of_machine(source, whose).text


@pytest.mark.parametrize(
    ("template", "seen", "problem"),
    [
        ('{{ disk "sise=1" }}', None, 'disk: "sise" is nothing'),
        ('{{ disk "sise=1" }}', {}, 'disk: "sise" is nothing'),
        ('{{ disk "size>=9T" }}', {}, "disk: it has no disk"),
    ],
)
def test_a_template_that_asks_for_no_disk_is_told(template: str, seen: Any, problem: str) -> None:
    source = Text("t", template, Origin("t.yaml"))
    (fault,) = of_machine(source, machine(RECORD.format(disks="[]")), None, seen).reading.faults

    assert problem in fault.problem


@pytest.mark.parametrize(
    ("protect", "wanted"),
    [
        ("[serial=ZC12]", "/dev/disk/by-id/nvme-eui.0025385a81b0aaaa"),
        ("rotational=true", "/dev/disk/by-id/nvme-eui.0025385a81b0aaaa"),
        ('{size: "<2T"}', "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"),
    ],
)
def test_a_protected_disk_is_meant_by_no_hint(protect: str, wanted: str) -> None:
    text = RECORD.format(disks="[prefer=first]") + f"        protect: {protect}\n"
    source = Text("t", '{{ index .Hardware.Disks 0 }} {{ disk "prefer=first" }}', Origin("t.yaml"))
    outcome = of_machine(source, machine(text), None, inventory("server"))

    assert f"{wanted} {wanted}" == outcome.text


@pytest.mark.parametrize(
    ("protect", "wanted"),
    [
        ("[/dev/sda]", '"/dev/sda" may be another disk at the next boot; write serial=… and its'),
        ("[sise>1T]", '"sise" is nothing that disks are told apart by'),
        ("S4EV", '"S4EV" is no condition'),
    ],
)
def test_what_protects_nothing_is_told_as_it_is_read(protect: str, wanted: str) -> None:
    text = RECORD.format(disks="[]") + f"        protect: {protect}\n"
    (fault,) = read(textwrap.dedent(text), "m.yaml").faults

    assert wanted in str(fault)


def test_storage_may_say_its_disks_by_hints() -> None:
    whose = machine("""
        apiVersion: tinkerbell.org/v1alpha1
        kind: Hardware
        metadata: {name: node-1}
        spec:
          interfaces: [{dhcp: {mac: 52:54:00:12:34:56}}]
          metadata: {instance: {storage: {disks: [{device: "transport=nvme", wipe_table: true}]}}}
    """)
    outcome = of_machine(Text("t", "", Origin("t.yaml")), whose, None, inventory("server"))

    assert ["/dev/disk/by-id/nvme-eui.0025385a81b0aaaa"] == [
        each["device"] for each in outcome.storage["disks"]
    ]


def test_the_language_knows_the_function_without_a_machine() -> None:
    assert "/dev/disk/by-hint/prefer=first" == render(parse('{{ disk "prefer=first" }}'), {}).text
    with pytest.raises(Broken):
        render(parse("{{ disk 3 }}"), {})


@pytest.mark.parametrize(
    ("disks", "wanted"),
    [
        ("[sise>=9T]", 'm.yaml:5: machines[0].disks[0]: "sise" is nothing that disks are told'),
        ("[sda]", 'm.yaml:5: machines[0].disks[0]: "sda" is no condition; write it like size>='),
        ("{prefer: best}", 'm.yaml:5: machines[0].disks: "best" is nothing to prefer'),
        ("[{sise: 1G}]", 'm.yaml:5: machines[0].disks[0].sise: there is no field "sise"; did you'),
        ("[{size: [1G]}]", "m.yaml:5: machines[0].disks[0].size: text is wanted here"),
        ("[[/dev/sda]]", "m.yaml:5: machines[0].disks[0]: text is wanted here"),
    ],
)
def test_a_hint_that_no_record_can_have_is_told_as_it_is_read(disks: str, wanted: str) -> None:
    (fault,) = read(textwrap.dedent(RECORD.format(disks=disks)), "m.yaml").faults

    assert str(fault).startswith(wanted)


# --- laws


WORDS = st.text(max_size=40) | st.lists(
    st.sampled_from(["size", "model", "prefer", ">=", "~", "=", "1G", " ", "'", "first", "x", ","])
).map("".join)


@given(WORDS)
def test_a_text_is_a_hint_that_can_be_written_or_is_told_as_none(text: str) -> None:
    try:
        hint = parse_hint(text)
    except NoHint:
        return
    assert hint == parse_hint(str(hint))
    assert re.fullmatch(r"/dev/disk/by-hint/[A-Za-z0-9<>=!~.,_-]+", unsettled(hint))


@given(
    st.lists(st.sampled_from(ALL), unique=True),
    st.sampled_from(
        ["prefer=smallest", "prefer=largest size<=2T", "rotational=false", "serial=S1"]
    ),
)
def test_what_is_chosen_is_there_and_fits_whatever_else_is_there(
    there: list[Disk], text: str
) -> None:
    hint = parse_hint(text)
    try:
        found = choose(hint, there)
    except NoDisk:
        return
    assert found in there
    assert found == choose(hint, [found])
    assert found.transport != "usb"


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=9) | st.booleans(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["disks", "path", "serial", "bytes", "wwn"]), inner)
        ),
    )
)
def test_whatever_a_machine_tells_is_disks_or_nothing(told: Any) -> None:
    for each in disks(told) + disks({"disks": [told]}):
        assert each.path.startswith("/dev/")
        assert each.size >= 0
