"""The image writer on block devices of the kernel, with images that stock programs packed."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agent.images.made import (
    MIB,
    PAGE,
    Clock,
    disk,
    ignore,
    of_image,
    of_sent,
    pattern,
)
from tests.peers.conftest import lacking, need

from boots.images.adding import Wanted, add
from boots_agent.images.armed import Armed, Policy
from boots_agent.images.target import Refused, open_target
from boots_agent.images.words import DiskFailed, Job, Result, State
from boots_agent.images.writer import World, write_image

pytestmark = pytest.mark.peers
SYS = Path("/sys")
SIZE = 64 * MIB
IMAGE = pattern(9_000)


def attached(file: Path, sector: int) -> str:
    if os.geteuid() != 0:
        lacking("loop devices need root")
    command = [need("losetup"), "-f", "--show", "--sector-size", str(sector), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lacking(f"no loop device can be had: {done.stderr.strip()}")
    return done.stdout.strip()


@pytest.fixture(params=[512, 4096])
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    name = attached(disk(tmp_path / "backing", SIZE, b"old content "), request.param)
    yield name
    subprocess.run(["losetup", "-d", name], check=True)


def armed(tmp_path: Path, policy: Policy = Policy.FORCE) -> Armed:
    return Armed("52:54:00:12:34:56", "run-1", f"file:{tmp_path / 'backing'}", SIZE, policy)


def held(device: str, length: int) -> bytes:
    with Path(device).open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return b"".join(iter(lambda: file.read(MIB), b""))[:length]


def write(source: Path, device: str, permission: Armed, *, direct: bool = True) -> Result:
    clock = Clock()
    job = Job(str(source), device, permission, (of_image(IMAGE),), verify=True)
    return write_image(job, ignore, World(clock, clock.sleep, direct=direct))


@pytest.mark.parametrize("direct", [True, False], ids=["past the cache", "through the cache"])
def test_an_image_is_written_to_a_block_device(direct: bool, device: str, tmp_path: Path) -> None:
    source = tmp_path / "image"
    source.write_bytes(IMAGE)
    result = write(source, device, armed(tmp_path), direct=direct)
    assert IMAGE == held(device, len(IMAGE))
    assert len(IMAGE) == result.written + result.zeroed
    assert result.zeroed > 8 * MIB


def test_frames_that_a_block_device_has_are_not_fetched_again(device: str, tmp_path: Path) -> None:
    source = tmp_path / "image"
    source.write_bytes(IMAGE)
    index = add(Wanted(str(source), "framed", tmp_path, level=1), lambda *_: None).index
    first = write(index, device, armed(tmp_path))
    again = write(index, device, armed(tmp_path))
    assert IMAGE == held(device, len(IMAGE))
    assert 0 == first.reused
    assert again.reused > 16 * MIB


@pytest.mark.parametrize(
    "command",
    [
        ["gzip", "-1c"],
        ["bzip2", "-1c"],
        ["xz", "-0", "-T2", "--block-size=5MiB", "-c"],
        ["zstd", "-3", "-T2", "-c"],
        ["zstd", "-3", "--long=27", "-c"],
        ["pzstd", "-3", "-p", "2", "-c"],
    ],
    ids=" ".join,
)
def test_what_stock_programs_pack_is_unpacked(
    command: list[str], device: str, tmp_path: Path
) -> None:
    source, packed = tmp_path / "image", tmp_path / "packed"
    source.write_bytes(IMAGE)
    with packed.open("wb") as goes:
        need(command[0])
        subprocess.run([*command, str(source)], stdout=goes, check=True)
    clock = Clock()
    proofs = (of_image(IMAGE), of_sent(packed.read_bytes()))
    job = Job(str(packed), device, armed(tmp_path), proofs)
    write_image(job, ignore, World(clock, clock.sleep))
    assert IMAGE == held(device, len(IMAGE))


def test_an_image_with_an_odd_end_leaves_what_is_behind_it(device: str, tmp_path: Path) -> None:
    source = tmp_path / "image"
    content = IMAGE[: 5 * MIB + 777]
    source.write_bytes(content)
    clock = Clock()
    job = Job(str(source), device, armed(tmp_path), (of_image(content),))
    write_image(job, ignore, World(clock, clock.sleep))
    after = held(device, 8 * MIB)
    assert content == after[: len(content)]
    old = (b"old content " * (PAGE * 3))[len(content) % 12 :][:PAGE]
    assert old == after[len(content) :][:PAGE]


def test_a_disk_that_somebody_has_open_for_himself_is_refused(device: str, tmp_path: Path) -> None:
    theirs = os.open(device, os.O_RDONLY | os.O_EXCL)
    try:
        with pytest.raises(Refused, match=f"{device} is in use"):
            open_target(device, armed(tmp_path), sys=SYS)
    finally:
        os.close(theirs)
    open_target(device, armed(tmp_path), sys=SYS).close()


def test_somebodys_disk_is_refused_and_untouched(device: str, tmp_path: Path) -> None:
    subprocess.run([need("mkfs.ext4"), "-q", "-F", device], check=True, capture_output=True)
    before = held(device, SIZE)
    with pytest.raises(Refused, match="holds ext2, 3 or 4, and the policy is empty-only"):
        open_target(device, armed(tmp_path, Policy.EMPTY_ONLY), sys=SYS)
    assert before == held(device, SIZE)


def test_disks_are_known_by_serial_or_wwn_wherever_they_are(device: str, tmp_path: Path) -> None:
    number = Path(device).stat().st_rdev
    block = tmp_path / f"sys/dev/block/{os.major(number)}:{os.minor(number)}"
    block.mkdir(parents=True)
    (block / "serial").write_text("S4EWNX0R\n")
    (block / "wwid").write_text("eui.0025385b\n")
    for serial in ("S4EWNX0R", "eui.0025385b"):
        right = Armed("m", "r", serial, SIZE, Policy.FORCE)
        open_target(device, right, sys=tmp_path / "sys").close()
    with pytest.raises(Refused, match=r"the serial S4EWNX0R, eui\.0025385b; armed is OTHER"):
        open_target(device, Armed("m", "r", "OTHER", SIZE), sys=tmp_path / "sys")
    (block / "partition").write_text("1\n")
    with pytest.raises(Refused, match="is a partition"):
        open_target(device, right, sys=tmp_path / "sys")
    (block / "partition").unlink()
    (block / "ro").write_text("1\n")
    with pytest.raises(Refused, match="is read-only"):
        open_target(device, right, sys=tmp_path / "sys")


def test_a_disk_that_fails_tells_the_byte(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        lacking("a small file system needs root")
    small, source = tmp_path / "small", tmp_path / "image"
    small.mkdir()
    source.write_bytes(IMAGE)
    mounting = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(small)]
    subprocess.run(mounting, check=True)
    try:
        backing = small / "backing"
        with backing.open("wb") as file:
            file.truncate(SIZE)
        name = attached(backing, 512)
        try:
            permission = Armed("m", "r", f"file:{backing}", SIZE, Policy.FORCE)
            with pytest.raises(DiskFailed, match=r"cannot write /dev/loop\d+ at byte \d+") as told:
                write(source, name, permission)
            assert State.PARTIAL is told.value.state
            assert b"BOOTS HALF-WRITTEN" == held(name, 18)
        finally:
            subprocess.run(["losetup", "-d", name], check=True)
    finally:
        subprocess.run(["umount", str(small)], check=True)
