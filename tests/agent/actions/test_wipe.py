"""`wipe`: a disk is empty afterwards, and the certificate says how that is known."""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.agent.actions.stage import MIB, Stage, attached, file_disk

from boots_agent.actions import partition, wipe
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.proof import PAGE, lay, prove
from boots_agent.actions.secure import secure_erase
from boots_agent.images.armed import Policy
from boots_agent.images.disk import Disk
from boots_agent.images.target import open_target

SIZE = 16 * MIB
SYS = Path("/sys")


def surroundings() -> wipe.Surroundings:
    moments = iter([1000.0, 1060.5])
    return wipe.Surroundings(lambda: next(moments), random.Random(1).randbytes)


def certificate(stage: Stage) -> dict[str, Any]:
    (line,) = [line for line in stage.lines if line.startswith("certificate: ")]
    found: dict[str, Any] = json.loads(line.removeprefix("certificate: "))
    return found


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def path(stage: Stage, tmp_path: Path) -> Path:
    made = file_disk(tmp_path / "disk", SIZE, b"secret ")
    stage.allow(made, made)
    return made


@pytest.mark.parametrize("method", ["discard", "overwrite"])
def test_nothing_is_left_and_the_certificate_says_so(method: str, stage: Stage, path: Path) -> None:
    wipe.erase(stage.context("wipe", DEST_DISK=str(path), METHOD=method), surroundings())
    assert bytes(SIZE) == path.read_bytes()
    said = certificate(stage)
    assert {
        "path": str(path),
        "serial": f"file:{path}",
        "wwn": None,
        "model": None,
        "size": SIZE,
    } == (said["disk"])
    assert (method, method, 1000.0, 1060.5) == tuple(
        said[key] for key in ("asked", "method", "started", "ended")
    )
    proof = said["proof"]
    assert (0, 0, True, PAGE) == tuple(proof[key] for key in ("left", "dirty", "zero", "page"))
    assert proof["sentinels"] == 16
    assert proof["samples"] >= 1024


class Liar(Disk):
    """A disk that says that it discards, and does not."""

    def discard(self, *_: int) -> None:  # type: ignore[override]
        pass


class Unable(Disk):
    """A disk that has no discard."""

    def discard(self, *_: int) -> None:  # type: ignore[override]
        raise OSError(95, "Operation not supported")


class Deaf(Disk):
    """A disk that takes writes and forgets them."""

    def write(self, view: memoryview, offset: int) -> None:
        pass


def opened(kind: type[Disk], stage: Stage, path: Path) -> Disk:
    target = open_target(str(path), stage.arms[str(path)], sys=SYS)
    target.__class__ = kind
    return target


@pytest.mark.parametrize(
    ("kind", "why"), [(Liar, r"byte 0 is still not zero"), (Unable, "cannot discard")]
)
def test_a_disk_that_does_not_keep_its_word_is_overwritten(
    kind: type[Disk], why: str, stage: Stage, path: Path
) -> None:
    context = stage.context("wipe")
    disk = opened(kind, stage, path)
    chance = random.Random(1).randbytes
    done, proof = wipe.METHODS["discard"](context, disk, lay(disk, chance), chance)
    disk.close()
    assert ("overwrite", True) == (done, proof.is_zero)
    assert bytes(SIZE) == path.read_bytes()
    assert why in stage.said()


def test_a_disk_that_forgets_what_is_written_can_prove_nothing(stage: Stage, path: Path) -> None:
    disk = opened(Deaf, stage, path)
    with pytest.raises(Exception, match="does not hold what was written to byte 0"):
        lay(disk, random.Random(1).randbytes)
    disk.close()


def test_a_single_page_that_is_left_is_found_where_a_sentinel_was(stage: Stage, path: Path) -> None:
    chance = random.Random(2).randbytes
    disk = opened(Disk, stage, path)
    laid = lay(disk, chance)
    disk.discard(0, SIZE)
    disk.write(memoryview(laid[3].content), laid[3].offset)
    proof = prove(disk, laid, chance)
    disk.close()
    assert (1, 1, laid[3].offset) == (proof.left, proof.dirty, proof.first_dirty)


def test_a_disk_that_may_not_be_emptied_is_left_alone(stage: Stage, path: Path) -> None:
    stage.allow(path, path, Policy.EMPTY_ONLY)
    before = path.read_bytes()
    with pytest.raises(ActionFailed, match="the policy is empty-only"):
        wipe.erase(stage.context("wipe", DEST_DISK=str(path)))
    assert before == path.read_bytes()


def test_a_method_nobody_knows_is_told_before_anything_is_armed(stage: Stage) -> None:
    with pytest.raises(ActionFailed, match="write discard, secure, overwrite"):
        wipe.erase(stage.context("wipe", DEST_DISK="/dev/x", METHOD="magic"))
    assert [] == stage.armed


def test_a_file_has_no_command_that_erases_it(stage: Stage, path: Path) -> None:
    with pytest.raises(ActionFailed, match="write METHOD: overwrite"):
        wipe.erase(stage.context("wipe", DEST_DISK=str(path), METHOD="secure"))


# --- programs of disks that erase themselves, played


class Played:
    """Answers of programs, by their first two words."""

    def __init__(self, answers: dict[str, int | str | list[str]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, words: list[str]) -> int:
        self.asked.append(" ".join(words))
        answer = next((v for k, v in self.answers.items() if k in self.asked[-1]), 0)
        assert isinstance(answer, int)
        return answer

    def output(self, words: list[str]) -> str:
        self.asked.append(" ".join(words))
        answer = next(v for k, v in self.answers.items() if k in self.asked[-1])
        return answer.pop(0) if isinstance(answer, list) else str(answer)


class Named:
    """A disk of which only its name counts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = f"/dev/{name}"


def playing(stage: Stage, root: Path, played: Played, where: str = "") -> Context:
    context = stage.context("wipe")
    if where:
        (root / where).mkdir(parents=True)
        (root / "sys/class/block").mkdir(parents=True)
        (root / "sys/class/block/sda").symlink_to(root / where)
    values = {name: getattr(context, name) for name in Context.__dataclass_fields__}
    return Context(**{**values, "run": played, "root": root})


HDPARM = """
/dev/sda:
Security:
\tMaster password revision code = 65534
\t\tsupported
\t{enabled}
\tnot\tlocked
\t{frozen}
\tnot\texpired: security count
\t{enhanced}
"""
ATA = "sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda"


def hdparm(**said: str) -> str:
    usual = {"enabled": "not\tenabled", "frozen": "not\tfrozen"}
    return HDPARM.format(**{**usual, "enhanced": "\tsupported: enhanced erase", **said})


def test_an_ata_disk_is_given_a_password_and_erased(stage: Stage, tmp_path: Path) -> None:
    played = Played({"hdparm -I": hdparm()})
    context = playing(stage, tmp_path, played, ATA)
    assert "ata security erase, enhanced" == secure_erase(context, Named("sda"))  # type: ignore[arg-type]
    assert [
        "hdparm -I /dev/sda",
        "hdparm --user-master u --security-set-pass boots /dev/sda",
        "hdparm --user-master u --security-erase-enhanced boots /dev/sda",
    ] == played.asked


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (hdparm(frozen="\tfrozen"), "the firmware has frozen"),
        (hdparm(enabled="\tenabled"), "has a password"),
        ("/dev/sda:\n", "knows no secure erase"),
    ],
)
def test_an_ata_disk_that_cannot_is_told_apart(
    said: str, why: str, stage: Stage, tmp_path: Path
) -> None:
    played = Played({"hdparm -I": said})
    with pytest.raises(ActionFailed, match=why):
        secure_erase(playing(stage, tmp_path, played, ATA), Named("sda"))  # type: ignore[arg-type]
    assert 1 == len(played.asked)


def test_an_ata_disk_that_refuses_is_left_without_a_password(stage: Stage, tmp_path: Path) -> None:
    said = hdparm(enhanced="not\tsupported: enhanced erase")
    played = Played({"hdparm -I": said, "--security-erase ": 5})
    with pytest.raises(ActionFailed, match="hdparm ended with 5"):
        secure_erase(playing(stage, tmp_path, played, ATA), Named("sda"))  # type: ignore[arg-type]
    assert "hdparm --user-master u --security-disable boots /dev/sda" == played.asked[-1]


SUBSYSTEM = "sys/devices/virtual/nvme-subsystem/nvme-subsys0"
PCI = "sys/devices/pci0000:00/0000:00:04.0/nvme"


def namespace(root: Path, owner: str, name: str, nqn: str) -> None:
    """As Linux has one: below its controller, or below the subsystem where that has several."""
    block, device = root / owner / name, root / owner
    block.mkdir(parents=True)
    (device / "subsysnqn").write_text(f"{nqn}\n")
    (block / "device").symlink_to(device)
    (root / "sys/class/block").mkdir(parents=True, exist_ok=True)
    (root / "sys/class/block" / name).symlink_to(block)


@pytest.mark.parametrize(
    ("owner", "name", "nqn"),
    [
        (f"{PCI}/nvme0", "nvme0n2", "nqn.a"),
        (f"{PCI}/nvme0", "nvme0n2", ""),  # before Linux 4.16
        (f"{PCI}/nvme1", "nvme1n1", "nqn.a"),  # another controller of the same subsystem
        (SUBSYSTEM, "nvme0n2", "nqn.a"),
    ],
)
def test_an_nvme_disk_with_another_namespace_beside_it_is_not_erased_by_its_command(
    owner: str, name: str, nqn: str, stage: Stage, tmp_path: Path
) -> None:
    first = SUBSYSTEM if owner == SUBSYSTEM else f"{PCI}/nvme0"
    namespace(tmp_path, first, "nvme0n1", nqn)
    namespace(tmp_path, owner, name, nqn)
    played = Played({"nvme format": 1})
    with pytest.raises(ActionFailed, match=f"could erase /dev/{name}, too.*write METHOD: discard"):
        secure_erase(playing(stage, tmp_path, played), Named("nvme0n1"))  # type: ignore[arg-type]
    assert [] == played.asked


def test_an_nvme_disk_of_which_linux_tells_no_controller_is_left_alone(
    stage: Stage, tmp_path: Path
) -> None:
    played = Played({})
    with pytest.raises(ActionFailed, match="nobody knows which other namespaces"):
        secure_erase(playing(stage, tmp_path, played), Named("nvme0n1"))  # type: ignore[arg-type]
    assert [] == played.asked


@pytest.fixture
def nvme(tmp_path: Path) -> Path:
    """A machine of two NVMe disks, one of them with two ways to it."""
    namespace(tmp_path, SUBSYSTEM, "nvme0n1", "nqn.a")
    namespace(tmp_path, f"{PCI}/nvme0", "nvme0c0n1", "nqn.a")
    namespace(tmp_path, f"{PCI}/nvme7", "nvme7n1", "nqn.b")
    return tmp_path


def test_an_nvme_disk_is_formatted(stage: Stage, nvme: Path) -> None:
    played = Played({})
    context = playing(stage, nvme, played)
    assert "nvme format, user data erase" == secure_erase(context, Named("nvme0n1"))  # type: ignore[arg-type]
    assert ["nvme format /dev/nvme0n1 --ses=1 --force"] == played.asked


def test_an_nvme_disk_that_does_not_format_is_sanitized(stage: Stage, nvme: Path) -> None:
    log = ['{"nvme0": {"sstat": 2}}', '{"nvme0": {"sstat": 257}}']
    played = Played({"nvme format": 1, "sanitize-log": log})
    slept: list[float] = []
    done = secure_erase(
        playing(stage, nvme, played),
        Named("nvme0n1"),  # type: ignore[arg-type]
        slept.append,
    )
    assert "nvme sanitize, block erase" == done
    assert [5.0] == slept


def test_a_missing_program_is_told_with_who_has_it(stage: Stage, nvme: Path) -> None:
    context = playing(stage, nvme, Played({"nvme": 127}))
    with pytest.raises(ActionFailed, match="nvme is not in this OSIE; the flavour full"):
        secure_erase(context, Named("nvme0n1"))  # type: ignore[arg-type]


# --- in the kernel


@pytest.fixture
def device(stage: Stage, path: Path) -> Iterator[str]:
    with attached(path) as name:
        stage.allow(name, path)
        yield name


@pytest.mark.peers
@pytest.mark.parametrize("method", ["discard", "overwrite"])
def test_a_device_is_empty_and_its_partitions_are_gone(
    method: str, device: str, stage: Stage, path: Path
) -> None:
    partition.make(stage.context("partition", DEST_DISK=device, LAYOUT="a 4M, b rest"))
    assert Path(f"{device}p1").is_block_device()
    wipe.erase(stage.context("wipe", DEST_DISK=device, METHOD=method))
    assert not Path(f"{device}p1").exists()
    assert method == certificate(stage)["method"]
    subprocess.run(["blockdev", "--flushbufs", device], check=True)
    assert bytes(SIZE) == path.read_bytes()
    stage.allow(device, path, Policy.EMPTY_ONLY)
    partition.make(stage.context("partition", DEST_DISK=device, LAYOUT="a 4M, b rest"))
