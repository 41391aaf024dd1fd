"""A machine with two disks, of which one is armed: the other stays what it is, to the last byte."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.provisioned import MIB, SERIAL, WRITE, Provisioned, add_image, provisioned
from tests.e2e.test_workflow import DEBIAN, installed
from tests.e2e.test_workflow_faults import digest

from boots.lab.firmware import Firmware
from boots.lab.qemu import Disk

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(900)]

Osie = Callable[[str], str]

SIZE = 256
TRY = "dd if=/dev/zero of=/dev/vdb bs=4096 count=1 conv=fsync && echo written || echo refused"
TEMPLATE = f"""\
version: "0.1"
name: two-disks
tasks:
  - name: install
    worker: "{{{{ .device_1 }}}}"
    actions:
      - name: image
        image: image2disk
        timeout: 600
        environment: {{IMG_URL: images/small/index.json, DEST_DISK: /dev/vda}}
      - name: slip
        image: shell
        timeout: 60
        environment:
          DISKS: /dev/vda
          SCRIPT: "{TRY}; echo mine >/dev/vda; false"
        on-failure: [sh, -c, "{TRY}; dd if=/dev/zero of=/dev/vda || echo refused"]
"""


def test_whatever_a_workflow_does_a_disk_that_nobody_armed_is_as_it_was(
    namespace: str, osie: Osie, tmp_path: Path
) -> None:
    theirs, image = tmp_path / "theirs.img", tmp_path / "small.img"
    theirs.write_bytes(os.urandom(SIZE * MIB))
    image.write_bytes(b"\xeb\x63".ljust(510, b".") + b"\x55\xaa" + os.urandom(8 * MIB - 512))
    add_image(image, "small", tmp_path / "images")
    disks = (Disk(SIZE, SERIAL), Disk(SIZE, "SOMEBODYS-DISK", contents=str(theirs)))
    with provisioned(namespace, tmp_path, osie("cloud"), tmp_path / "images") as place:
        run = place.provision(TEMPLATE)
        with place.power(Firmware.BIOS, disks=disks):
            done = place.becomes(run, "SUCCESS", "FAILED", "TIMEOUT", within=400)
        said = place.log(run)
        assert "FAILED" == done.line.state, "\n".join(said) + place.evidence()
        other = place.disk.with_name("disk1.img")
        assert digest(theirs) == digest(other), "\n".join(said)
        assert b"mine\n" == place.disk.read_bytes()[:5]
        assert digest(image, 1, 8) == digest(place.disk, 1, 8)
        assert ["refused"] * 3 == [line for line in said if line in {"refused", "written"}]


def test_debian_is_installed_on_the_armed_disk_and_the_other_one_is_as_it_was(
    namespace: str, osie: Osie, images: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs.img"
    theirs.write_bytes(os.urandom(SIZE * MIB))
    disks = (Disk(2048, SERIAL), Disk(SIZE, "SOMEBODYS-DISK", contents=str(theirs)))
    with provisioned(namespace, tmp_path, osie("cloud"), images) as place:
        run = place.provision(DEBIAN, disk=f"serial={SERIAL}")
        with place.power(Firmware.BIOS, disks=disks):
            installed(place, run)
        assert digest(theirs) == digest(place.disk.with_name("disk1.img"))


def test_a_disk_that_is_pulled_while_it_is_written_is_a_failure_and_its_heir_is_as_it_was(
    namespace: str, osie: Osie, tmp_path: Path
) -> None:
    theirs, image = tmp_path / "theirs.img", tmp_path / "chance.img"
    theirs.write_bytes(os.urandom(SIZE * MIB))
    image.write_bytes(b"\xeb\x63".ljust(510, b".") + b"\x55\xaa" + os.urandom(192 * MIB - 512))
    before = digest(theirs)
    add_image(image, "chance", tmp_path / "images")
    with provisioned(namespace, tmp_path, osie("cloud"), tmp_path / "images") as place:
        run = place.provision(WRITE)
        with place.power(Firmware.BIOS, disks=(Disk(SIZE, SERIAL),)):
            place.writing(run)
            swap(place, theirs)
            done = place.becomes(run, "SUCCESS", "FAILED", "TIMEOUT", within=300)
        said = place.log(run)
        assert "FAILED" == done.line.state, "\n".join(said) + place.evidence()
        assert any("/dev/vda" in line and "cannot" in line for line in said), said
        assert before == digest(theirs)


def swap(place: Provisioned, heir: Path) -> None:
    """Pull the disk, and put another one where it was."""
    assert place.machine is not None
    qmp = place.machine.qmp
    (own,) = [each for each in qmp.execute("query-block") if each["device"] == "disk0"]
    pulled = own["qdev"].removesuffix("/virtio-backend")
    qmp.execute("device_del", id=pulled)
    gone = lambda: all(each["device"] != "disk0" for each in qmp.execute("query-block"))  # noqa: E731
    place.until(gone, 60, "the disk is still there")
    file = {"driver": "file", "filename": str(heir)}
    qmp.execute("blockdev-add", **{"driver": "raw", "node-name": "heir", "file": file})
    card = {"driver": "virtio-blk-pci", "drive": "heir", "serial": "SOMEBODYS-DISK"}
    qmp.execute("device_add", **card)
