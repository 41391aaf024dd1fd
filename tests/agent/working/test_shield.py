"""What an action may not write the kernel does not let it write, whatever programs it runs."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from tests.agent.actions.disks import known_to_linux
from tests.agent.actions.stage import MIB, attached, file_disk, gone
from tests.agent.working.fake import signed
from tests.agent.working.machine import until, without_disks
from tests.peers.conftest import need

from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.mounts import mounted
from boots_agent.cleaning import unmount_all
from boots_agent.doing import Tools, work_of
from boots_agent.handed import read
from boots_agent.process import Result, Voice
from boots_agent.server import Server
from boots_agent.session import Clock, Keeper, Session
from boots_agent.shield import Notes, Shield, lift, shielded

pytestmark = pytest.mark.peers
KEY, NOW, SIZE = "11" * 32, 1_764_500_000.0, 64 * MIB


class Heard(Voice):
    """What the process of an action says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines += text.splitlines()

    def tell(self, progress: object) -> None:
        """Nobody asks."""


@dataclass
class Osie:
    """A machine with two disks: its run has the first, and the other is somebody's."""

    folder: Path
    own: str
    other: str
    steps: int = 0
    voice: Heard = field(default_factory=Heard)
    after: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.folder / "osie"

    @property
    def kept(self) -> Path:
        return Keeper(self.folder / "kept").folder

    def do(
        self, kind: str, *, part: str = "action", arms: bool = True, size: int = SIZE, **more: Any
    ) -> Result:
        self.steps += 1
        named = {"run": "w-1", "step": self.steps, "attempt": 1}
        facts = {"path": self.own, "serial": f"file:{self.folder}/own", "size": size}
        record = signed({"machine": "node-1", **named, **facts, "taken": True}, KEY, NOW)
        said: Mapping[str, Any] = {
            **named,
            "name": "a",
            "kind": kind,
            "part": part,
            "environment": {},
            "machine": {"name": "node-1"},
            "armed": [record] if arms else [],
            **more,
        }
        clock = Clock()
        clock.set(NOW)
        server = cast("Server", None)  # a disk that was taken is not asked about
        mounts, keeper = self.folder / "mounts", Keeper(self.folder / "kept")
        session = Session("w-1", 3, KEY)
        tools = Tools(server, clock, keeper, mounts, lambda: None, session, self.root)
        try:
            return work_of(read(said), tools, self.voice)
        finally:
            self.after = self.read_only()
            unmount_all(mounts, self.voice.say)
            lift(keeper.folder)

    def script(self, text: str, disks: str = "") -> Result:
        return self.do("shell", environment={"SCRIPT": text, "DISKS": disks})

    def holds(self) -> tuple[bytes, bytes]:
        return ((self.folder / "own").read_bytes()[:4], (self.folder / "other").read_bytes()[:4])

    def read_only(self) -> list[str]:
        blocks = (Path("/sys/block", Path(each).name, "ro") for each in (self.own, self.other))
        return [each.read_text().strip() for each in blocks]


@pytest.fixture
def osie(tmp_path: Path) -> Iterator[Osie]:
    files = [file_disk(tmp_path / name, SIZE) for name in ("own", "other")]
    with ExitStack() as undone:
        own, other = (undone.enter_context(attached(each)) for each in files)
        made = Osie(tmp_path, own, other)
        without_disks(made.root)
        (made.root / "dev").unlink()
        for name, device in (("sda", own), ("sdb", other)):
            (made.root / "sys/block" / name).mkdir(parents=True)
            (made.root / "dev").mkdir(exist_ok=True)
            (made.root / "dev" / name).symlink_to(device)
        yield made
        gone(tmp_path)


def test_a_script_writes_the_disks_that_it_names_and_no_other(osie: Osie) -> None:
    osie.script(f"echo new >{osie.own}", osie.own)
    with pytest.raises(ActionFailed, match="it ended with"):
        osie.script(f"echo new >{osie.other}", osie.own)
    assert (b"new\n", bytes(4)) == osie.holds()
    assert ["0", "0"] == osie.read_only()
    assert (
        "read-only, and not to be mounted, as long as they are not armed: sda, sdb"
        == osie.voice.lines[0]
    )


def test_without_disks_of_its_own_it_writes_none(osie: Osie) -> None:
    with pytest.raises(ActionFailed, match="it ended with"):
        osie.script(f"echo new >{osie.own}")
    assert (bytes(4), bytes(4)) == osie.holds()


@pytest.mark.parametrize("part", ["on-failure", "on-timeout"])
def test_a_command_after_an_action_that_failed_writes_no_disk(part: str, osie: Osie) -> None:
    for device in (osie.own, osie.other):
        words = ["/bin/sh", "-c", f"echo new >{device}"]
        with pytest.raises(ActionFailed, match="ended with"):
            osie.do("", part=part, command=words)
    assert (bytes(4), bytes(4)) == osie.holds()
    assert ["0", "0"] == osie.read_only()


def test_a_command_in_a_system_writes_its_disk_and_no_other(osie: Osie) -> None:
    subprocess.run([need("mkfs.ext4"), "-q", "-F", osie.own], check=True)
    line = f"echo new >$ROOT/file; echo new >{osie.other} || echo refused"
    given = {"BLOCK_DEVICE": osie.own, "CMD_LINE": line, "DEFAULT_INTERPRETER": "/bin/sh -c"}
    osie.do("cexec", environment=given)
    assert "refused" == osie.voice.lines[-1]
    assert bytes(4) == osie.holds()[1]


def test_what_an_action_leaves_running_writes_no_disk_either(osie: Osie) -> None:
    """The agent ends that, and lifts the shield then: the action itself does not."""
    osie.script("true", osie.own)
    assert ["0", "1"] == osie.after


def test_what_shielded_a_disk_may_be_killed(osie: Osie) -> None:
    """The agent lifts it, or the one after that."""
    pid = os.fork()
    if not pid:
        with shielded(osie.root, osie.kept, osie.voice.say) as kept:
            os._exit(len(kept.names) - 2)
    assert (pid, 0) == os.waitpid(pid, 0)
    assert ["1", "1"] == osie.read_only()
    lift(osie.kept)
    assert ["0", "0"] == osie.read_only()


def test_a_disk_that_took_no_writes_before_takes_none_after(osie: Osie) -> None:
    subprocess.run([need("blockdev"), "--setro", osie.own], check=True)
    (osie.root / "sys/block/sda/ro").write_text("1\n")
    try:
        with pytest.raises(ActionFailed, match="is read-only"):
            osie.script("true", osie.own)
        assert ["1", "0"] == osie.read_only()
    finally:
        subprocess.run(["blockdev", "--setrw", osie.own], check=True)


def test_whatever_a_script_does_to_the_folder_of_mounts_disks_take_writes_after(
    osie: Osie,
) -> None:
    subprocess.run([need("mkfs.ext4"), "-q", "-F", osie.own], check=True)
    osie.script(f'mount {osie.own} "$MOUNTS" && echo new >"$MOUNTS/file"', osie.own)
    assert (["0", "1"], ["0", "0"]) == (osie.after, osie.read_only())
    osie.script('rm -rf "$MOUNTS"/* && rmdir "$MOUNTS"', osie.own)
    assert (["0", "1"], ["0", "0"]) == (osie.after, osie.read_only())
    assert [] == [line for line in osie.voice.lines if "unmounted" in line]


def test_what_cannot_be_lifted_yet_stays_noted(osie: Osie) -> None:
    with shielded(osie.root, osie.kept, osie.voice.say):
        pass
    node = osie.root / "dev/sdb"
    node.rename(osie.folder / "sdb")
    node.symlink_to("sdb")  # ELOOP: no disk, and not gone
    lift(osie.kept)
    assert ["0", "1"] == osie.read_only()
    node.unlink()
    (osie.folder / "sdb").rename(node)
    lift(osie.kept)
    assert ["0", "0"] == osie.read_only()


def test_what_is_not_held_is_told_unless_there_is_no_disk(osie: Osie) -> None:
    for name in ("sdc", "sdd", "cciss!c0d0"):
        (osie.root / "sys/block" / name).mkdir()
    (osie.root / "dev/sdc").symlink_to("sdc")
    (osie.root / "dev/cciss").mkdir()
    (osie.root / "dev/sdb").rename(osie.root / "dev/cciss/c0d0")
    osie.script("true", osie.own)
    assert [
        "sdc is not held read-only: Too many levels of symbolic links",
        "read-only, and not to be mounted, as long as they are not armed: c0d0, sda",
    ] == osie.voice.lines[:2]
    assert (["0", "1"], ["0", "0"]) == (osie.after, osie.read_only())


# --- what comes while an action is on


def test_a_disk_that_comes_meanwhile_takes_no_writes_either(osie: Osie) -> None:
    coming = osie.folder / "coming"
    (osie.root / "sys/block/sdb").rename(coming)
    look = f"echo change >/sys/block/{Path(osie.other).name}/uevent"
    again = f"n=$((n + 1)); [ $n -lt 500 ] || exit 3; sleep 0.01; echo no >{osie.other}"
    osie.script(
        f"echo new >{osie.other}; mv {coming} {osie.root}/sys/block/sdb; {look}; n=0;"
        f" while {again}; do :; done; if mkswap {osie.other}; then exit 4; fi",
        osie.own,
    )
    assert (["0", "1"], ["0", "0"]) == (osie.after, osie.read_only())
    assert "sdb has come meanwhile: it is read-only, too" in osie.voice.lines
    subprocess.run(["sh", "-ec", f"echo new >{osie.other}"], check=True)


def test_one_that_comes_and_is_armed_takes_writes(osie: Osie) -> None:
    coming = osie.folder / "coming"
    (osie.root / "sys/block/sda").rename(coming)

    def come(context: Context) -> None:
        coming.rename(osie.root / "sys/block/sda")
        Path("/sys/block", Path(osie.own).name, "uevent").write_text("change")
        until(lambda: "sda has come meanwhile: it is read-only, too" in osie.voice.lines)
        context.arm(osie.own)
        Path(osie.own).write_bytes(b"new\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boots_agent.doing.ACTIONS", {"come": come})
        osie.do("come")
    assert b"new\n" == osie.holds()[0]


def test_one_that_somebody_has_as_it_comes_is_said_to_be_not_held(
    osie: Osie, tmp_path: Path
) -> None:
    coming = tmp_path / "coming"
    (osie.root / "sys/block/sdb").rename(coming)
    told = "sdb has come meanwhile, is in use, and not held"

    def come(_: Context) -> None:
        coming.rename(osie.root / "sys/block/sdb")
        Path("/sys/block", Path(osie.other).name, "uevent").write_text("change")
        until(lambda: told in osie.voice.lines)

    had = os.open(osie.other, os.O_RDONLY | os.O_EXCL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boots_agent.doing.ACTIONS", {"come": come})
        osie.do("come")
    os.close(had)
    assert ["1", "0"] == osie.after


def test_what_is_armed_is_claimed_no_more_though_it_could_not_be_held(
    osie: Osie, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int, *, value: bool) -> None:
        raise OSError(value, "refused")

    shield = Shield(Notes(osie.kept))
    monkeypatch.setattr("boots_agent.shield._read_only", refuse)
    with pytest.raises(OSError, match="refused"):
        shield.put(Path(osie.own))
    shield.free(Path(osie.own).stat().st_rdev)
    os.close(os.open(osie.own, os.O_RDONLY | os.O_EXCL))


def test_what_is_armed_while_it_is_lent_is_not_claimed_again(osie: Osie) -> None:
    shield, number = Shield(Notes(osie.kept)), Path(osie.own).stat().st_rdev
    shield.put(Path(osie.own))
    with shield.lent([number]):
        shield.free(number)
    os.close(os.open(osie.own, os.O_RDONLY | os.O_EXCL))
    assert ["0", "0"] == osie.read_only()


# --- what an action leaves in use


@pytest.fixture
def in_use(osie: Osie) -> Iterator[Callable[[str], None]]:
    """Have a disk mounted beside the folder of mounts: by a script, or by what one left running."""
    place = osie.folder / "beside"
    place.mkdir()

    def mount(device: str) -> None:
        subprocess.run([need("mkfs.ext4"), "-q", "-F", device], check=True)
        line = f"mount -o ro {device} {place}"
        osie.script(line if device == osie.own else "true", osie.own)
        if device != osie.own:
            subprocess.run(["sh", "-ec", line], check=True)
        assert place.is_mount()

    yield mount
    subprocess.run(["umount", place], check=False)


def test_a_disk_that_an_action_left_in_use_is_held_in_the_next(
    osie: Osie, in_use: Callable[[str], None]
) -> None:
    in_use(osie.other)
    osie.voice.lines.clear()
    with pytest.raises(ActionFailed, match="it ended with"):
        osie.script(f"echo new >{osie.other}", osie.own)
    told = "sdb is in use since an action: what uses it may still write there"
    assert told == osie.voice.lines[0]
    assert ["0", "0"] == osie.read_only()
    assert b"new\n" != osie.holds()[1]


def test_a_disk_that_was_armed_as_it_came_into_use_is_left_as_it_is(
    osie: Osie, in_use: Callable[[str], None]
) -> None:
    in_use(osie.own)
    osie.voice.lines.clear()
    osie.script("true")
    assert ["0", "1"] == osie.after
    assert [
        "read-only, and not to be mounted, as long as they are not armed: sdb"
    ] == osie.voice.lines[:1]


# --- what Linux writes though a disk is read-only: all that is stacked on it


def test_what_is_not_armed_is_no_swap_meanwhile(osie: Osie) -> None:
    subprocess.run([need("mkswap"), "-q", osie.other], check=True)
    before = (osie.folder / "other").read_bytes()
    with pytest.raises(ActionFailed, match="it ended with"):
        osie.script(f"swapon {osie.other}", osie.own)
    assert before == (osie.folder / "other").read_bytes()
    assert osie.other not in Path("/proc/swaps").read_text()
    assert any("busy" in line for line in osie.voice.lines)


@pytest.mark.parametrize("part", ["", "p1"])
def test_nor_is_it_mounted_or_claimed_by_anything(part: str, osie: Osie) -> None:
    script = "label: gpt\nsize=40MiB\n"
    subprocess.run([need("sfdisk"), "-q", osie.other], input=script, text=True, check=True)
    subprocess.run(["partx", "-u", osie.other], check=False)
    subprocess.run([need("mkfs.ext4"), "-q", "-F", f"{osie.other}{part}"], check=True)
    place = osie.folder / "beside"
    place.mkdir()
    with pytest.raises(ActionFailed, match="it ended with"):
        osie.script(f"mount -o ro {osie.other}{part} {place}", osie.own)
    assert not place.is_mount()
    claim = f"import os; os.open({osie.other + part!r}, os.O_RDONLY | os.O_EXCL)"
    with pytest.raises(ActionFailed, match="it ended with"):
        osie.do("shell", command=["python3", "-c", claim], arms=False)
    os.close(os.open(f"{osie.other}{part}", os.O_RDONLY | os.O_EXCL))  # after it, it may be


def test_an_action_of_the_agents_own_mounts_to_read_what_is_not_armed(
    osie: Osie, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run([need("mkfs.ext4"), "-q", "-F", osie.other], check=True)
    before = (osie.folder / "other").read_bytes()
    seen: list[object] = []

    def look(context: Context) -> None:
        with mounted(context, osie.other) as place:
            seen.append((place / "lost+found").is_dir())
            seen.append(Path("/sys/block", Path(osie.other).name, "ro").read_text().strip())
        with pytest.raises(OSError, match="busy"):
            os.open(osie.other, os.O_RDONLY | os.O_EXCL)

    monkeypatch.setattr("boots_agent.doing.ACTIONS", {"look": look})
    osie.do("look")
    assert [True, "1"] == seen
    assert before == (osie.folder / "other").read_bytes()


def test_it_mounts_to_read_a_btrfs_on_several_that_are_not_armed(
    osie: Osie, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_to_linux("btrfs")
    words = [need("mkfs.btrfs"), "-q", "-f", "-M", "-d", "single", "-m", "single"]
    subprocess.run([*words, osie.own, osie.other], check=True)
    files = [osie.folder / name for name in ("own", "other")]
    before = [each.read_bytes() for each in files]
    seen: list[bool] = []

    def look(context: Context) -> None:
        subprocess.run(["btrfs", "device", "scan", osie.own, osie.other], check=True)
        with mounted(context, osie.other) as place:
            seen.append(place.is_mount())
        for each in (osie.own, osie.other):
            with pytest.raises(OSError, match="busy"):
                os.open(each, os.O_RDONLY | os.O_EXCL)

    monkeypatch.setattr("boots_agent.doing.ACTIONS", {"look": look})
    osie.do("look")
    assert [True] == seen
    assert before == [each.read_bytes() for each in files]


# --- what leads from a disk to another one


def test_a_file_system_with_its_journal_on_another_disk_is_not_written(osie: Osie) -> None:
    """A kernel that mounts it would write the journal, which no path of the action's names."""
    journal = [need("mke2fs"), "-q", "-O", "journal_dev", "-b", "4096", osie.other]
    subprocess.run(journal, check=True)
    own = ["mke2fs", "-q", "-F", "-b", "4096", "-J", f"device={osie.other}", osie.own]
    subprocess.run(own, check=True)
    before = (osie.folder / "other").read_bytes()
    given = {"DEST_DISK": osie.own, "DEST_PATH": "/file", "CONTENTS": "new"}
    with pytest.raises(ActionFailed, match=r"cannot be mounted|cannot be written: Read-only"):
        osie.do("writefile", environment=given)
    assert before == (osie.folder / "other").read_bytes()


def test_a_file_system_on_two_disks_is_not_written_by_one(osie: Osie) -> None:
    known_to_linux("btrfs")
    disks = [osie.own, osie.other]
    need("btrfs")
    for file in ("own", "other"):
        os.truncate(osie.folder / file, 2 * SIZE)
    for device in disks:
        subprocess.run(["losetup", "-c", device], check=True)
    made = [need("mkfs.btrfs"), "-q", "-f", "-d", "raid1", "-m", "raid1", *disks]
    subprocess.run(made, check=True, capture_output=True)
    subprocess.run(["btrfs", "device", "scan", *disks], check=True, capture_output=True)
    before = (osie.folder / "other").read_bytes()
    given = {"DEST_DISK": osie.own, "DEST_PATH": "/file", "CONTENTS": "new"}
    try:
        with pytest.raises(ActionFailed, match="cannot be mounted"):
            osie.do("writefile", environment=given, size=2 * SIZE)
    finally:
        subprocess.run(["btrfs", "device", "scan", "--forget", *disks], check=True)
    assert before == (osie.folder / "other").read_bytes()


def test_a_volume_group_on_two_disks_does_not_grow_by_one(
    osie: Osie, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LVM writes what it knows of a group to all of its disks; an image may bring anything."""
    monkeypatch.setenv("LVM_SYSTEM_DIR", str(osie.folder / "lvm"))  # keeps what it knows of groups
    part, group = f"{osie.own}p1", f"shop{os.getpid()}"
    script = "label: gpt\nsize=40MiB\n"
    subprocess.run([need("sfdisk"), "-q", osie.own], input=script, text=True, check=True)
    subprocess.run(["partx", "-u", osie.own], check=False)
    for words in (
        ["pvcreate", "-q", part, osie.other],
        ["vgcreate", "-q", group, part, osie.other],
    ):
        need(words[0])
        subprocess.run(words, check=True, capture_output=True)
    before = (osie.folder / "other").read_bytes()
    with pytest.raises(ActionFailed, match="pvresize ended with"):
        osie.do("grow", environment={"DEST_DISK": part})
    assert before == (osie.folder / "other").read_bytes()
    monkeypatch.setattr("boots_agent.actions.growing.seen_by_lvm", lambda _: "-v")
    with pytest.raises(ActionFailed, match="pvresize ended with"):
        osie.do("grow", environment={"DEST_DISK": part})
    assert before == (osie.folder / "other").read_bytes()
