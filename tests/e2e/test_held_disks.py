"""Every way to write that Linux has, at a disk that nobody armed, and at one that comes late."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.provisioned import MIB, SERIAL, provisioned
from tests.e2e.test_workflow_faults import digest

from boots.lab.firmware import Firmware
from boots.lab.qemu import Disk

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(900)]

Osie = Callable[[str], str]

SIZE = 64
WAYS = """\
import ctypes, fcntl, mmap, os, struct, time

DISK, BLANK = "/dev/vdb", mmap.mmap(-1, 4096)

def opened(flags=0, path=DISK):
    return os.open(path, os.O_RDWR | flags)

def mapped():
    view = mmap.mmap(opened(), 4096)
    view[:4] = b"evil"
    view.flush()

def allocated(mode):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.fallocate(opened(), mode, ctypes.c_long(0), ctypes.c_long(4096)):
        raise OSError(ctypes.get_errno(), "fallocate")

def asked(number):
    fcntl.ioctl(opened(), number, struct.pack("QQ", 0, 1 << 20))

def by_node():
    os.mknod("/dev/node", 0o60600, os.stat(DISK).st_rdev)
    os.pwrite(opened(path="/dev/node"), b"evil", 0)

def by_partition():
    part = ctypes.create_string_buffer(struct.pack("qqi128s4x", 1 << 20, 8 << 20, 1, b""))
    told = struct.pack("iiiP", 1, 0, len(part) - 1, ctypes.addressof(part))
    fcntl.ioctl(os.open(DISK, os.O_RDONLY), 0x1269, told)  # BLKPG
    time.sleep(1)
    os.pwrite(opened(path=f"{DISK}1"), b"evil", 0)

def by_loop(directly):
    loop = opened(path=f"/dev/loop{directly}")
    fcntl.ioctl(loop, 0x4C00, opened())
    fcntl.ioctl(loop, 0x4C08, directly)
    os.pwrite(loop, b"evil", 0)
    os.fsync(loop)

WAYS = {
    "write": lambda: os.pwrite(opened(), BLANK, 0),
    "direct": lambda: os.pwrite(opened(os.O_DIRECT), BLANK, 0),
    "map": mapped,
    "punch": lambda: allocated(3),
    "zero": lambda: allocated(0x11),
    "BLKDISCARD": lambda: asked(0x1277),
    "BLKSECDISCARD": lambda: asked(0x127D),
    "BLKZEROOUT": lambda: asked(0x127F),
    "node": by_node,
    "partition": by_partition,
    "loop": lambda: by_loop(0),
    "loop, directly": lambda: by_loop(1),
    "claim": lambda: os.open(DISK, os.O_RDONLY | os.O_EXCL),
}
for name, way in WAYS.items():
    try:
        way()
        print("written:", name, flush=True)
    except OSError as error:
        print("refused:", name, error, flush=True)
os.sync()
"""
TEMPLATE = """\
version: "0.1"
name: ways
tasks:
  - name: ways
    worker: "{{ .device_1 }}"
    actions:
      - name: ways
        image: shell
        timeout: 200
        environment:
          DISKS: /dev/vda
          WAYS: |
            PROGRAM
          SCRIPT: |
            modprobe loop
            python3 -c "$WAYS"
            echo waiting for a disk
            until [ -b /dev/vdc ]; do sleep 0.1; done
            sleep 1
            echo evil >/dev/vdc && echo written: late || echo refused: late
            cat /sys/block/vdc/ro
"""


def test_no_way_of_a_program_leads_to_a_disk_that_nobody_armed(
    namespace: str, osie: Osie, tmp_path: Path
) -> None:
    theirs, late = tmp_path / "theirs.img", tmp_path / "late.img"
    theirs.write_bytes(os.urandom(SIZE * MIB))
    late.write_bytes(bytes(SIZE * MIB))
    disks = (Disk(SIZE, SERIAL), Disk(SIZE, "SOMEBODYS-DISK", contents=str(theirs)))
    template = TEMPLATE.replace("PROGRAM", WAYS.replace("\n", "\n            "))
    with provisioned(namespace, tmp_path, osie("cloud"), tmp_path / "images") as place:
        run = place.provision(template)
        with place.power(Firmware.BIOS, disks=disks) as machine:
            place.until(lambda: "waiting for a disk" in place.log(run), 200, "it did not wait")
            file = {"driver": "file", "filename": str(late)}
            machine.qmp.execute("blockdev-add", **{"driver": "raw", "node-name": "late"}, file=file)
            machine.qmp.execute("device_add", driver="virtio-blk-pci", drive="late", serial="LATE")
            done = place.becomes(run, "SUCCESS", "FAILED", "TIMEOUT", within=200)
        said = place.log(run)
        assert "SUCCESS" == done.line.state, "\n".join(said) + place.evidence()
        assert 14 == len([line for line in said if line.startswith("refused: ")]), said
        assert [] == [line for line in said if line.startswith("written: ")]
        assert "vdc has come meanwhile: it is read-only, too" in said
        assert digest(theirs) == digest(place.disk.with_name("disk1.img"))
        assert not any(late.read_bytes())
