"""What may go wrong while a disk is written: a run goes on, or stops and says why; no disk is half.

The image is no system, but a disk full of chance, so that each byte counts.
"""

import hashlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.disk import of_chance
from tests.e2e.provisioned import (
    IMAGES,
    MIB,
    NAME,
    SERIAL,
    WRITE,
    Provisioned,
    add_image,
    partitions,
    provisioned,
)

from boots.client.connecting import ApiError
from boots.lab.firmware import Firmware
from boots.model.arming import Policy

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

Osie = Callable[[str], str]

SIZE = 384
DISK = 512
HALF = b"BOOTS HALF-WRITTEN"
OVER = ("SUCCESS", "FAILED", "TIMEOUT")


@pytest.fixture(scope="module")
def chance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return of_chance(tmp_path_factory.mktemp("chance") / "disk.img", SIZE)


@pytest.fixture(scope="module")
def folder(chance: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of images that has it."""
    made: Path = tmp_path_factory.mktemp("images")
    add_image(chance, "chance", made)
    return made


@pytest.fixture
def place(namespace: str, osie: Osie, folder: Path, tmp_path: Path) -> Iterator[Provisioned]:
    with provisioned(namespace, tmp_path, osie("cloud"), folder) as made:
        yield made


def digest(path: Path, first: int = 0, end: int = -1) -> str:
    """Of a file, or of a part of it, in MiB."""
    found = hashlib.sha256()
    left = (path.stat().st_size if end < 0 else end * MIB) - first * MIB
    with path.open("rb") as file:
        file.seek(first * MIB)
        while left > 0 and (data := file.read(min(left, MIB))):
            found.update(data)
            left -= len(data)
    return found.hexdigest()


def is_whole(place: Provisioned, chance: Path) -> bool:
    """Whether the machine's disk is the image, to the last byte, with a table for this disk."""
    places = [
        [(each["start"], each["size"]) for each in partitions(disk)["partitions"]]
        for disk in (place.disk, chance)
    ]
    # At both ends is the table, which knows how large the disk is.
    return places[0] == places[1] and digest(place.disk, 1, SIZE - 1) == digest(chance, 1, SIZE - 1)


def waits(place: Provisioned, run: str) -> str:
    """Why a run does not begin."""

    def why() -> str:
        found = place.run(run)
        return found.note if found and found.line.state == "PREPARING" else ""

    return str(place.until(why, 240, "it never said why it waits"))


def boots_nothing(disk: Path) -> bool:
    """Whether no firmware finds anything to start on a disk."""
    head = disk.read_bytes()[: 2 * 4096]
    return b"\x55\xaa" != head[510:512] and b"EFI PART" not in head


def test_a_server_that_is_killed_and_started_again_changes_nothing_for_the_disk(
    place: Provisioned, chance: Path
) -> None:
    run = place.provision(WRITE)
    with pytest.raises(ApiError) as refused:
        place.provision(WRITE)
    assert 409 == refused.value.problem.status
    with place.power(Firmware.BIOS, disk=DISK) as machine:
        place.writing(run)
        place.kill_server()
        time.sleep(3)  # what the machine has to say meanwhile cannot be said
        place.start_server()
        done = place.becomes(run, *OVER)
        assert "SUCCESS" == done.line.state, place.evidence()
        place.until(lambda: machine.ended, 30)
    assert [1, 1] == [step.attempt for step in done.steps]
    assert is_whole(place, chance)


def test_after_a_power_cut_nothing_boots_and_a_person_has_it_done_again(
    place: Provisioned, chance: Path
) -> None:
    run = place.provision(WRITE)
    with place.power(Firmware.BIOS, disk=DISK) as machine:
        place.writing(run, share=0.3)
        machine.cut()
    assert HALF == place.disk.read_bytes()[: len(HALF)]
    assert boots_nothing(place.disk)

    with place.power(Firmware.BIOS, disk=DISK) as machine:
        left = place.becomes(run, "NEEDS_PERSON")
        assert {"again", "done", "cancel"} <= {*left.needs}
        assert boots_nothing(place.disk)
        place.api.settle_run(run, 1, again=True)
        done = place.becomes(run, *OVER)
        assert "SUCCESS" == done.line.state, place.evidence()
        place.until(lambda: machine.ended, 30)
    assert is_whole(place, chance)


def test_a_disk_with_somebodys_data_is_refused_and_not_touched(
    place: Provisioned, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs.img"
    with theirs.open("wb") as file:
        file.truncate(DISK * MIB)
    table = "label: gpt\nstart=1MiB, size=256MiB, type=linux\n"
    subprocess.run(["sfdisk", "--quiet", theirs], input=table.encode(), check=True)
    made = ["mke2fs", "-q", "-F", "-t", "ext4", "-E", f"offset={MIB}", theirs, "256m"]
    subprocess.run(made, check=True)
    before = digest(theirs)

    run = place.provision(WRITE)
    with place.power(Firmware.BIOS, disk=DISK, contents=str(theirs)):
        assert "gpt" in waits(place, run).lower()
        # Inventories are written down in batches, some tenths of a second behind.
        told = place.until(lambda: place.api.machine(NAME).inventory, 10, "it was not kept")
        assert "gpt" == told["disks"][0]["content"]
        place.api.cancel_run(run)
        with pytest.raises(ApiError) as refused:
            place.provision(WRITE, policy=Policy.WIPE_KNOWN)
        assert 422 == refused.value.problem.status
    assert before == digest(place.disk)


@pytest.mark.wide
def test_a_link_that_is_down_for_half_a_minute_is_waited_for(
    place: Provisioned, chance: Path
) -> None:
    run = place.provision(WRITE)
    with place.power(Firmware.BIOS, disk=DISK) as machine:
        place.writing(run)
        machine.link(up=False)
        time.sleep(30)
        machine.link(up=True)
        done = place.becomes(run, *OVER)
        assert "SUCCESS" == done.line.state, place.evidence()
        place.until(lambda: machine.ended, 30)
    assert [1, 1] == [step.attempt for step in done.steps]
    assert is_whole(place, chance)


@pytest.mark.wide
def test_an_agent_that_is_killed_comes_back_and_asks_a_person(
    place: Provisioned, chance: Path
) -> None:
    killer = """\
      - name: murder
        image: shell
        timeout: 300
        environment:
          DISKS: "{{ index .Hardware.Disks 0 }}"
          SCRIPT: dd if=/dev/zero of=/dev/vda bs=1M count=8; kill -9 $(pidof python3); sleep 300
"""
    head, action, rest = WRITE.partition("      - name: image\n")
    run = place.provision(head + killer + action + rest)
    with place.power(Firmware.BIOS, disk=DISK) as machine:
        left = place.becomes(run, "NEEDS_PERSON", *OVER)
        assert ("NEEDS_PERSON", "1 murder") == (left.line.sub, left.line.step), place.evidence()
        place.api.settle_run(run, 1, again=False)
        done = place.becomes(run, *OVER)
        assert "SUCCESS" == done.line.state, place.evidence()
        place.until(lambda: machine.ended, 30)
    assert [1, 1, 1] == [step.attempt for step in done.steps]
    assert is_whole(place, chance)


@pytest.mark.wide
def test_a_disk_that_is_too_small_is_told_and_not_touched(place: Provisioned) -> None:
    run = place.provision(WRITE)
    with place.power(Firmware.BIOS, disk=SIZE // 2):
        assert "the image needs" in waits(place, run)
    assert not any(place.disk.read_bytes())


def damaged(frames: Path) -> None:
    with frames.open("r+b") as file:
        file.seek(frames.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes((byte[0] ^ 1,)))


def truncated(frames: Path) -> None:
    os.truncate(frames, frames.stat().st_size // 2)


@pytest.mark.wide
@pytest.mark.parametrize("spoil", [damaged, truncated])
def test_a_framed_image_that_is_not_whole_is_a_failure_and_boots_nothing(
    namespace: str,
    osie: Osie,
    chance: Path,
    tmp_path: Path,
    spoil: Callable[[Path], None],
) -> None:
    spoilt = tmp_path / "images"
    add_image(chance, "chance", spoilt)
    [frames] = (spoilt / "chance").glob("*.frames")
    spoil(frames)
    with (
        provisioned(namespace, tmp_path, osie("cloud"), spoilt) as place,
        place.power(Firmware.BIOS, disk=DISK),
    ):
        run = place.provision(WRITE)
        done = place.becomes(run, *OVER, within=600)
    assert "FAILED" == done.line.state, done
    assert 0 != done.steps[0].exit_code
    assert boots_nothing(place.disk)


@pytest.mark.wide
def test_an_image_that_hashes_to_something_else_is_a_failure_and_boots_nothing(
    place: Provisioned, chance: Path, folder: Path
) -> None:
    raw = folder / "raw.img"
    raw.hardlink_to(chance)
    try:
        given = {"image": f"{IMAGES}/raw.img", "sha256": "0" * 64}
        run = place.provision(WRITE, map=given)
        with place.power(Firmware.BIOS, disk=DISK):
            done = place.becomes(run, *OVER)
        assert "FAILED" == done.line.state
        assert "0" * 64 in done.steps[0].message
        assert boots_nothing(place.disk)
    finally:
        raw.unlink()


@pytest.mark.wide
def test_force_writes_over_anything_if_the_disk_is_named(
    place: Provisioned, chance: Path, tmp_path: Path
) -> None:
    run = place.provision(WRITE)
    with place.power(Firmware.BIOS, disk=DISK, contents=str(chance)):
        assert "gpt" in waits(place, run).lower()
        place.api.cancel_run(run)
        run = place.provision(WRITE, policy=Policy.FORCE, disks=(SERIAL,))
        done = place.becomes(run, *OVER)
        assert "SUCCESS" == done.line.state, place.evidence()
    assert NAME == done.line.machine
    assert is_whole(place, chance)
