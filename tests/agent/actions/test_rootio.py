"""`rootio`: disks as records of every age say."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.agent.actions.stage import MIB, Stage, attached, blkid, file_disk, gone, table
from tests.peers.conftest import need

from boots_agent.actions import rootio, stacked
from boots_agent.actions.context import ActionFailed, Programs
from boots_agent.actions.making import make_file_system, maker_of
from boots_agent.actions.storage import Storage, read_storage
from boots_agent.tables.kinds import KINDS
from boots_agent.tables.words import Form

SIZE = 96 * MIB


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    yield Stage(tmp_path)
    gone(tmp_path)


def cpr(device: str, **more: object) -> dict[str, Any]:
    """As Packet's OSIE had it."""
    return {
        "disks": [
            {
                "device": device,
                "wipeTable": True,
                "partitions": [
                    {"label": "BIOS", "number": 1, "size": 4096},
                    {"label": "SWAP", "number": 2, "size": "65536"},
                    {"label": "ROOT", "number": 3, "size": 0},
                ],
                **more,
            }
        ],
        "filesystems": [
            {
                "mount": {
                    "device": f"{device}p3",
                    "format": "ext4",
                    "point": "/",
                    "create": {"options": ["-L", "ROOT", "-q"]},
                }
            },
            {"mount": {"device": f"{device}p2", "format": "swap", "point": "none"}},
        ],
    }


# --- reading


def test_a_record_of_the_first_osie_is_read() -> None:
    found = read_storage(cpr("/dev/sda"), uefi=False)
    (disk,) = found.disks
    assert ("/dev/sda", True) == (disk.device, disk.wipe)
    assert [("BIOS", "bios", 4096 * 512), ("SWAP", "swap", 65536 * 512), ("ROOT", "linux", 0)] == [
        (each.name, each.purpose, each.size.value) for each in disk.partitions
    ]
    assert [("ext4", "/", ("-L", "ROOT", "-q")), ("swap", "none", ())] == [
        (each.kind, each.point, each.options) for each in found.file_systems
    ]


def test_the_partition_bios_is_the_firmwares_where_that_is_uefi() -> None:
    found = read_storage(cpr("/dev/sda"), uefi=True)
    assert "efi" == found.disks[0].partitions[0].purpose


def storage(**parts: object) -> Storage:
    return read_storage(parts, uefi=False)


def test_sizes_have_every_unit_that_records_use() -> None:
    sizes = ["500M", "25pct", 2048, "2048", "1G"]
    parts = [{"size": size} for size in sizes]
    (disk,) = storage(disks=[{"device": "/dev/sda", "partitions": parts}]).disks
    assert [500 * MIB, 25, 2048 * 512, 2048 * 512, 1024 * MIB] == [
        each.size.value for each in disk.partitions
    ]
    assert [1, 2, 3, 4, 5] == [each.number for each in disk.partitions]


def test_arrays_and_volume_groups_are_read() -> None:
    found = storage(
        raid=[{"name": "/dev/md0", "level": "raid1", "devices": ["/dev/sda3", "/dev/sdb3"]}],
        volume_groups=[
            {
                "name": "vg0",
                "physical_volumes": ["/dev/md0"],
                "logical_volumes": [{"name": "root", "size": 20971520, "opts": ["-Zn"]}],
            }
        ],
    )
    assert ("/dev/md0", "1", ("/dev/sda3", "/dev/sdb3"), ()) == found.raids[0]
    assert ("vg0", ("/dev/md0",), (("root", "20971520", ("-Zn",)),)) == found.groups[0]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (None, "storage should be an object"),
        ({}, "says nothing of storage"),
        ({"disks": {"device": "x"}}, "disks should be a list"),
        ({"disks": [{}]}, "disks lacks its device"),
        ({"disks": [{"device": "/dev/sda", "partitions": [{"size": "big"}]}]}, "is no size"),
        ({"disks": [{"device": "/dev/sda", "partitions": [{"number": "x"}]}]}, "is no number"),
        ({"disks": [{"device": "/dev/sda", "wipe_table": "maybe"}]}, "true or false"),
        ({"filesystems": [{"mount": {"device": "/dev/sda1"}}]}, "lacks its format"),
        ({"raid": [{"name": "md0"}]}, "md0 lacks its devices"),
        ({"raid": [{"name": "/dev/sdb", "devices": ["x"]}]}, "is no name of an array"),
        ({"volume_groups": [{"name": "--config=x", "physical_volumes": ["x"]}]}, "no name for LVM"),
    ],
)
def test_what_makes_no_sense_is_told(said: object, why: str) -> None:
    with pytest.raises(ActionFailed, match=why):
        read_storage(said, uefi=False)


# --- options


@pytest.mark.parametrize(
    ("kind", "options", "why"),
    [
        ("btrfs", ["/dev/sdb"], "follows no option"),
        ("btrfs", ["--", "sdb"], "none that a record may give"),
        ("btrfs", ["-q", "sdb"], "follows no option"),
        ("btrfs", ["--rootdir=/", "-q"], "none that a record may give"),
        ("btrfs", ["--label", "/dev/sdb"], "may name no other device"),
        ("xfs", ["-l", "logdev=/dev/sdb"], "may name no other device"),
        ("xfs", ["-llogdev=sdb"], "may name no other device"),
        ("xfs", ["-fd", "size=1g,name=sdb"], "may name no other device"),
        ("xfs", ["-r", "rtdev=/dev/sdb"], "none that a record may give"),
        ("ext4", ["-J", "device=/dev/sdb"], "may name no other device"),
        ("ext4", ["-J", "size=4,device=LABEL=j"], "may name no other device"),
        ("ext4", ["-qJdevice=UUID=1-2"], "may name no other device"),
        ("ext4", ["-z", "undo"], "none that a record may give"),
        ("ext4", ["-L"], "takes a value, and none follows"),
        ("ext4", [""], "follows no option"),
        ("vfat", ["-C", "x"], "none that a record may give"),
        ("swap", ["--file", "x"], "none that a record may give"),
    ],
)
def test_no_option_names_a_device_beside_the_one_that_is_armed(
    kind: str, options: list[str], why: str, stage: Stage
) -> None:
    wish = {"device": "/dev/sda1", "format": kind, "create": {"options": options}}
    stage.machine["storage"] = {"filesystems": [wish]}
    context = stage.context("rootio", "format")
    with pytest.raises(ActionFailed, match=why):
        rootio.command(context)
    with pytest.raises(ActionFailed, match=why):
        make_file_system(context, "/dev/sda1", kind, options=options)
    assert [] == stage.armed
    assert [] == context.run.words  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ext4", ["-L", "ROOT", "-q"]),
        ("ext4", ["-FqLROOT", "-O", "^has_journal,64bit", "-E", "lazy_itable_init=0", "-m1"]),
        ("xfs", ["-L", "ROOT", "-m", "crc=1,reflink=0", "-l", "size=64m", "-i", "size=512"]),
        ("btrfs", ["--label", "ROOT", "--data=single", "-m", "dup", "--nodiscard"]),
        ("vfat", ["-F", "32", "-n", "EFI"]),
        ("swap", ["-L", "SWAP", "--uuid=clear"]),
    ],
)
def test_options_of_records_are_passed_on(kind: str, options: list[str]) -> None:
    assert maker_of(kind) == maker_of(kind, options)


@pytest.mark.parametrize("option", ["/dev/sdb1", "--cachedevice=/dev/sdb", "--config=x", "-s"])
def test_a_volume_s_options_name_no_device(option: str, stage: Stage, path: Path) -> None:
    volume = {"name": "root", "size": 0, "opts": ["-Zn", option]}
    group = {"name": "vg0", "physical_volumes": [f"{path}3"], "logical_volumes": [volume]}
    stage.machine["storage"] = {**cpr(str(path)), "volume_groups": [group]}
    with pytest.raises(ActionFailed, match="lvcreate"):
        rootio.command(stage.context("rootio", "partition"))
    assert [] == stage.armed


# --- on files


@pytest.fixture
def path(stage: Stage, tmp_path: Path) -> Path:
    made = file_disk(tmp_path / "disk", SIZE)
    stage.allow(made, made)
    return made


@pytest.mark.parametrize("mbr", ["true", "false"])
def test_partitions_are_made_as_the_record_says(mbr: str, stage: Stage, path: Path) -> None:
    stage.machine["storage"] = cpr(str(path))
    context = stage.context("rootio", "partition", MBR=mbr)
    rootio.command(context)
    made = table(path)
    form = Form.MBR if mbr == "true" else Form.GPT
    assert form is made.form
    assert [2 * MIB, 32 * MIB] == [each.count * 512 for each in made.parts][:2]
    swap = KINDS["swap"]
    assert (swap.mbr if form is Form.MBR else swap.gpt) == made.part(2).kind


def test_a_start_and_a_number_are_what_they_say(stage: Stage, path: Path) -> None:
    parts = [
        {"label": "A", "number": 5, "start": 8192, "size": 2048},
        {"label": "B", "number": 2, "size": "50pct"},
    ]
    stage.machine["storage"] = {"disks": [{"device": str(path), "partitions": parts}]}
    rootio.command(stage.context("rootio", "partition"))
    assert [(2, 10240), (5, 8192)] == [(each.number, each.start) for each in table(path).parts]


def test_partitions_that_the_record_keeps_are_kept(stage: Stage, path: Path) -> None:
    stage.machine["storage"] = cpr(str(path))
    rootio.command(stage.context("rootio", "partition"))
    before = path.read_bytes()
    stage.machine["storage"] = cpr(str(path), wipe_table=False)
    with pytest.raises(ActionFailed, match="wipe_table: false"):
        rootio.command(stage.context("rootio", "partition"))
    assert before == path.read_bytes()


def test_wipe_empties_every_disk_of_the_record(stage: Stage, tmp_path: Path) -> None:
    disks = []
    for name in ("a", "b"):
        path = file_disk(tmp_path / name, 16 * MIB, b"old ")
        stage.allow(path, path)
        disks.append({"device": str(path)})
    stage.machine["storage"] = {"disks": disks}
    rootio.command(stage.context("rootio", "wipe"))
    assert [bytes(16 * MIB)] * 2 == [Path(each["device"]).read_bytes() for each in disks]


@pytest.mark.parametrize("wrapped", ["storage", "instance", "metadata", ""])
def test_a_record_for_trying_stands_in(
    wrapped: str, stage: Stage, path: Path, tmp_path: Path
) -> None:
    said: Any = cpr(str(path))
    for key in ("storage", "instance", "metadata"):
        if wrapped:
            said = {key: said}
        if key == wrapped:
            break
    rootio.command(stage.context("rootio", "partition", TEST=json.dumps(said)))
    assert 3 == len(table(path).parts)
    file = tmp_path / "record.json"
    file.write_text(json.dumps(said))
    rootio.command(stage.context("rootio", "wipe", JSON_FILE=str(file)))
    assert bytes(MIB) == path.read_bytes()[:MIB]


@pytest.mark.parametrize(
    ("words", "variables", "why"),
    [
        ((), {}, "rootio has no command ''"),
        (("part",), {}, "there are wipe, partition, format, mount, version"),
        (("partition",), {}, "storage should be an object"),
        (("partition",), {"TEST": "{"}, "TEST is no JSON"),
        (("partition",), {"JSON_FILE": "/nowhere"}, "cannot read /nowhere"),
        (("format",), {"TEST": '{"disks": [{"device": "/dev/x"}]}'}, "names no filesystems"),
    ],
)
def test_mistakes_are_failures(
    words: tuple[str, ...], variables: dict[str, str], why: str, stage: Stage
) -> None:
    stage.machine["storage"] = None
    with pytest.raises(ActionFailed, match=why):
        rootio.command(stage.context("rootio", *words, **variables))
    assert [] == stage.armed


def test_a_disk_that_is_not_armed_is_a_failure(stage: Stage, path: Path) -> None:
    stage.machine["storage"] = cpr(str(path))
    stage.arms.clear()
    with pytest.raises(ActionFailed, match="is not armed"):
        rootio.command(stage.context("rootio", "partition"))


def test_programs_that_are_missing_are_told_before_anything_is_written(
    stage: Stage, path: Path
) -> None:
    stage.machine["storage"] = {
        **cpr(str(path)),
        "raid": [{"name": "md0", "level": "1", "devices": [f"{path}3"]}],
    }
    stage.missing = {"mdadm"}
    with pytest.raises(ActionFailed, match="mdadm is not in this OSIE; the flavour full"):
        rootio.command(stage.context("rootio", "partition"))
    assert [] == stage.armed


def test_the_version_is_said(stage: Stage) -> None:
    rootio.command(stage.context("rootio", "version"))
    assert "rootio of OSIE's agent" in stage.said()


def test_the_words_for_an_array_are_mdadms() -> None:
    (raid,) = storage(
        raid=[{"name": "md0", "level": "raid5", "devices": ["a", "b", "c"], "spare": ["d"]}]
    ).raids
    words = " ".join(stacked._mdadm(raid, ["/dev/a", "/dev/b", "/dev/c", "/dev/d"]))
    assert words == (
        "mdadm --create /dev/md0 --run --force --metadata=1.2 --level=5 --raid-devices=3"
        " --spare-devices=1 /dev/a /dev/b /dev/c /dev/d"
    )


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (20971520, "-L 10737418240b"),
        ("500M", "-L 524288000b"),
        ("25pct", "-l 25%VG"),
        (0, "-l 100%FREE"),
        ("", "-l 100%FREE"),
    ],
)
def test_the_words_for_a_volume_are_lvcreates(size: object, words: str) -> None:
    volume = {"name": "root", "size": size, "opts": ["-Zn"]}
    (group,) = storage(
        volume_groups=[
            {"name": "vg0", "physical_volumes": ["/dev/sda1"], "logical_volumes": [volume]}
        ]
    ).groups
    made = " ".join(stacked._lvcreate(group, group.volumes[0], "--devices=/dev/a"))
    assert f"lvcreate -y --devices=/dev/a -W y -n root -Zn {words} vg0" == made


# --- arrays and groups that are there already


class Heard(Programs):
    """Programs that do nothing, and what they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, words: Sequence[str], **_: object) -> int:
        self.asked.append(" ".join(words))
        return 0


READS = '--config activation/read_only_volume_list=["vg0"]'


def stacks(*devices: Path | str) -> dict[str, Any]:
    """A record with an array and a group, of devices that some other workflow made them on."""
    first, second = map(str, devices)
    volumes = [{"name": "root", "size": 0}]
    group = {"name": "vg0", "physical_volumes": [second], "logical_volumes": volumes}
    return {
        "raid": [{"name": "md-none", "level": "1", "devices": [first]}],
        "volume_groups": [group],
        "filesystems": [{"device": "/dev/vg0/root", "format": "ext4", "point": "/"}],
    }


def test_to_mount_reads_arrays_and_groups_of_the_record_alone_and_stops_them(
    stage: Stage, tmp_path: Path
) -> None:
    a, b = (file_disk(tmp_path / name, MIB) for name in "ab")
    stage.machine["storage"] = stacks(a, b)
    heard = Heard()
    with pytest.raises(ActionFailed, match="/dev/vg0/root is not there"):
        rootio.command(replace(stage.context("rootio", "mount"), run=heard))
    map_, unmap = (f"env DM_DISABLE_UDEV=1 dmsetup {word}" for word in ("create", "remove"))
    forgets = "0 0 1 1 drop_writes"
    assert [
        f"{map_} --readonly boots-a --table 0 2048 flakey {a} {forgets}",
        "mdadm --assemble --readonly /dev/md-none /dev/mapper/boots-a",
        f"{map_} --readonly boots-b --table 0 2048 flakey {b} {forgets}",
        f"vgchange -a y {READS} --devices=/dev/mapper/boots-b vg0",
        "vgchange -a n --devices=/dev/mapper/boots-b vg0",
        f"{unmap} boots-b",
        "mdadm --stop /dev/md-none",
        f"{unmap} boots-a",
    ] == heard.asked
    assert [] == stage.armed


# --- in the kernel


@pytest.fixture
def device(stage: Stage, path: Path) -> Iterator[str]:
    with attached(path) as name:
        for each in (name, *(f"{name}p{number}" for number in (1, 2, 3))):
            stage.allow(each, path)
        yield name


@pytest.mark.peers
def test_every_command_in_turn(device: str, stage: Stage) -> None:
    stage.machine["storage"] = cpr(device)
    for word in ("wipe", "partition", "format", "mount"):
        rootio.command(stage.context("rootio", word))
    assert [("swap", ""), ("ext4", "ROOT")] == [blkid(f"{device}p{number}") for number in (2, 3)]
    subprocess.run([need("e2fsck"), "-fn", f"{device}p3"], check=True, capture_output=True)
    assert f"{device}p3: ext4, for /" in stage.said()


@pytest.mark.peers
def test_to_format_runs_arrays_and_groups_of_armed_devices_alone(
    device: str, stage: Stage, tmp_path: Path
) -> None:
    with attached(file_disk(tmp_path / "other", SIZE)) as other:
        stage.machine["storage"] = stacks(device, other)
        heard = Heard()
        asked = replace(stage.context("rootio", "format"), run=heard)
        with pytest.raises(ActionFailed, match=f"{other} is not armed"):
            rootio.command(asked)
        assert [f"mdadm --assemble /dev/md-none {device}"] == heard.asked
        stage.machine["storage"] = stacks(other, device)
        heard.asked.clear()
        with pytest.raises(ActionFailed, match=f"{other} is not armed"):
            rootio.command(asked)
        assert [] == heard.asked
    stage.machine["storage"] = stacks(device, device)
    with pytest.raises(ActionFailed, match="/dev/vg0/root is not there"):
        rootio.command(asked)
    assert [
        f"mdadm --assemble /dev/md-none {device}",
        f"vgchange -a y --devices={device} vg0",
    ] == heard.asked


@pytest.mark.peers
def test_a_partition_that_is_not_there_is_told(device: str, stage: Stage) -> None:
    stage.machine["storage"] = cpr(device)
    with pytest.raises(ActionFailed, match="p3 is not there: was it partitioned"):
        rootio.command(stage.context("rootio", "format"))


@pytest.mark.peers
def test_a_disk_that_is_not_the_armed_one_is_not_formatted(
    device: str, stage: Stage, tmp_path: Path
) -> None:
    stage.machine["storage"] = cpr(device)
    rootio.command(stage.context("rootio", "partition"))
    other = file_disk(tmp_path / "other", SIZE)
    stage.allow(f"{device}p3", other)
    with pytest.raises(ActionFailed, match=r"armed is file:.*/other"):
        rootio.command(stage.context("rootio", "format"))
