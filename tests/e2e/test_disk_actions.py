"""OSIE's own actions on a machine's disk: partitioned, filled, undone, erased."""

import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.provisioned import MIB, SERIAL, partitions, provisioned

from boots.client.workflows import Undo
from boots.lab.firmware import Firmware
from boots.model.arming import Policy

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(1800)]

Osie = Callable[[str], str]

FILL = """\
version: "0.1"
name: fill
tasks:
  - name: fill
    worker: "{{ .device_1 }}"
    actions:
      - name: partitions
        image: partition
        timeout: 120
        environment:
          DEST_DISK: /dev/vda
          LAYOUT: "efi 64M vfat, swap 32M swap, root 256M ext4"
      - name: system
        image: archive2disk
        timeout: 120
        environment:
          ARCHIVE_URL: images/root.tar.gz
          INSECURE_NO_TARFILE_CHECKSUM_VERIFICATION: "true"
          DEST_DISK: /dev/vda3
          FS_TYPE: ext4
          DEST_PATH: /
      - name: larger
        image: grow
        timeout: 120
        environment: {DEST_DISK: /dev/vda3}
      - name: try
        image: burnin
        timeout: 120
        environment: {MINUTES: "0.05", MEMORY_MIB: "16"}
      - {name: "off", image: poweroff, timeout: 60}
"""
ERASE = """\
version: "0.1"
name: erase
tasks:
  - name: erase
    worker: "{{ .device_1 }}"
    actions:
      - name: erase
        image: wipe
        timeout: 300
        environment: {DEST_DISK: /dev/vda}
      - {name: "off", image: poweroff, timeout: 60}
"""


def archive(folder: Path) -> Path:
    """A folder of images with a root file system in it."""
    folder.mkdir()
    with tarfile.open(folder / "root.tar.gz", "w:gz") as made:
        told = tarfile.TarInfo("./etc/motd")
        told.size = 6
        made.addfile(told, io.BytesIO(b"hello\n"))
    return folder


def root_of(disk: Path, number: int) -> Path:
    """The content of one partition, as a file."""
    part = partitions(disk)["partitions"][number - 1]
    made = disk.with_suffix(f".{number}")
    with disk.open("rb") as whole, made.open("wb") as file:
        whole.seek(part["start"] * 512)
        for _ in range(part["size"] // 2048):
            file.write(whole.read(MIB))
    return made


def test_a_disk_is_partitioned_filled_undone_and_erased(
    namespace: str, osie: Osie, tmp_path: Path
) -> None:
    images = archive(tmp_path / "images")
    with provisioned(namespace, tmp_path, osie("cloud"), images) as place:
        run = place.provision(FILL)
        with place.power(Firmware.BIOS):
            done = place.becomes(run, "SUCCESS", "FAILED", "TIMEOUT", within=500)
        assert "SUCCESS" == done.line.state, "\n".join(place.log(run)) + place.evidence()
        table = partitions(place.disk)
        assert ["efi", "swap", "root"] == [each["name"] for each in table["partitions"]]
        assert table["partitions"][2]["size"] * 512 > 1900 * MIB
        root = root_of(place.disk, 3)
        subprocess.run(["e2fsck", "-fn", root], check=True, capture_output=True)
        said = subprocess.run(
            ["debugfs", "-R", "cat /etc/motd", root], check=True, capture_output=True
        )
        assert b"hello\n" == said.stdout
        assert "burn-in: no errors" in place.log(run)

        (kept,) = place.api.edges("node-1").edges
        back = place.api.undo("node-1", Undo(edges=kept.id, serial=SERIAL), once="1").line.id
        with place.power(Firmware.BIOS):
            done = place.becomes(back, "SUCCESS", "FAILED", "TIMEOUT", within=500)
        assert "SUCCESS" == done.line.state, "\n".join(place.log(back))
        with place.disk.open("rb") as file:
            assert bytes(MIB) == file.read(MIB)

        gone = place.provision(ERASE, Policy.FORCE, (SERIAL,))
        with place.power(Firmware.BIOS):
            done = place.becomes(gone, "SUCCESS", "FAILED", "TIMEOUT", within=500)
        assert "SUCCESS" == done.line.state, "\n".join(place.log(gone))
        (certificate,) = place.api.certificates(gone).certificates
        proof = json.loads(certificate.text)["certificate"]
        assert (SERIAL, "discard", True) == (
            proof["disk"]["serial"],
            proof["asked"],
            proof["proof"]["zero"],
        )
        # QEMU's disks take a discard and do nothing, unless told otherwise: it was noticed.
        assert "overwrite" == proof["method"]
        assert any("it is overwritten" in line for line in place.log(gone))
        with place.disk.open("rb") as file:
            while block := file.read(MIB):
                assert not block.strip(b"\0")
