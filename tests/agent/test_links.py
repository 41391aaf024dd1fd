"""The names below /dev/disk are those that udev gives: of disks by /sys, of what is on them."""

import os
import struct
import subprocess
from pathlib import Path

import pytest
from tests.agent.trees import block, server, virtual_machine, write
from tests.peers.conftest import need

from boots_agent.labels import LOOKED_AT, encoded, names_of
from boots_agent.links import links, refresh
from boots_agent.naming import ata_names, designators

MIB = 1 << 20
PORT = "pci0000:00/0000:00:1f.2/ata3/host2/target2:0:0/2:0:0:0"


def names(root: Path) -> dict[str, str]:
    return {each.name: each.device for each in links(root)}


def test_a_virtio_disk_is_called_by_its_serial(tmp_path: Path) -> None:
    found = names(virtual_machine(tmp_path))
    assert {"by-id/virtio-TESTSER1": "vda", "by-path/pci-0000:00:03.0": "vda"} == found


def test_the_disks_of_a_server_have_the_names_that_udev_gives(tmp_path: Path) -> None:
    root = server(tmp_path)
    sas = "sys/devices/pci0000:00/0000:02:00.0/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0"
    write(root, {f"{sas}/vpd_pg83": page_83((0x01, 0x03, bytes.fromhex("5000c500a1b2c3d4")))})
    usb = "sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/host1/target1:0:0/1:0:0:0"
    write(root, {f"{usb}/serial": "0123", f"{usb}/vendor": "ACME", f"{usb}/model": "Stick"})
    found = names(root)
    assert {
        "by-id/nvme-ACME_NVMe_1.92TB_N1": "nvme0n1",
        "by-id/nvme-ACME_NVMe_1.92TB_N1-part2": "nvme0n1p2",
        "by-id/nvme-eui.0025385a81b0aaaa": "nvme0n1",
        "by-path/pci-0000:01:00.0-nvme-1": "nvme0n1",
        "by-id/wwn-0x5000c500a1b2c3d4": "sda",
        "by-id/scsi-35000c500a1b2c3d4": "sda",
        "by-id/scsi-SSEAGATE_ST4000NM0025_ZC12": "sda",
        "by-path/pci-0000:02:00.0-scsi-0:0:0:0": "sda",
        "by-id/usb-ACME_Stick_0123-0:0": "sdb",
        "by-path/pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0": "sdb",
    }.items() <= found.items()


def test_an_ata_disk_is_called_by_its_whole_model(tmp_path: Path) -> None:
    block(tmp_path, PORT, "sda", {"size": "2048"})
    place = f"sys/devices/{PORT}"
    write(
        tmp_path,
        {
            f"{place}/vendor": "ATA",
            f"{place}/model": "Samsung SSD 860",  # 16 letters, as SCSI has them
            f"{place}/vpd_pg89": page_89("Samsung SSD 860 EVO 500GB", "S3Z1NB0K123456A"),
            f"{place}/vpd_pg83": page_83((0x01, 0x03, bytes.fromhex("5002538e40a0b0c0"))),
            "sys/devices/pci0000:00/0000:00:1f.2/ata3/ata_port/ata3/port_no": "2",
        },
    )
    assert {
        "by-id/ata-Samsung_SSD_860_EVO_500GB_S3Z1NB0K123456A",
        "by-id/wwn-0x5002538e40a0b0c0",
        "by-path/pci-0000:00:1f.2-ata-2",
    } == set(names(tmp_path))


@pytest.mark.parametrize("serial", ["x/../../../vdb", "..", "a//b", "./.", "/"])
def test_no_disk_names_itself_as_another_one(serial: str, tmp_path: Path) -> None:
    """What a disk says of itself is anybody's: it would take the place of another one's node."""
    root = virtual_machine(tmp_path)
    block(root, "pci0000:00/0000:00:09.0/virtio9", "vdb", {"size": "2048", "serial": serial})
    write(root, {"dev/vdb": superblock_of_ext("..")})
    before = (root / "dev/vda").read_bytes()
    refresh(root)
    assert ["disk", "vda", "vdb"] == sorted(each.name for each in (root / "dev").iterdir())
    assert before == (root / "dev/vda").read_bytes()
    assert not any(each.is_symlink() for each in (root / "dev").iterdir())
    assert Path("../../vda") == (root / "dev/disk/by-id/virtio-TESTSER1").readlink()
    assert Path("../../vdb") == (root / "dev/disk/by-path/pci-0000:00:09.0").readlink()


def header_of_luks(uuid: bytes) -> bytes:
    start = bytearray(LOOKED_AT)
    start[:8] = b"LUKS\xba\xbe\0\1"
    start[168:208] = uuid.ljust(40, b"\0")
    return bytes(start)


def superblock_of_btrfs(label: bytes) -> bytes:
    start = bytearray(LOOKED_AT)
    start[65600:65608] = b"_BHRfS_M"
    start[65835 : 65835 + len(label)] = label
    return bytes(start)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (header_of_luks(b"a/b/c"), "by-uuid/a_b_c"),
        (superblock_of_btrfs(b"a/b"), "by-label/a_b"),
        (superblock_of_btrfs(b"l" * 252), f"by-label/{'l' * 252}"),
    ],
    ids=["LUKS", "slash", "long"],
)
def test_whatever_is_on_a_disk_names_are_made_anew(
    content: bytes, name: str, tmp_path: Path
) -> None:
    root = virtual_machine(tmp_path)
    serial = {"size": "2048", "serial": "SD/MMC"}
    block(root, "pci0000:00/0000:00:09.0/virtio9", "vdb", serial)
    write(root, {"dev/vdb": content})
    for _ in range(2):
        refresh(root)
        for each in (name, "by-id/virtio-SD_MMC"):
            assert Path("../../vdb") == (root / "dev/disk" / each).readlink()
    write(root, {"dev/vdb": bytes(LOOKED_AT)})
    refresh(root)
    assert not (root / "dev/disk" / name).is_symlink()


def test_a_name_that_cannot_be_made_does_not_keep_others_away(tmp_path: Path) -> None:
    root = virtual_machine(tmp_path)
    block(root, "pci0000:00/0000:00:02.0/virtio9", "vdb", {"size": "2048", "serial": "OTHER"})
    write(root, {"dev/vdb": superblock_of_btrfs(b" " * 3 + b"<" * 90)})  # 360 bytes as a name
    for name in ("by-id/virtio-OTHER", "by-id/somebody"):
        (root / "dev/disk" / name / "inside").mkdir(parents=True)
    for _ in range(2):
        refresh(root)
        assert ["virtio-TESTSER1"] == [
            each.name for each in (root / "dev/disk/by-id").iterdir() if each.is_symlink()
        ]
        assert Path("../../vdb") == (root / "dev/disk/by-path/pci-0000:00:02.0").readlink()


def superblock_of_ext(label: str) -> bytes:
    start = bytearray(LOOKED_AT)
    start[1080:1082] = b"\x53\xef"
    start[1144:1160] = label.encode().ljust(16, b"\0")
    return bytes(start)


def test_qemus_scsi_disk_is_called_by_the_name_of_its_drive(tmp_path: Path) -> None:
    device = "pci0000:00/0000:00:05.0/virtio2/host0/target0:0:0/0:0:0:0"
    block(tmp_path, device, "sda", {"size": "2048"})
    place = f"sys/devices/{device}"
    named = page_83((0x02, 0x00, b"drive0"))
    write(
        tmp_path,
        {f"{place}/vendor": "QEMU", f"{place}/model": "QEMU HARDDISK", f"{place}/vpd_pg83": named},
    )
    assert {
        "by-id/scsi-0QEMU_QEMU_HARDDISK_drive0": "sda",
        "by-path/pci-0000:00:05.0-scsi-0:0:0:0": "sda",
    } == names(tmp_path)


def page_83(*designators_: tuple[int, int, bytes]) -> bytes:
    body = b"".join(
        bytes((code, kind, 0, len(value))) + value for code, kind, value in designators_
    )
    return b"\0\x83" + struct.pack(">H", len(body)) + body


def page_89(model: str, serial: str) -> bytes:
    identify = bytearray(512)
    identify[20:40] = swapped(serial.rjust(20))
    identify[54:94] = swapped(model.ljust(40))
    return bytes(60) + bytes(identify)


def swapped(text: str) -> bytes:
    return b"".join(bytes((ord(text[at + 1]), ord(text[at]))) for at in range(0, len(text), 2))


@pytest.mark.parametrize("length", range(12))
def test_pages_that_are_cut_short_name_nothing(length: int) -> None:
    page = page_83((0x01, 0x03, bytes.fromhex("5000c500a1b2c3d4")))
    designators(page[:length])
    assert ("", "") == ata_names(page_89("m", "s")[: 500 + length])


def test_names_of_ports_are_not_names_of_the_disk() -> None:
    assert [] == designators(page_83((0x61, 0x93, bytes.fromhex("5000c500a1b2c3d5"))))


@pytest.mark.parametrize(
    "made",
    [
        ("mkfs.ext4", "-q", "-L", "root fs"),
        ("mkfs.xfs", "-q", "-L", "data"),
        ("mkfs.vfat", "-n", "EFI SYS"),
        ("mkfs.vfat", "-F", "32", "-n", "ESP"),
        ("mkswap", "-q", "-L", "swap"),
        ("mkfs.btrfs", "-q", "-L", "pool"),
    ],
    ids=" ".join,
)
def test_a_file_system_is_called_as_blkid_calls_it(made: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "disk"
    file.touch(0o600)
    os.truncate(file, 320 * MIB)
    subprocess.run([need(made[0]), *made[1:], file], check=True, capture_output=True)
    told = subprocess.check_output([need("blkid"), "-p", "-o", "export", file], text=True)
    says = dict(line.split("=", 1) for line in told.splitlines())
    with file.open("rb") as stream:
        found = names_of(stream.read(LOOKED_AT))
    assert (says["UUID"], says["LABEL"].replace("\\ ", " ")) == tuple(found)


@pytest.mark.parametrize("length", [0, 1, 54, 90, 1100, 4096, 65_700])
def test_what_is_cut_short_has_no_name_and_breaks_nothing(length: int) -> None:
    for at, magic in ((0, b"XFSB"), (1080, b"\x53\xef"), (65600, b"_BHRfS_M"), (82, b"FAT32   ")):
        content = bytearray(LOOKED_AT)
        content[at : at + len(magic)] = magic
        names_of(bytes(content[:length]))


def test_labels_are_written_as_udev_writes_them() -> None:
    assert r"root\x20fs" == encoded("root fs")
    assert "größe" == encoded("größe")


def test_partitions_are_called_by_what_the_table_says(tmp_path: Path) -> None:
    root = virtual_machine(tmp_path)
    disk = root / "dev/vda"
    os.truncate(disk, 64 * MIB)
    script = (
        "label: gpt\n"
        'start=1MiB, size=8MiB, uuid=11111111-2222-3333-4444-555555555555, name="the root"\n'
    )
    subprocess.run([need("sfdisk"), "-q", disk], input=script, text=True, check=True)
    place = "sys/devices/pci0000:00/0000:00:03.0/virtio1/block/vda"
    write(root, {f"{place}/size": str(64 * MIB // 512), f"{place}/vda1/partition": "1"})
    assert {
        "by-partuuid/11111111-2222-3333-4444-555555555555": "vda1",
        r"by-partlabel/the\x20root": "vda1",
        "by-id/virtio-TESTSER1-part1": "vda1",
    }.items() <= names(root).items()


def test_links_come_and_go_with_their_disks(tmp_path: Path) -> None:
    root = virtual_machine(tmp_path)
    refresh(root)
    link = root / "dev/disk/by-id/virtio-TESTSER1"
    assert Path("../../vda") == link.readlink()
    (root / "sys/block/vda/serial").write_text("OTHER\n")
    refresh(root)
    assert not link.is_symlink()
    assert (root / "dev/disk/by-id/virtio-OTHER").exists()
