"""`undo`: what stood at the ends of a disk, again."""

import subprocess
from pathlib import Path

import pytest
from tests.agent.actions.stage import MIB, Stage, attached, file_disk
from tests.peers.conftest import need

from boots_agent.actions import partition, undo
from boots_agent.actions.context import ActionFailed

SIZE = 64 * MIB


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def ends(content: bytes) -> bytes:
    return content[:MIB] + content[max(MIB, len(content) - MIB) :]


def test_a_disk_has_its_ends_and_its_partitions_again(stage: Stage, tmp_path: Path) -> None:
    path = file_disk(tmp_path / "disk", SIZE)
    stage.allow(path, path)
    partition.make(stage.context("partition", DEST_DISK=str(path), LAYOUT="a 20M, b rest"))
    before = path.read_bytes()
    stage.ends[7] = ends(before)
    partition.make(stage.context("partition", DEST_DISK=str(path), LAYOUT="c rest", TABLE="mbr"))
    assert before != path.read_bytes()
    undo.put_back(stage.context("undo", DEST_DISK=str(path), EDGES="7"))
    assert before == path.read_bytes()
    assert "there again: partition 1 a, 20 MiB" in stage.said()


@pytest.mark.parametrize("size", [SIZE, MIB + 4096, MIB // 2])
def test_a_disk_without_a_table_is_as_it_was(size: int, stage: Stage, tmp_path: Path) -> None:
    path = file_disk(tmp_path / "disk", size, b"somebody's ")
    before = path.read_bytes()
    stage.ends[7] = ends(before)
    stage.allow(path, path)
    path.write_bytes(bytes(len(before[:MIB])) + before[MIB:])
    undo.put_back(stage.context("undo", DEST_DISK=str(path), EDGES="7"))
    assert before == path.read_bytes()
    assert "it had no partition table" in stage.said()


def test_ends_of_a_disk_of_another_size_are_refused(stage: Stage, tmp_path: Path) -> None:
    path = file_disk(tmp_path / "disk", MIB + 4096, b"somebody's ")
    stage.allow(path, path)
    stage.ends[7] = bytes(2 * MIB)
    before = path.read_bytes()
    with pytest.raises(ActionFailed, match=f"of this disk they would have {MIB + 4096}"):
        undo.put_back(stage.context("undo", DEST_DISK=str(path), EDGES="7"))
    assert before == path.read_bytes()


def test_what_is_no_number_is_refused(stage: Stage) -> None:
    with pytest.raises(ActionFailed, match="EDGES 'last' is no number"):
        undo.put_back(stage.context("undo", DEST_DISK="/dev/x", EDGES="last"))
    assert [] == stage.armed


@pytest.mark.peers
def test_the_kernel_has_the_old_partitions_and_their_content_is_there(
    stage: Stage, tmp_path: Path
) -> None:
    path = file_disk(tmp_path / "disk", SIZE)
    with attached(path) as device:
        stage.allow(device, path)
        layout = "a 20M, b rest ext4"
        partition.make(stage.context("partition", DEST_DISK=device, LAYOUT=layout))
        subprocess.run(["blockdev", "--flushbufs", device], check=True)
        stage.ends[1] = ends(path.read_bytes())
        subprocess.run([need("sfdisk"), "-q", "--delete", device], check=True, capture_output=True)
        undo.put_back(stage.context("undo", DEST_DISK=device, EDGES="1"))
        subprocess.run([need("e2fsck"), "-fn", f"{device}p2"], check=True, capture_output=True)
