"""Actions on disks behind the real gate: armed once, then the run's own, and undone."""

import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.agent.actions.made import Told, context
from tests.agent.actions.stage import MIB, attached, file_disk, gone
from tests.agent.working.fake import signed
from tests.peers.conftest import need

from boots_agent.actions.context import ActionFailed
from boots_agent.actions.table import ACTIONS
from boots_agent.gate import Gate, Surroundings
from boots_agent.handed import read
from boots_agent.session import Session

pytestmark = pytest.mark.peers
KEY, NOW, SIZE = "11" * 32, 1_764_500_000.0, 128 * MIB


@dataclass
class Run:
    """One run of one machine: each action is a hand-out of its own, with its own record."""

    folder: Path
    device: str
    backing: Path
    taken: bool = False
    steps: int = 0
    ends: list[bytes] = field(default_factory=list)
    told: Told = field(default_factory=Told)

    def do(self, kind: str, *command: str, machine: Any = None, **environment: str) -> None:
        step, self.steps = self.steps, self.steps + 1
        named = {"run": "w-1", "step": step, "attempt": 1}
        facts = {"path": self.device, "serial": f"file:{self.backing}", "size": SIZE}
        record = signed({"machine": "node-1", **named, **facts, "taken": self.taken}, KEY, NOW)
        handed = read(
            {
                **named,
                "name": kind,
                "environment": {},
                "machine": {"name": "node-1"},
                "armed": [record],
            }
        )
        around = Surroundings(lambda: NOW, self.folder / "used", self.keep, self.told.lines.append)
        gate = Gate(handed, Session("w-1", 3, KEY), around)
        mounts = self.folder / "mounts"
        mounts.mkdir(exist_ok=True)
        given = context(
            kind,
            environment,
            mounts,
            told=self.told,
            arm=gate.arm,
            command=command,
            **({"machine": machine} if machine else {}),
        )
        values = {name: getattr(given, name) for name in given.__dataclass_fields__}
        ACTIONS[kind](type(given)(**{**values, "edges": self.ends.__getitem__}))
        self.taken = True

    def keep(self, _: str, body: bytes) -> None:
        self.ends.append(zlib.decompress(body))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    backing = file_disk(tmp_path / "backing", SIZE)
    with attached(backing) as device:
        yield Run(tmp_path, device, backing)
        gone(tmp_path)


def archive(folder: Path) -> Path:
    (folder / "etc").mkdir()
    (folder / "etc/motd").write_text("hello\n")
    made = folder / "root.tar.gz"
    with tarfile.open(made, "w:gz") as file:
        file.add(folder / "etc", "etc")
    return made


def test_a_system_is_made_from_an_archive_step_by_step_and_undone(run: Run, tmp_path: Path) -> None:
    layout = "efi 8M, root 64M"
    run.do("partition", DEST_DISK=run.device, LAYOUT=layout)
    root = f"{run.device}p2"
    run.do("mkfs", DEST_DISK=root, FS_TYPE="ext4", LABEL="root")
    run.do(
        "archive2disk",
        ARCHIVE_URL=str(archive(tmp_path)),
        DEST_DISK=root,
        FS_TYPE="ext4",
        DEST_PATH="/",
        INSECURE_NO_TARFILE_CHECKSUM_VERIFICATION="true",
    )
    run.do("grow", DEST_DISK=root)
    done = subprocess.run(
        [need("debugfs"), "-R", "cat /etc/motd", root], capture_output=True, text=True, check=True
    )
    assert "hello\n" == done.stdout
    assert [bytes(2 * MIB)] == run.ends
    run.do("undo", DEST_DISK=run.device, EDGES="0")
    assert not Path(root).exists()


def test_a_disk_becomes_what_its_record_says_step_by_step(run: Run) -> None:
    parts = [{"label": "SWAP", "size": "16M"}, {"label": "ROOT", "size": 0}]
    storage = {
        "disks": [{"device": run.device, "wipe_table": True, "partitions": parts}],
        "filesystems": [
            {"mount": {"device": f"{run.device}p1", "format": "swap", "point": "none"}},
            {"mount": {"device": f"{run.device}p2", "format": "ext4", "point": "/"}},
        ],
    }
    for word in ("wipe", "partition", "format", "mount"):
        run.do("rootio", word, machine={"storage": storage})
    assert 1 == len(run.ends)
    run.do("wipe", DEST_DISK=run.device)
    assert any(line.startswith('certificate: {"agent":') for line in run.told.lines)
    subprocess.run(["blockdev", "--flushbufs", run.device], check=True)
    assert b"" == run.backing.read_bytes().strip(b"\0")


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("partition", {"LAYOUT": "a rest"}),
        ("wipe", {}),
        ("wipe", {"METHOD": "overwrite"}),
        ("undo", {"EDGES": "0"}),
    ],
)
def test_somebodys_disk_is_left_as_it_is(kind: str, given: dict[str, str], run: Run) -> None:
    subprocess.run([need("mkfs.ext4"), "-q", "-F", run.device], check=True, capture_output=True)
    subprocess.run(["blockdev", "--flushbufs", run.device], check=True)
    before = run.backing.read_bytes()
    run.ends.append(bytes(2 * MIB))
    with pytest.raises(ActionFailed, match="holds ext2, 3 or 4, and the policy is empty-only"):
        run.do(kind, DEST_DISK=run.device, **given)
    assert before == run.backing.read_bytes()


def test_every_action_of_disks_has_its_function() -> None:
    wanted: Callable[[str], bool] = ACTIONS.__contains__
    names = "partition mkfs grow rootio wipe undo verify slurp burnin oci2disk archive2disk"
    assert [] == [name for name in names.split() if not wanted(name)]
