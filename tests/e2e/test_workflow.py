"""From an empty disk to a running Debian: a workflow, all of it, in virtual machines."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.provisioned import (
    MIB,
    UP,
    Provisioned,
    add_image,
    partitions,
    provisioned,
)

from boots.client import shipped
from boots.journal import events
from boots.lab.firmware import Firmware
from boots.model.arming import Policy

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

Osie = Callable[[str], str]

DEBIAN = shipped.text("debian") or ""
OVER = ("SUCCESS", "FAILED", "TIMEOUT")


def installed(place: Provisioned, run: str) -> None:
    """Wait until a run is over, which must be well, and somebody could log in."""
    done = place.becomes(run, *OVER, within=500)
    assert "SUCCESS" == done.line.state, place.evidence()
    place.says(UP, within=240)


def frames_sent(place: Provisioned) -> int:
    """Bytes of frames that left the server since the mark."""
    told = place.told(events.TransferFinished)
    return sum(each.size for each in told if each.name.endswith(".frames"))


def test_an_empty_disk_becomes_debian_by_bios_stays_it_and_takes_a_changed_image(
    namespace: str, osie: Osie, debian: Path, images: Path, tmp_path: Path
) -> None:
    own = tmp_path / "images"
    shutil.copytree(images, own)
    with provisioned(namespace, tmp_path, osie("cloud"), own) as place:
        run = place.provision(DEBIAN)
        with place.power(Firmware.BIOS):
            installed(place, run)
        _stays(place, Firmware.BIOS)
        assert "SUCCESS" == place.api.run(run).line.state
        whole = frames_sent(place)

        place.server.mark()
        _change(debian, own, tmp_path)
        run = place.provision(DEBIAN, policy=Policy.WIPE_KNOWN)
        with place.power(Firmware.BIOS):
            installed(place, run)
        assert 0 < frames_sent(place) < whole / 2
        assert "CHANGED" in _of_esp(place.disk)


def test_an_empty_disk_becomes_debian_by_uefi_and_stays_it(
    namespace: str, osie: Osie, images: Path, tmp_path: Path
) -> None:
    """Its firmware has the disk first, as it would wait for minutes for each kind of network.

    The disk is chosen by what it is: then its name is udev's.
    """
    with provisioned(namespace, tmp_path, osie("cloud"), images) as place:
        run = place.provision(DEBIAN, disk="size<4G transport=virtio prefer=smallest")
        with place.power(Firmware.UEFI, disk_first=True):
            installed(place, run)
        _stays(place, Firmware.UEFI, disk_first=True)
        assert "SUCCESS" == place.api.run(run).line.state


def _stays(place: Provisioned, firmware: Firmware, **more: bool) -> None:
    """The power goes off and on: the disk starts, nobody does anything, and its table stays."""
    written = partitions(place.disk)
    assert ["bios", "esp", "root"] == sorted(each["name"] for each in written["partitions"])
    scripts = len(place.told(events.ScriptServed))
    with place.power(firmware, **more):
        place.says(UP, within=240)
    assert scripts == len(place.told(events.ScriptServed))
    assert written == partitions(place.disk)


def _change(image: Path, folder: Path, work: Path) -> None:
    """The image with one more file, under the same name."""
    changed = work / "changed.img"
    shutil.copyfile(image, changed)
    (work / "CHANGED").write_text("another image\n")
    there = f"{changed}@@{2 * MIB}"
    subprocess.run(["mcopy", "-i", there, work / "CHANGED", "::CHANGED"], check=True)
    add_image(changed, "debian", folder)
    changed.unlink()


def _of_esp(disk: Path) -> str:
    """What is on the EFI system partition."""
    there = f"{disk}@@{2 * MIB}"
    return subprocess.run(
        ["mdir", "-i", there, "::"], check=True, capture_output=True, text=True
    ).stdout
