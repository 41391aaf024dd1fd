"""Which stage an event belongs to, and what is read of a script."""

from pathlib import Path

import pytest
from tests.timeline.journal import DISK_SCRIPT, SCRIPT

from boots.policy.client import Program
from boots.timeline import classify
from boots.timeline.classify import NOTHING
from boots.timeline.words import Stage

SCRIPTS = Path(__file__).parent.parent / "vectors" / "scripts"


@pytest.mark.parametrize(
    ("program", "stage"),
    [
        (Program.PXE_ROM, Stage.FIRMWARE_DHCP),
        (Program.UEFI_HTTP, Stage.FIRMWARE_DHCP),
        (Program.IPXE, Stage.IPXE_DHCP),
        (Program.OS, Stage.SYSTEM),
    ],
)
def test_every_program_has_its_stage(program: Program, stage: Stage) -> None:
    assert stage is classify.of_program(program.value)


def test_no_program_is_left_out() -> None:
    assert 4 == len(Program)


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("snponly.efi", Stage.BOOT_FILE),
        ("undionly.kpxe", Stage.BOOT_FILE),
        ("1234abcd/start4.elf", Stage.BOOT_FILE),
        ("1234abcd/kernel8.img", Stage.KERNEL),
        ("osie/vmlinuz-x86_64", Stage.KERNEL),
        ("debian/linux", Stage.KERNEL),
        ("osie/initramfs-x86_64", Stage.INITRD),
        ("debian/initrd.gz", Stage.INITRD),
        ("grub/grub.cfg", None),
        ("grub.cfg-01-52-54-00-77-00-01", None),
        ("pxelinux.cfg/default", None),
        ("autoexec.ipxe", None),
    ],
)
def test_a_file_that_no_script_names_is_told_by_its_name(name: str, stage: Stage | None) -> None:
    assert stage is classify.of_file(name, NOTHING, has_script=False)


def test_what_is_fetched_after_a_script_is_no_boot_file() -> None:
    assert classify.of_file("filesystem.squashfs", NOTHING, has_script=True) is None


def test_a_script_says_which_file_is_what() -> None:
    told = classify.read(
        "#!ipxe\nkernel wimboot\ninitrd http://192.0.2.1/boot.wim boot.wim\nboot\n"
    )

    assert Stage.KERNEL is classify.of_file("x/wimboot", told, has_script=True)
    assert Stage.INITRD is classify.of_file("x/boot.wim", told, has_script=True)


def test_what_matters_is_read_of_our_own_script() -> None:
    told = classify.read(SCRIPT, "osie")

    assert (("vmlinuz-x86_64",), ("initramfs-x86_64",)) == (told.kernels, told.initrds)
    assert (30, True, False, False) == (told.panic, told.agent, told.disk, told.asks)
    assert ("console=tty0", "http://192.168.77.1:8080") == (told.console, told.url)


@pytest.mark.parametrize(
    ("name", "kernels", "disk", "agent"),
    [
        ("osie.ipxe", ("vmlinuz-x86_64",), False, True),
        ("hook.ipxe", ("vmlinuz-x86_64",), False, False),
        ("disk.ipxe", (), True, False),
        ("script-url.ipxe", (), False, False),
    ],
)
def test_the_scripts_that_the_server_renders_are_understood(
    name: str, kernels: tuple[str, ...], disk: bool, agent: bool
) -> None:
    told = classify.read((SCRIPTS / name).read_text())

    assert (kernels, disk, agent) == (told.kernels, told.disk, told.agent)


@pytest.mark.parametrize(
    ("script", "disk"),
    [
        (DISK_SCRIPT, True),
        ("#!ipxe\nexit\n", True),
        ("#!ipxe\nsanboot http://192.0.2.1/x.iso\n", False),
        ("#!ipxe\nchain http://192.0.2.1/menu.ipxe ||\nexit 1\n", False),
    ],
)
def test_a_script_that_only_gives_up_sends_to_the_disk(script: str, disk: bool) -> None:
    assert disk is classify.read(script).disk


@pytest.mark.parametrize("url", ["http://me:hunter2@h:80/k", "http://h:80?token=hunter2"])
def test_of_a_server_neither_password_nor_query_is_told(url: str) -> None:
    assert "http://h:80" == classify.read(f"#!ipxe\nkernel {url}\n").url


def test_a_very_long_script_is_read_as_far_as_it_is_short() -> None:
    told = classify.read("#!ipxe\n" + "echo x\n" * 20_000 + "kernel linux\n")

    assert () == told.kernels
