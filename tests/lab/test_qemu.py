from dataclasses import replace
from pathlib import Path

import pytest

from boots.lab.accelerator import Accelerator
from boots.lab.firmware import RECIPES, Firmware, MissingFileError, missing
from boots.lab.machine import MachineError, VirtualMachine
from boots.lab.qemu import Disk, Files, Spec, command

TCG = Accelerator("tcg", "a test")
FILES = {
    "usr/share/OVMF/OVMF_CODE_4M.fd",
    "usr/share/OVMF/OVMF_VARS_4M.fd",
    "usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
    "usr/share/OVMF/OVMF_VARS_4M.ms.fd",
    "usr/share/AAVMF/AAVMF_CODE.fd",
    "usr/share/AAVMF/AAVMF_VARS.fd",
    "usr/lib/u-boot/qemu_arm64/u-boot.bin",
    "usr/lib/shim/shimx64.efi.signed",
    "usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",
    "usr/lib/ipxe/qemu/efi-virtio.rom",
    "boot/ipxe.lkrn",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 64)
    return tmp_path / "root"


def spec(firmware: Firmware, **changes: object) -> Spec:
    plain: dict[str, object] = {
        "firmware": firmware,
        "mac": "52:54:00:77:00:01",
        "uuid": "4c4c4544-0077-4000-8000-000000000001",
        "tap": "tap-lab",
        "memory": 512,
    }
    return Spec(**{**plain, **changes})  # type: ignore[arg-type]


def line(firmware: Firmware, root: Path, **changes: object) -> str:
    files = Files(Path("/W"), root)
    return " ".join(command(spec(firmware, **changes), files, TCG)).replace(str(root), "")


HEAD = "qemu-system-x86_64 -name BOOTS-LAB-1"
CPU = "-accel tcg,tb-size=128 -cpu max -smp 1 -m 512"
COMMON = (
    "-nodefaults -display none -chardev file,id=console,path=/W/console.log,append=on "
    "-serial chardev:console -qmp unix:/W/qmp,server=on,wait=off "
    "-uuid 4c4c4544-0077-4000-8000-000000000001 "
    "-smbios type=1,manufacturer=Boots,product=Lab machine,serial=BOOTS-LAB-1 "
    "-device virtio-rng-pci"
)
EDK2 = (
    "-drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd "
    "-drive if=pflash,format=raw,unit=1,file=/W/variables.fd"
)
TAP = "-netdev tap,id=net0,ifname=tap-lab,script=no,downscript=no"
ROM = f"{TAP} -device virtio-net-pci,id=card0,netdev=net0,mac=52:54:00:77:00:01,bootindex=1"
NO_ROM = (
    f"{TAP} -device virtio-net-pci,id=card0,netdev=net0,mac=52:54:00:77:00:01,romfile=,bootindex=1"
)
DISK = (
    "-drive if=none,id=disk0,format=raw,file=/W/disk.img "
    "-device virtio-blk-pci,drive=disk0,serial=BOOTS-LAB-1-DISK,bootindex=2 -no-reboot"
)
SECURE = EDK2.replace("OVMF_CODE_4M.fd", "OVMF_CODE_4M.secboot.fd")
PXE = "-fw_cfg name=opt/org.tianocore/IPv4PXESupport,string=y"
NO_PXE = "-fw_cfg name=opt/org.tianocore/IPv4PXESupport,string=n"
NO_IPV6 = "-fw_cfg name=opt/org.tianocore/IPv6PXESupport,string=n"
SMM = (
    f"{HEAD} -machine q35,smm=on -accel tcg,tb-size=128 -cpu max "
    "-global driver=cfi.pflash01,property=secure,value=on -global ICH9-LPC.disable_s3=1 "
    "-smp 1 -m 512"
)
ARM = f"{HEAD} -machine virt -accel tcg,tb-size=128 -cpu cortex-a57 -smp 1 -m 512".replace(
    "x86_64", "aarch64"
)
AAVMF = EDK2.replace("OVMF/OVMF_CODE_4M", "AAVMF/AAVMF_CODE")
NEW = NO_ROM.replace("romfile=,", "romfile=,disable-legacy=on,")
BOARD = "-bios /usr/lib/u-boot/qemu_arm64/u-boot.bin"
VARIABLES = "-drive if=pflash,format=raw,unit=1,file=/W/variables.fd"
GOLDEN = {
    Firmware.BIOS: f"{HEAD} -machine pc,graphics=off {CPU} {COMMON} {ROM} {DISK}",
    Firmware.BIOS_CHAIN: f"{HEAD} -machine pc,graphics=off {CPU} {COMMON} "
    f"-kernel /boot/ipxe.lkrn -initrd /W/rom.ipxe {ROM} {DISK}",
    Firmware.UEFI: f"{HEAD} -machine q35 {CPU} {COMMON} {EDK2} "
    "-fw_cfg name=opt/org.tianocore/IPv4PXESupport,string=y "
    f"-fw_cfg name=opt/org.tianocore/IPv6PXESupport,string=n {NO_ROM} {DISK}",
    Firmware.UEFI_SECURE: f"{SMM} {COMMON} {SECURE} {PXE} {NO_IPV6} {NO_ROM} {DISK}",
    Firmware.UEFI_SECURE_HTTP: f"{SMM} {COMMON} {SECURE} {NO_PXE} {NO_IPV6} {NO_ROM} {DISK}",
    Firmware.ARM64: f"{ARM} {COMMON} {AAVMF} {PXE} {NO_IPV6} {NO_ROM} {DISK}",
    Firmware.ARM64_HTTP: f"{ARM} {COMMON} {AAVMF} {NO_PXE} {NO_IPV6} {NO_ROM} {DISK}",
    Firmware.U_BOOT: f"{ARM} {COMMON} {BOARD} {NEW} {DISK}",
    Firmware.U_BOOT_PXE: f"{ARM} {COMMON} {BOARD} {VARIABLES} {NEW} {DISK}",
    Firmware.BIOS_ISO: f"{HEAD} -machine pc,graphics=off {CPU} {COMMON} {NO_ROM} {DISK}",
    Firmware.UEFI_ISO: f"{HEAD} -machine q35 {CPU} {COMMON} {EDK2} {NO_PXE} {NO_IPV6} "
    f"{NO_ROM} {DISK}",
    Firmware.UEFI_HTTP: f"{HEAD} -machine q35 {CPU} {COMMON} {EDK2} "
    "-fw_cfg name=opt/org.tianocore/IPv4PXESupport,string=n "
    f"-fw_cfg name=opt/org.tianocore/IPv6PXESupport,string=n {NO_ROM} {DISK}",
}


@pytest.mark.parametrize("firmware", list(Firmware))
def test_each_firmware_has_its_command_line(root: Path, firmware: Firmware) -> None:
    assert line(firmware, root) == GOLDEN[firmware]


def test_disks_come_in_their_order_before_the_network_or_behind_it(root: Path) -> None:
    disks = (Disk(1024, "ONE"), Disk(2048, "TWO"))
    for first, turns in (
        (False, ("bootindex=2", "bootindex=3")),
        (True, ("bootindex=1", "bootindex=2")),
    ):
        said = line(Firmware.BIOS, root, disks=disks, disk_first=first)
        assert f"file=/W/disk.img -device virtio-blk-pci,drive=disk0,serial=ONE,{turns[0]}" in said
        assert f"file=/W/disk1.img -device virtio-blk-pci,drive=disk1,serial=TWO,{turns[1]}" in said
        assert f"mac=52:54:00:77:00:01,bootindex={3 if first else 1}" in said


def test_a_machine_that_was_on_before_finds_its_disk_as_it_left_it(tmp_path: Path) -> None:
    spec, files = Spec(Firmware.BIOS, "m", "u", "tap", disk=1), Files(tmp_path)
    files.prepare(spec)
    files.disk().write_bytes(b"written")

    files.prepare(replace(spec, again=True))
    assert b"written" == files.disk().read_bytes()

    files.prepare(spec)
    assert bytes(1 << 20) == files.disk().read_bytes()


def test_a_disk_begins_as_a_copy_and_is_as_large_as_told(tmp_path: Path) -> None:
    (tmp_path / "contents").write_bytes(b"image")
    disks = (Disk(1, "ONE", str(tmp_path / "contents")), Disk(2, "TWO"))
    files = Files(tmp_path / "machine")

    files.prepare(Spec(Firmware.BIOS, "m", "u", "tap", disks=disks))

    assert b"image".ljust(1 << 20, b"\0") == files.disk(0).read_bytes()
    assert 2 << 20 == files.disk(1).stat().st_size


def test_a_disc_comes_before_the_network(root: Path) -> None:
    text = line(Firmware.UEFI_ISO, root, disc="http://192.168.77.1:8080/iso/x.iso")

    assert text.endswith(
        "-drive if=none,id=disc0,media=cdrom,readonly=on,format=raw,"
        "file=http://192.168.77.1:8080/iso/x.iso "
        "-device virtio-scsi-pci -device scsi-cd,drive=disc0,bootindex=0 -no-reboot"
    )


def test_a_machine_may_have_no_disk_and_may_restart(root: Path) -> None:
    text = line(Firmware.BIOS, root, disk=0, reboot=True)

    assert "disk0" not in text
    assert "-no-reboot" not in text


def test_a_long_serial_is_cut_where_virtio_would_cut_it(root: Path) -> None:
    assert "serial=ABCDEFGHIJKLMNOPQRST,boot" in line(
        Firmware.BIOS, root, serial="ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    )


@pytest.mark.parametrize("firmware", list(Firmware))
def test_too_little_memory_is_refused_in_words(root: Path, firmware: Firmware) -> None:
    with pytest.raises(ValueError, match=r"needs \d+ MiB of memory, not 64"):
        line(firmware, root, memory=64)


@pytest.mark.parametrize(
    ("firmware", "packages"),
    [
        (Firmware.BIOS, ["ipxe-qemu"]),
        (Firmware.BIOS_CHAIN, ["ipxe-qemu", "ipxe"]),
        (Firmware.UEFI, ["ovmf", "ovmf"]),
        (Firmware.UEFI_HTTP, ["ovmf", "ovmf"]),
    ],
)
def test_what_is_missing_names_its_debian_package(
    tmp_path: Path, firmware: Firmware, packages: list[str]
) -> None:
    faults = missing(firmware, tmp_path)

    assert [fault.rpartition("install ")[2].rstrip(")") for fault in faults] == packages


def test_a_command_line_without_its_firmware_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="package ovmf"):
        command(spec(Firmware.UEFI), Files(tmp_path, tmp_path), TCG)


def test_the_older_place_of_the_firmware_is_found(tmp_path: Path) -> None:
    old = tmp_path / "usr/share/OVMF/OVMF_CODE.fd"
    old.parent.mkdir(parents=True)
    old.touch()
    code = RECIPES[Firmware.UEFI].code

    assert code is not None
    assert code.find(tmp_path) == old


def test_preparing_makes_what_qemu_reads(tmp_path: Path, root: Path) -> None:
    files = Files(tmp_path / "machine", root)

    files.prepare(spec(Firmware.UEFI, disk=64))
    files.prepare(spec(Firmware.BIOS_CHAIN, disk=64))

    made = {path.name: path.stat().st_size for path in files.directory.iterdir()}
    assert made["variables.fd"] == 64
    assert made["disk.img"] == 64 << 20
    assert (files.directory / "disk.img").stat().st_blocks == 0
    script = (files.directory / "rom.ipxe").read_text()
    assert script.startswith("#!ipxe\ndhcp net0\n")
    assert "\nchain tftp://" in script


def test_a_missing_qemu_names_its_package(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MachineError, match="package qemu-system-x86"):
        VirtualMachine.start(spec(Firmware.BIOS), Files(tmp_path, root), TCG)
