"""Partitions for real: loop devices with file systems (root)."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from tests.agent.actions.disks import MIB, looked_at, made_disk, mounts_below
from tests.agent.actions.made import Told, context
from tests.agent.actions.stage import attached, file_disk
from tests.peers.conftest import need

from boots_agent.actions.below import disks_below, permitted
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.mounts import inhabited, kind_of, leave, mounted
from boots_agent.actions.writefile import writefile
from boots_agent.images.armed import Armed, Policy

pytestmark = pytest.mark.peers
KINDS = ["ext4", "xfs", "vfat", "btrfs"]


def size_for(kind: str) -> int:
    return {"xfs": 320, "btrfs": 128}.get(kind, 64)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_written_to_a_partition(kind: str, tmp_path: Path) -> None:
    with made_disk(tmp_path, kind, mib=size_for(kind)) as disk:
        told = Told()
        wanted = {"DEST_DISK": disk.partition, "DEST_PATH": "/etc/motd", "CONTENTS": "hello\n"}
        writefile(
            context("writefile", wanted, tmp_path / "m", told=told, arm=lambda _: disk.armed())
        )
        assert [disk.partition] == told.armed
        assert [] == mounts_below(tmp_path)
        assert [] == list((tmp_path / "m").iterdir())
        with looked_at(disk.partition, tmp_path) as root:
            assert "hello\n" == (root / "etc/motd").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_reading_needs_no_permission_and_changes_no_byte(kind: str, tmp_path: Path) -> None:
    with made_disk(tmp_path, kind, mib=size_for(kind)) as disk:
        before = hashlib.sha256(disk.file.read_bytes()).digest()
        with (
            mounted(context("kexec", {}, tmp_path / "m"), disk.partition) as root,
            pytest.raises(OSError, match="Read-only"),
        ):
            (root / "file").write_text("no")
        assert before == hashlib.sha256(disk.file.read_bytes()).digest()


def test_a_journal_that_was_not_finished_is_not_played_back_to_read(tmp_path: Path) -> None:
    with made_disk(tmp_path, "ext4") as disk:
        # As after a power cut: the file system says that its journal is to be played back.
        words = [need("debugfs"), "-w", "-R", "feature needs_recovery", disk.partition]
        subprocess.run(words, check=True, capture_output=True)
        before = hashlib.sha256(disk.file.read_bytes()).digest()
        with mounted(context("kexec", {}, tmp_path / "m"), disk.partition):
            pass
        assert before == hashlib.sha256(disk.file.read_bytes()).digest()


def test_nothing_is_written_where_the_disk_is_not_armed(tmp_path: Path) -> None:
    with made_disk(tmp_path, "ext4") as disk:
        before = hashlib.sha256(disk.file.read_bytes()).digest()
        asked = context("writefile", {}, tmp_path / "m")
        with (
            pytest.raises(ActionFailed, match="is not armed"),
            mounted(asked, disk.partition, write=True),
        ):
            raise AssertionError
        assert before == hashlib.sha256(disk.file.read_bytes()).digest()


@pytest.mark.parametrize(
    ("armed", "why"),
    [
        (Armed("node-1", "run-1", "another", 64 * MIB, Policy.FORCE), "armed is another"),
        (None, "armed is a disk of 1"),
    ],
)
def test_the_permission_for_another_disk_is_none(
    armed: Armed | None, why: str, tmp_path: Path
) -> None:
    with made_disk(tmp_path, "ext4") as disk:
        permission = armed or Armed("node-1", "r", f"file:{disk.file}", 1, Policy.FORCE)
        asked = context("writefile", {}, tmp_path / "m", arm=lambda _: permission)
        with pytest.raises(ActionFailed, match=why), mounted(asked, disk.partition, write=True):
            raise AssertionError


@pytest.mark.parametrize("policy", [Policy.EMPTY_ONLY, Policy.WIPE_KNOWN])
def test_a_disk_with_somebodys_partitions_is_not_written_unless_it_may_be_lost(
    policy: Policy, tmp_path: Path
) -> None:
    with made_disk(tmp_path, "ext4") as disk:
        asked = context("writefile", {}, tmp_path / "m", arm=lambda _: disk.armed(policy))
        with (
            pytest.raises(ActionFailed, match=f"holds a GPT, and the policy is {policy.value}"),
            mounted(asked, disk.partition, write=True),
        ):
            raise AssertionError


def test_a_wrong_fs_type_says_what_is_there(tmp_path: Path) -> None:
    with made_disk(tmp_path, "ext4") as disk:
        asked = context("kexec", {}, tmp_path / "m")
        with (
            pytest.raises(ActionFailed, match="is no xfs, as FS_TYPE says: it holds ext4"),
            mounted(asked, disk.partition, "xfs"),
        ):
            raise AssertionError
        with (
            pytest.raises(ActionFailed, match="knows no file system reiser9"),
            mounted(asked, disk.partition, "reiser9"),
        ):
            raise AssertionError
        assert [] == mounts_below(tmp_path)


def look_and_fail(asked: Context, device: str) -> None:
    with (
        mounted(asked, device, write=True, programs=True) as root,
        inhabited(asked, root),
    ):
        assert (root / "dev/null").is_char_device()
        assert (root / "proc/self").exists()
        assert (root / "sys/block").is_dir()
        assert [] == list((root / "run").iterdir())
        raise ZeroDivisionError


def test_what_failed_inside_is_unmounted_all_the_same(tmp_path: Path) -> None:
    with made_disk(tmp_path, "ext4", table=False) as disk:
        asked = context("cexec", {}, tmp_path / "m", arm=lambda _: disk.armed())
        with pytest.raises(ZeroDivisionError):
            look_and_fail(asked, disk.device)
        assert [] == mounts_below(tmp_path)
        assert Path("/proc/self").exists()
        assert Path("/dev/null").exists()


def test_who_still_lives_in_there_is_killed_before_it_is_unmounted(tmp_path: Path) -> None:
    with made_disk(tmp_path, "ext4") as disk:
        asked = context("cexec", {}, tmp_path / "m", arm=lambda _: disk.armed())
        with mounted(asked, disk.partition, write=True) as root:
            stays = subprocess.Popen(["sleep", "600"], cwd=root)
        assert -9 == stays.wait(timeout=5)
        assert [] == mounts_below(tmp_path)


def test_what_is_not_mounted_cannot_be_unmounted(tmp_path: Path) -> None:
    with pytest.raises(ActionFailed, match="cannot be unmounted"):
        leave(tmp_path)


def test_a_partition_lies_on_its_disk(tmp_path: Path) -> None:
    with made_disk(tmp_path, "ext4") as disk:
        name = Path(disk.device).name
        asked = context("cexec", {}, tmp_path)
        assert {name} == disks_below(asked, disk.partition)
        assert {name} == disks_below(asked, disk.device)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_system_is_known_by_its_first_bytes(kind: str, tmp_path: Path) -> None:
    with (
        made_disk(tmp_path, kind, mib=size_for(kind)) as disk,
        Path(disk.partition).open("rb") as file,
    ):
        assert kind == kind_of(file.read(1 << 17))


def test_a_disk_that_is_empty_may_be_written_where_only_such_are(tmp_path: Path) -> None:
    backing = file_disk(tmp_path / "backing", 64 * MIB)
    armed = Armed("node-1", "run-1", f"file:{backing}", 64 * MIB, Policy.EMPTY_ONLY)
    asked = context("mkfs", {}, tmp_path / "m", arm=lambda _: armed)
    with attached(backing) as device:
        assert frozenset({Path(device).name}) == permitted(asked, str(device))
        with Path(device).open("r+b", buffering=0) as file:
            file.write(b"somebody's")
        with pytest.raises(ActionFailed, match="holds data, and the policy is empty-only"):
            permitted(asked, str(device))
