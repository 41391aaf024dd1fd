"""`partition`, `mkfs` and `grow`: on files, and on block devices as the kernel has them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agent.actions.disks import known_to_linux
from tests.agent.actions.stage import MIB, SIZE, Stage, attached, blkid, file_disk, gone, table
from tests.peers.conftest import need

from boots_agent.actions import grow, growing, image, mkfs, partition
from boots_agent.actions.context import ActionFailed
from boots_agent.images.armed import Policy
from boots_agent.images.disk import Disk
from boots_agent.images.target import open_source
from boots_agent.tables.words import Form

LAYOUT = "efi 64M, swap 32M, root rest"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    yield Stage(tmp_path)
    gone(tmp_path)


# --- on a file that stands for a disk


@pytest.mark.parametrize("form", Form)
def test_a_layout_becomes_a_table(form: Form, stage: Stage, tmp_path: Path) -> None:
    path = file_disk(tmp_path / "disk", fill=b"old content ")
    stage.allow(path, path)
    partition.make(stage.context("partition", DEST_DISK=str(path), LAYOUT=LAYOUT, TABLE=form.value))
    made = table(path)
    assert form is made.form
    assert [1 * MIB, 65 * MIB, 97 * MIB] == [each.start * 512 for each in made.parts]
    assert "partition 1 efi: 64 MiB" in stage.said() or form is Form.MBR


def test_nothing_old_is_found_where_a_partition_begins_or_ends(
    stage: Stage, tmp_path: Path
) -> None:
    path = file_disk(tmp_path / "disk", 16 * MIB, b"old content ")
    stage.allow(path, path)
    partition.make(stage.context("partition", DEST_DISK=str(path), LAYOUT="a 4M, b rest"))
    content = path.read_bytes()
    for part in table(path).parts:
        assert bytes(MIB) == content[part.start * 512 :][:MIB]
        assert bytes(MIB) == content[part.end * 512 - MIB : part.end * 512]
    assert b"old" in content[2 * MIB : 3 * MIB]


def test_a_disk_that_holds_something_is_left_alone(stage: Stage, tmp_path: Path) -> None:
    path = file_disk(tmp_path / "disk", 64 * MIB, b"old content ")
    before = path.read_bytes()
    stage.allow(path, path, Policy.EMPTY_ONLY)
    with pytest.raises(ActionFailed, match="holds data, and the policy is empty-only"):
        partition.make(stage.context("partition", DEST_DISK=str(path), LAYOUT=LAYOUT))
    assert before == path.read_bytes()


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"LAYOUT": ""}, "partition needs LAYOUT"),
        ({"LAYOUT": "root much"}, "'much' is no size"),
        ({"LAYOUT": "root rest reiserfs"}, "FS_TYPE 'reiserfs' is not made here"),
        ({"LAYOUT": "root rest", "TABLE": "apm"}, "TABLE 'apm' is not known"),
    ],
)
def test_a_mistake_is_told_before_anything_is_armed(
    variables: dict[str, str], why: str, stage: Stage, tmp_path: Path
) -> None:
    with pytest.raises(ActionFailed, match=why):
        partition.make(stage.context("partition", DEST_DISK="/dev/none", **variables))
    assert [] == stage.armed


def test_a_layout_that_does_not_fit_changes_nothing(stage: Stage, tmp_path: Path) -> None:
    path = file_disk(tmp_path / "disk", 64 * MIB, b"old content ")
    before = path.read_bytes()
    stage.allow(path, path)
    with pytest.raises(ActionFailed, match="nothing is left for root"):
        partition.make(stage.context("partition", DEST_DISK=str(path), LAYOUT="efi 1G, root rest"))
    assert before == path.read_bytes()


@pytest.mark.parametrize("form", Form)
def test_an_image_on_a_larger_disk_gets_a_table_for_it(
    form: Form, stage: Stage, tmp_path: Path
) -> None:
    path = file_disk(tmp_path / "disk", SIZE // 2)
    stage.allow(path, path)
    partition.make(stage.context("partition", DEST_DISK=str(path), LAYOUT=LAYOUT, TABLE=form.value))
    before = table(path)
    with path.open("r+b") as file:
        file.truncate(SIZE)
    stage.allow(path, path, Policy.EMPTY_ONLY)
    context = stage.context("image2disk")
    growing.after_image(context, str(path), stage.arms[str(path)])
    assert before.parts == table(path).parts
    growing.after_image(context, str(path), stage.arms[str(path)], "auto")
    assert "partition 3: 30 MiB, now 158 MiB" in stage.said() or form is Form.MBR
    assert 97 * MIB // 512 == table(path).part(3).start
    assert table(path).part(3).end * 512 >= SIZE - 2 * MIB
    verified = subprocess.run(
        [need("sfdisk"), "--verify", str(path)], capture_output=True, text=True, check=True
    )
    assert "No errors detected" in verified.stdout
    assert "" == verified.stderr


@pytest.mark.parametrize("form", Form)
def test_a_table_that_is_right_already_is_not_written(
    form: Form, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_disk(tmp_path / "disk", 64 * MIB)
    stage.allow(path, path)
    words = {"DEST_DISK": str(path), "LAYOUT": "a 2M, b rest", "TABLE": form.value}
    partition.make(stage.context("partition", **words))

    def refused(*_: object) -> None:
        raise AssertionError("something was written")

    monkeypatch.setattr(Disk, "write", refused)
    context = stage.context("image2disk")
    growing.after_image(context, str(path), stage.arms[str(path)])
    growing.after_image(context, str(path), stage.arms[str(path)], "2")
    with pytest.raises(AssertionError, match="something was written"):
        partition.make(stage.context("partition", **words))


def test_an_image_without_partitions_stays_as_it_is(stage: Stage, tmp_path: Path) -> None:
    path = file_disk(tmp_path / "disk", 16 * MIB, b"no table")
    stage.allow(path, path)
    before = path.read_bytes()
    growing.after_image(stage.context("image2disk"), str(path), stage.arms[str(path)])
    assert before == path.read_bytes()
    with pytest.raises(ActionFailed, match="has no partition table, so nothing can grow"):
        growing.after_image(stage.context("image2disk"), str(path), stage.arms[str(path)], "auto")


def test_a_partition_that_is_not_there_cannot_grow(stage: Stage, tmp_path: Path) -> None:
    path = file_disk(tmp_path / "disk")
    stage.allow(path, path)
    partition.make(stage.context("partition", DEST_DISK=str(path), LAYOUT=LAYOUT))
    with pytest.raises(ActionFailed, match="has no partition 7; it has 1, 2, 3"):
        growing.after_image(stage.context("image2disk"), str(path), stage.arms[str(path)], "7")
    with pytest.raises(ActionFailed, match="GROW_PARTITION 'last': write auto"):
        growing.wanted("last")


# --- in the kernel


def kernels(device: str) -> list[tuple[int, int, int]]:
    """Number, start and size of each partition, in bytes."""
    name = Path(device).name
    found = []
    for each in Path("/sys/class/block").joinpath(name).glob(f"{name}p*"):
        numbers = [int((each / what).read_text()) for what in ("partition", "start", "size")]
        found.append((numbers[0], numbers[1] * 512, numbers[2] * 512))
    return sorted(found)


@pytest.fixture(params=[512, 4096])
def device(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Iterator[str]:
    backing = file_disk(tmp_path / "backing", SIZE)
    with attached(backing, request.param) as name:
        for path in (name, *(f"{name}p{number}" for number in (1, 2, 3))):
            stage.allow(path, backing)
        yield name


@pytest.mark.peers
@pytest.mark.parametrize("form", Form)
def test_the_kernel_has_the_partitions_when_the_action_ends(
    form: Form, device: str, stage: Stage
) -> None:
    for layout, sizes in ((LAYOUT, [64, 32, 158]), ("a 10M, b 20M", [10, 20])):
        partition.make(
            stage.context("partition", DEST_DISK=device, LAYOUT=layout, TABLE=form.value)
        )
        made = table(Path(device))
        assert [
            (each.number, each.start * made.sector, each.count * made.sector) for each in made.parts
        ] == kernels(device)
        assert sizes[:2] == [each.count * made.sector // MIB for each in made.parts][:2]
        assert Path(f"{device}p2").is_block_device()


@pytest.mark.peers
def test_file_systems_of_a_layout_are_made(device: str, stage: Stage) -> None:
    layout = "efi 64M vfat, swap 32M swap, root rest ext4"
    partition.make(stage.context("partition", DEST_DISK=device, LAYOUT=layout))
    found = [blkid(f"{device}p{number}") for number in (1, 2, 3)]
    assert [("vfat", "efi"), ("swap", "swap"), ("ext4", "root")] == found


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["ext4", "ext3", "vfat", "swap", "xfs", "btrfs"])
def test_mkfs_makes_what_blkid_finds(kind: str, stage: Stage, tmp_path: Path) -> None:
    backing = file_disk(tmp_path / "backing", 512 * MIB)
    with attached(backing) as device:
        stage.allow(device, backing)
        stage.allow(f"{device}p1", backing)
        partition.make(stage.context("partition", DEST_DISK=device, LAYOUT="data rest"))
        goal = f"{device}p1"
        need({"swap": "mkswap", "ext3": "mkfs.ext4"}.get(kind, f"mkfs.{kind}"))
        mkfs.make(stage.context("mkfs", DEST_DISK=goal, FS_TYPE=kind, LABEL="MYDATA"))
        assert (kind, "MYDATA") == blkid(goal)


@pytest.mark.peers
def test_partitions_that_the_kernel_still_has_are_in_no_others_way(
    device: str, stage: Stage
) -> None:
    """A kernel that reads no tables, or had one of them open, keeps the old ones."""
    sectors = 2 * MIB // 512
    for number, start in ((2, 2048), (3, 2048 + sectors), (7, 2048 + 2 * sectors)):
        words = [need("addpart"), device, str(number), str(start), str(sectors)]
        subprocess.run(words, check=True)
    partition.make(stage.context("partition", DEST_DISK=device, LAYOUT="a 4M, b 8M, c rest"))
    made = kernels(device)
    assert [MIB, 5 * MIB, 13 * MIB] == [start for _, start, _ in made]


@pytest.mark.peers
def test_a_program_that_is_missing_is_told_with_who_has_it(device: str, stage: Stage) -> None:
    partition.make(stage.context("partition", DEST_DISK=device, LAYOUT=LAYOUT))
    stage.missing = {"mkfs.xfs"}
    with pytest.raises(ActionFailed, match=r"mkfs\.xfs is not in this OSIE; the flavour generic"):
        mkfs.make(stage.context("mkfs", DEST_DISK=f"{device}p3", FS_TYPE="xfs"))


@pytest.mark.peers
def test_a_partition_of_a_disk_that_holds_somebodys_is_left_alone(
    device: str, stage: Stage, tmp_path: Path
) -> None:
    partition.make(stage.context("partition", DEST_DISK=device, LAYOUT=LAYOUT))
    stage.allow(f"{device}p3", tmp_path / "backing", Policy.EMPTY_ONLY)
    with pytest.raises(ActionFailed, match="holds a GPT, and the policy is empty-only"):
        mkfs.make(stage.context("mkfs", DEST_DISK=f"{device}p3", FS_TYPE="ext4"))


@pytest.mark.peers
def test_a_partition_that_is_mounted_is_left_alone(
    device: str, stage: Stage, tmp_path: Path
) -> None:
    layout = "efi 64M, swap 32M, root rest ext4"
    partition.make(stage.context("partition", DEST_DISK=device, LAYOUT=layout))
    place = tmp_path / "mounts/there"
    place.mkdir(parents=True)
    subprocess.run(["mount", f"{device}p3", str(place)], check=True)
    with pytest.raises(ActionFailed, match="p3 is in use"):
        mkfs.make(stage.context("mkfs", DEST_DISK=f"{device}p3", FS_TYPE="ext4"))
    with pytest.raises(ActionFailed, match="is in use"):
        partition.make(stage.context("partition", DEST_DISK=device, LAYOUT=layout))
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs"])
@pytest.mark.parametrize("form", Form)
def test_a_partition_and_its_file_system_get_the_rest(
    form: Form, kind: str, stage: Stage, tmp_path: Path
) -> None:
    backing = file_disk(tmp_path / "backing", 512 * MIB)
    need(f"mkfs.{kind}")
    known_to_linux(kind)
    with attached(backing) as device:
        stage.allow(device, backing)
        partition.make(
            stage.context(
                "partition",
                DEST_DISK=device,
                LAYOUT=f"efi 64M, root rest {kind}",
                TABLE=form.value,
            )
        )
    with backing.open("r+b") as file:
        file.truncate(1024 * MIB)
    with attached(backing) as device:
        stage.allow(f"{device}p2", backing)
        subprocess.run([need("partx"), "-a", device], check=False, capture_output=True)
        grow.enlarge(stage.context("grow", DEST_DISK=f"{device}p2"))
        (_, start, size) = kernels(device)[1]
        assert start + size >= 1022 * MIB
        assert size * 0.9 < file_system_size(f"{device}p2", tmp_path) <= size


def file_system_size(device: str, tmp_path: Path) -> int:
    place = tmp_path / "mounts/look"
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", device, str(place)], check=True)
    try:
        done = subprocess.run(
            ["df", "-B1", "--output=size", str(place)], capture_output=True, text=True, check=True
        )
        return int(done.stdout.split()[1])
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.peers
def test_an_image_grows_in_the_action_that_writes_it(stage: Stage, tmp_path: Path) -> None:
    source = file_disk(tmp_path / "image", 160 * MIB)
    with attached(source) as name:
        stage.allow(name, source)
        layout = "root rest ext4, efi 16M"
        partition.make(stage.context("partition", DEST_DISK=name, LAYOUT=layout))
        subprocess.run(["blockdev", "--flushbufs", name], check=True)
    backing = file_disk(tmp_path / "backing", 512 * MIB)
    with attached(backing) as name:
        stage.allow(name, backing, Policy.EMPTY_ONLY)
        words = {"IMG_URL": str(source), "DEST_DISK": name}
        with pytest.raises(ActionFailed, match="partition 2, the last one on the disk, is the fi"):
            image.write(stage.context("image2disk", **words, GROW_PARTITION="auto"))
        stage.allow(name, backing)
        image.write(stage.context("image2disk", **words, GROW_PARTITION="2"))
        assert [142, 368] == [size // MIB for _, _, size in kernels(name)]
        assert "which does not grow: as it was" in stage.said()
        verified = subprocess.run(
            [need("sgdisk"), "-v", name], capture_output=True, text=True, check=True
        )
        assert "No problems found" in verified.stdout
        assert 110 * MIB < file_system_size(f"{name}p1", tmp_path) < 143 * MIB


@pytest.mark.peers
def test_an_image_is_there_even_where_its_file_system_cannot_grow_here(
    device: str, stage: Stage, tmp_path: Path
) -> None:
    source = file_disk(tmp_path / "image", 64 * MIB)
    stage.allow(source, source)
    partition.make(stage.context("partition", DEST_DISK=str(source), LAYOUT="root rest"))
    with source.open("r+b") as file:
        file.seek(MIB + 1080)
        file.write(b"\x53\xef")  # what an ext file system is known by
    stage.missing = {"e2fsck"}
    words = {"IMG_URL": f"file://{source}", "DEST_DISK": device, "GROW_PARTITION": "auto"}
    if table_sector(device) == 512:
        image.write(stage.context("image2disk", **words))
        assert "e2fsck is not in this OSIE" in stage.said()
        assert [254] == [size // MIB for _, _, size in kernels(device)]
    else:
        with pytest.raises(ActionFailed, match="is for sectors of 512 bytes, and this disk's"):
            image.write(stage.context("image2disk", **words))


def table_sector(device: str) -> int:
    disk = open_source(device)
    try:
        return disk.sector
    finally:
        disk.close()


@pytest.mark.peers
def test_a_whole_disk_does_not_grow(device: str, stage: Stage) -> None:
    with pytest.raises(ActionFailed, match="is a whole disk"):
        grow.enlarge(stage.context("grow", DEST_DISK=device))


@pytest.mark.peers
def test_sfdisk_and_the_action_agree(device: str, stage: Stage) -> None:
    partition.make(stage.context("partition", DEST_DISK=device, LAYOUT=LAYOUT))
    done = subprocess.run(
        [need("sfdisk"), "--json", device], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)["partitiontable"]
    made = table(Path(device))
    assert made.sector == said["sectorsize"]
    assert [(each.start, each.count) for each in made.parts] == [
        (each["start"], each["size"]) for each in said["partitions"]
    ]
