"""Arrays, groups and swap on disks that nobody armed, while another disk is: nothing is written.

What is stacked on a disk Linux writes though the disk itself takes no writes: it only warns.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.provisioned import RECORD, SERIAL, Provisioned, provisioned
from tests.e2e.test_workflow_faults import digest

from boots.lab.firmware import Firmware
from boots.lab.qemu import Disk

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(900)]

Osie = Callable[[str], str]

SIZE = 128
THEIRS = ("MIRROR-A", "MIRROR-B", "GROUP", "SWAP", "MAPPED", "HALF")
DISKS = (Disk(SIZE, SERIAL), *(Disk(SIZE, serial) for serial in THEIRS))
# A mirror half in sync, which writes as soon as it runs; one that has lost a disk; a file system
# on a volume; swap.
MAKE = """\
version: "0.1"
name: make
tasks:
  - name: make
    worker: "{{ .device_1 }}"
    actions:
      - name: make
        image: shell
        timeout: 200
        environment:
          DISKS: /dev/vdb /dev/vdc /dev/vdd /dev/vde /dev/vdf /dev/vdg
          SCRIPT: |
            modprobe -a raid1 dm-mod ext4
            echo 1000 | tee /proc/sys/dev/raid/speed_limit_min >/proc/sys/dev/raid/speed_limit_max
            mdadm --create /dev/md0 --run --metadata=1.2 --bitmap=internal --level=1 \\
              --raid-devices=2 /dev/vdb /dev/vdc
            mdadm --create /dev/md1 --run --metadata=1.2 --level=1 --raid-devices=2 \\
              /dev/vdg missing
            grep -q resync /proc/mdstat
            mdadm --stop /dev/md0
            mdadm --stop /dev/md1
            pvcreate -y /dev/vdd
            vgcreate -y shop /dev/vdd
            lvcreate -y -L 64M -n till shop
            mkfs.ext4 -q /dev/mapper/shop-till
            vgchange -a n shop
            mkswap /dev/vde
      - {name: "off", image: poweroff, timeout: 60}
"""
# Whatever the programs say of it: what counts is on the disks.
TRY = """\
version: "0.1"
name: try
tasks:
  - name: try
    worker: "{{ .device_1 }}"
    actions:
      - name: nothing-runs-by-itself
        image: shell
        timeout: 200
        environment: {SCRIPT: "! [ -e /proc/mdstat ] && ! [ -e /dev/mapper ]"}
      - name: stack
        image: shell
        timeout: 200
        environment: &own
          DISKS: /dev/vda
          SCRIPT: |
            echo mine >/dev/vda
            modprobe -a raid1 dm-mod ext4 bcache
            export DM_DISABLE_UDEV=1
            set +e -x
            over() { [ ! -b $1 ] || dd if=/dev/zero of=$1 bs=4096 count=9 conv=fsync; }
            mdadm --assemble /dev/md0 --run /dev/vdb /dev/vdc && echo runs: a mirror
            mdadm --readwrite /dev/md0
            over /dev/md0
            mdadm --assemble /dev/md1 --run --force --update=resync /dev/vdg && echo runs: a half
            over /dev/md1
            cat /proc/mdstat
            vgchange -a y && [ -b /dev/mapper/shop-till ] && echo runs: a volume
            mkdir /tmp/till
            mount -t ext4 /dev/mapper/shop-till /tmp/till && echo new >/tmp/till/file
            umount /tmp/till
            over /dev/mapper/shop-till
            swapon /dev/vde && echo runs: swap
            echo "0 2048 linear /dev/vdf 0" | dmsetup create over && echo runs: a map
            over /dev/mapper/over
            echo /dev/vdf >/sys/fs/bcache/register
            sync
            dmesg | grep read-only
            true
      - name: again
        image: shell
        timeout: 200
        environment: *own
      - name: whoever-cleans-up
        image: shell
        timeout: 200
        environment: {DISKS: /dev/vda, SCRIPT: "false"}
        on-failure: [sh, -c, "vgchange -a y; dd if=/dev/zero of=/dev/mapper/shop-till count=9"]
"""
# Left as the power failed: a mirror with a bitmap that lacks a disk, and systems in use.
CUT = """\
version: "0.1"
name: cut
tasks:
  - name: cut
    worker: "{{ .device_1 }}"
    actions:
      - name: cut
        image: shell
        timeout: 400
        environment:
          DISKS: /dev/vdb /dev/vdc /dev/vdd
          SCRIPT: |
            modprobe -a raid1 dm-mod ext4
            mdadm --create /dev/md0 --run --assume-clean --metadata=1.2 --bitmap=internal \\
              --level=1 --raid-devices=2 /dev/vdb /dev/vdc
            mdadm --stop /dev/md0
            mdadm --assemble --run /dev/md0 /dev/vdb
            pvcreate -y /dev/vdd
            vgcreate -y shop /dev/vdd
            lvcreate -y -L 64M -n till shop
            for each in /dev/md0 /dev/mapper/shop-till; do
              mkfs.ext4 -q $each
              mkdir /tmp/${each##*/}
              mount -t ext4 $each /tmp/${each##*/}
              echo hello >/tmp/${each##*/}/file
            done
            sync
            echo waiting for the end
            sleep 300
"""
READ = """\
version: "0.1"
name: read
tasks:
  - name: read
    worker: "{{ .device_1 }}"
    actions:
      - name: read
        image: rootio
        command: [mount]
        timeout: 200
      - name: told
        image: shell
        timeout: 60
        environment: {SCRIPT: "dmesg | grep 'Trying to write'; ls /dev/mapper"}
"""
STORAGE = """\
    storage:
      raid: [{name: /dev/md0, level: "1", devices: [/dev/vdb, /dev/vdc]}]
      volume_groups:
        - name: shop
          physical_volumes: [/dev/vdd]
          logical_volumes: [{name: till, size: 64M}]
      filesystems:
        - mount: {device: /dev/md0, format: ext4, point: /}
        - mount: {device: /dev/shop/till, format: ext4, point: /till}
"""


def test_what_is_stacked_on_disks_that_nobody_armed_is_as_it_was(
    namespace: str, osie: Osie, tmp_path: Path
) -> None:
    with provisioned(namespace, tmp_path, osie("full"), tmp_path / "images") as place:
        run(place, MAKE, "SUCCESS")
        before = [digest(each) for each in theirs(place)]
        said = run(place, TRY, "FAILED")
        assert b"mine\n" == place.disk.read_bytes()[:5]
        assert "runs: " not in "".join(each[:6] for each in said), "\n".join(said)
        assert before == [digest(each) for each in theirs(place)], "\n".join(said)
        assert any("busy" in line for line in said), "\n".join(said)


def test_who_reads_an_array_and_a_group_that_nobody_armed_leaves_them_as_they_were(
    namespace: str, osie: Osie, tmp_path: Path
) -> None:
    """Linux writes an array's bitmap as it starts one to be read, too."""
    images = tmp_path / "images"
    with provisioned(namespace, tmp_path, osie("full"), images, records=RECORD + STORAGE) as place:
        begun = place.provision(CUT)
        with place.power(Firmware.BIOS, disks=DISKS) as machine:
            place.until(lambda: "waiting for the end" in place.log(begun), 300, "it never came")
            machine.cut()
        place.api.cancel_run(begun)
        before = [digest(each) for each in theirs(place)]
        said = run(place, READ, "SUCCESS")
        assert {"/dev/md0: ext4, for /", "/dev/shop/till: ext4, for /till"} <= {*said}
        assert any("read-only block-device dm-" in line for line in said), said
        assert [] == [line for line in said if "read-only block-device vd" in line]
        assert ["control"] == said[-1:]
        assert before == [digest(each) for each in theirs(place)], "\n".join(said)


def run(place: Provisioned, template: str, state: str) -> list[str]:
    """Switch the machine on for a run, and off; what its actions said."""
    begun = place.provision(template)
    with place.power(Firmware.BIOS, disks=DISKS):
        done = place.becomes(begun, "SUCCESS", "FAILED", "TIMEOUT", within=400)
    said = place.log(begun)
    assert state == done.line.state, "\n".join(said) + place.evidence()
    return said


def theirs(place: Provisioned) -> list[Path]:
    return [place.disk.with_name(f"disk{number}.img") for number in range(1, len(DISKS))]
