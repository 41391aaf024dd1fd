"""Storage in records of the short form: what rootio and templates are given."""

import json
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.workflow.reading import machine
from tests.workflow.test_hints import inventory

from boots.documents.layouts import NoLayout, Partition, parse
from boots.machines.records import read
from boots.workflow.plan import plan
from boots.workflow.rendering import data, of_machine
from boots.workflow.template import Origin
from boots.workflow.wrapped import Text
from boots_agent.actions.storage import read_storage

RECORD = """
    machines:
      - name: node-1
        mac: 52:54:00:12:34:56
        storage: {storage}
"""
SHORT = """
          - disk: {disk}
            wipe: true
            layout: efi 512M vfat /boot/efi, swap 4G, root rest ext4 /
"""


def storage(text: str, seen: Any = None) -> Any:
    hardware = data(machine(RECORD.format(storage=text)), None, seen)
    found = hardware["hardware"]["spec"]["metadata"]["instance"]["storage"]
    instance = hardware["Hardware"]["Metadata"]["Instance"]
    assert [each["device"] for each in found["disks"]] == [
        each["Device"] for each in instance["Storage"]["Disks"]
    ]
    return found


def mounts(found: Any) -> list[tuple[str, str, str]]:
    every = [each["mount"] for each in found["filesystems"]]
    return [(each["device"], each["format"], each["point"]) for each in every]


def test_a_layout_becomes_partitions_and_file_systems() -> None:
    found = storage(SHORT.format(disk="/dev/nvme0n1"))

    assert [
        {
            "device": "/dev/nvme0n1",
            "wipe_table": True,
            "partitions": [
                {"label": "EFI", "number": 1, "size": 1048576},
                {"label": "SWAP", "number": 2, "size": 8388608},
                {"label": "ROOT", "number": 3, "size": 0},
            ],
        }
    ] == found["disks"]
    assert [
        ("/dev/nvme0n1p1", "vfat", "/boot/efi"),
        ("/dev/nvme0n1p2", "swap", "none"),
        ("/dev/nvme0n1p3", "ext4", "/"),
    ] == mounts(found)
    assert ["-n", "EFI"] == found["filesystems"][0]["mount"]["create"]["options"]


@pytest.mark.parametrize(
    "disk", ["transport=nvme", "{transport: nvme}", '"size>=1T rotational=false"']
)
def test_a_disk_by_what_it_is_gives_its_partitions_their_names(disk: str) -> None:
    found = storage(SHORT.format(disk=disk), inventory("server"))
    name = "/dev/disk/by-id/nvme-eui.0025385a81b0aaaa"

    assert [name] == [each["device"] for each in found["disks"]]
    assert [f"{name}-part{number}" for number in (1, 2, 3)] == [each[0] for each in mounts(found)]


def test_the_kernels_name_is_followed_by_the_kernels_number() -> None:
    plain = {"disks": [{"path": "/dev/nvme0n1", "name": "nvme0n1", "bytes": 10**12, "serial": "S"}]}

    assert "/dev/nvme0n1p1" == mounts(storage(SHORT.format(disk="prefer=first"), plain))[0][0]


def test_two_disks_by_the_same_hint_are_two() -> None:
    both = SHORT.format(disk="prefer=smallest") + SHORT.format(disk="prefer=smallest").lstrip("\n")
    open_, known = storage(both), storage(both, inventory("server"))

    for found in (open_, known):
        first, second = (each["device"] for each in found["disks"])
        assert first != second
        assert [first, second] == [mounts(found)[at][0].removesuffix("-part1") for at in (0, 3)]
    assert "/dev/disk/by-hint/prefer=smallest,2" == open_["disks"][1]["device"]


def test_partitions_of_a_disk_by_hint_are_named_and_others_stay_as_they_are() -> None:
    text = """
          disks: [{device: prefer=smallest}]
          filesystems:
            - {mount: {device: /dev/disk/by-hint/prefer=smallest-part2, format: ext4, point: /}}
            - {mount: {device: /dev/disk/by-id/virtio-X-part1, format: ext4, point: /srv}}
            - {mount: {device: /dev/sdz1, format: ext4, point: /var}}
    """

    assert [
        "/dev/disk/by-id/nvme-eui.0025385a81b0aaaa-part2",
        "/dev/disk/by-id/virtio-X-part1",
        "/dev/sdz1",
    ] == [each[0] for each in mounts(storage(text, inventory("server")))]


def test_what_tinkerbell_has_is_kept_as_it_is() -> None:
    text = """
          disks: [{device: /dev/sda, wipe_table: true, partitions: [{label: ROOT, number: 1}]}]
          raid: [{name: /dev/md0, level: "1", devices: [/dev/sda1, /dev/sdb1]}]
          filesystems: [{mount: {device: /dev/md0, format: ext4, point: /}}]
    """

    found = storage(text)
    assert ["/dev/sda1", "/dev/sdb1"] == found["raid"][0]["devices"]
    assert [("/dev/md0", "ext4", "/")] == mounts(found)


def test_rootio_writes_the_disks_of_it() -> None:
    source = Text(
        "t",
        'version: "0.1"\nname: t\ntasks: [{name: a, worker: w, actions:'
        " [{name: p, image: rootio, timeout: 1, command: [partition]}]}]",
        Origin("t.yaml"),
    )
    outcome = of_machine(source, machine(RECORD.format(storage=SHORT.format(disk="/dev/vda"))))
    assert outcome.reading.template is not None
    found = plan(outcome.reading.template, outcome.storage)

    assert (["/dev/vda"], ()) == ([each.disk for each in found.disks], found.unclear)


@pytest.mark.parametrize(
    ("wipe", "wanted"), [("wipe: true", True), ("wipe: no", False), ("", None)]
)
def test_osies_rootio_reads_it(wipe: str, wanted: bool | None) -> None:
    found = storage(SHORT.format(disk="/dev/vda").replace("wipe: true", wipe))
    (disk,), _, _, file_systems = read_storage(json.loads(json.dumps(found)), uefi=True)

    assert (("/dev/vda", wanted), ["EFI", "SWAP", "ROOT"]) == (
        (disk.device, disk.wipe),
        [each.name for each in disk.partitions],
    )
    assert [512 << 20, 4 << 30, 0] == [int(each.size.value) for each in disk.partitions]
    assert [("/dev/vda1", "vfat", "/boot/efi"), ("/dev/vda2", "swap", "none")] == [
        (each.device, each.kind, each.point) for each in file_systems[:2]
    ]


def test_storage_on_a_disk_that_is_not_there_is_told_to_who_lays_it_out() -> None:
    whose = machine(RECORD.format(storage=SHORT.format(disk="size>=9T")))

    def faults(action: str) -> list[str]:
        text = (
            'version: "0.1"\nname: t\ntasks: [{name: a, worker: w, actions:'
            f" [{{name: p, timeout: 1, {action}}}]}}]"
        )
        source = Text("t", text, Origin("t.yaml"))
        return list(map(str, of_machine(source, whose, None, inventory("server")).reading.faults))

    assert [] == faults("image: inventory")
    (told,) = faults("image: rootio, command: [partition]")
    assert "spec.metadata.instance.storage.disks[0]: no disk is size>=9T" in told


def test_a_record_without_storage_has_none() -> None:
    seen = data(machine(RECORD.format(storage="")))

    assert "storage" not in seen["hardware"]["spec"]["metadata"]["instance"]


# --- what is wrong


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[/dev/sda]", "storage[0]: a disk is a mapping here; write disk: … and layout: …"),
        ("[{layout: root rest}]", "storage[0].disk: no disk is named; write disk:"),
        ("[{disk: sda, layout: root rest}]", 'storage[0].disk: "sda" is no condition'),
        ("[{disk: /dev/sda}]", "storage[0].layout: there is no partition in it; write it like"),
        ("[{disk: /dev/sda, layout: root}]", 'storage[0].layout: "root" is no partition'),
        ("[{disk: /dev/sda, layot: x}]", 'storage[0].layot: there is no field "layot"; did you'),
        ("[{disk: /dev/sda, wipe: maybe, layout: a 1M}]", 'storage[0].wipe: "maybe" is neither'),
        ("{disk: []}", 'storage.disk: there is no field "disk"; did you mean "disks"?'),
        ("big", "storage: a list is wanted here"),
    ],
)
def test_a_mistake_is_told_as_the_record_is_read(text: str, wanted: str) -> None:
    (fault,) = read(textwrap.dedent(RECORD.format(storage=text)), "m.yaml").faults

    assert str(fault).startswith(f"m.yaml:5: machines[0].{wanted}")


def test_partitions_are_read_in_order() -> None:
    assert (
        Partition(name="bios", size=1 << 20),
        Partition(name="efi", size=1 << 29, file_system="vfat"),
        Partition(name="data", size=1610612736, file_system="xfs", point="/srv"),
        Partition(name="root", size=0, file_system="ext4", point="/"),
    ) == parse("bios 1MiB\nefi 512M, data 1.5G XFS /srv, root rest ext4 /")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no partition"),
        ("root rest, swap 4G", "only the last partition"),
        ("root big", '"big" is no size'),
        ("root 100", '"100" is no size'),
        ("root 50%", '"50%" is no size'),
        ("ro/ot 1G", '"ro/ot" is no name'),
        ("root 1G / ext4", '"ext4" is no place to mount it'),
        ("root 1G /", "root is mounted and has no file system"),
        ("root 1G ext4; /", '"/" is no place|"ext4;" is no file system'),
    ],
)
def test_what_is_no_layout_is_told(text: str, problem: str) -> None:
    with pytest.raises(NoLayout, match=problem):
        parse(text)


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["root", "1G", "rest", " ", ",", "/", "xfs"])).map("".join)
)
def test_any_text_is_a_layout_or_is_told_as_none(text: str) -> None:
    try:
        found = parse(text)
    except NoLayout:
        return
    assert found
    assert all(each.size > 0 and not each.size % 512 for each in found[:-1])
