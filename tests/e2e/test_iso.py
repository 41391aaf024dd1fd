"""A machine whose management controller lends it a disc: an ISO that Boots patches on its way."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.test_boot import arrived

from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.words import BootOptions

pytestmark = pytest.mark.e2e

Osie = Callable[[str], str]

PLACEHOLDER = "KERNEL-ARGUMENTS-" + "-" * 500
URL = "http://192.168.77.1:8080/iso/52-54-00-77-00-01/osie.iso"
SETTINGS = f"""\
state = "state"
[boot]
files = ["discs"]
[iso]
enabled = true
url = "osie.iso"
placeholder = "{PLACEHOLDER}"
"""
RECORD = """\
machines:
  - name: disc-1
    mac: 52:54:00:77:00:01
    address: 192.168.77.10/24
    kernel_args:
      - boots.url=http://192.168.77.1:8080/52:54:00:77:00:01
      - BOOTIF=01-52-54-00-77-00-01
      - of.this.machine=alone
    then: poweroff
"""
GRUB = f"""\
linux /vmlinuz {PLACEHOLDER} console=ttyS0,115200 panic=30
initrd /initramfs
boot
"""


@pytest.fixture(scope="module")
def settings(osie: Osie, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings beside a disc of OSIE, for BIOS and UEFI."""
    folder: Path = tmp_path_factory.mktemp("iso")
    tree = folder / "tree"
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "boot/grub/grub.cfg").write_text(GRUB)
    for name in ("vmlinuz", "initramfs"):
        (tree / name).write_bytes(Path(osie("cloud"), f"{name}-x86_64").read_bytes())
    (folder / "discs").mkdir()
    command = ["grub-mkrescue", "-o", folder / "discs/osie.iso", tree]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "boots.toml").write_text(SETTINGS)
    return folder / "boots.toml"


@pytest.mark.parametrize(
    "firmware", [Firmware.BIOS_ISO, pytest.param(Firmware.UEFI_ISO, marks=pytest.mark.wide)]
)
def test_a_patched_disc_boots_with_the_arguments_of_its_machine(
    osie: Osie, settings: Path, firmware: Firmware
) -> None:
    result = boot_once(
        BootOptions(
            osie=osie("cloud"),
            firmware=firmware,
            record=RECORD,
            disc=URL,
            server_arguments=("--config", str(settings)),
        )
    )

    inventory = arrived(result)
    assert ("bios" if firmware is Firmware.BIOS_ISO else "uefi") == inventory["firmware"]
    [said] = [line for line in result.console_text.splitlines() if "Command line:" in line]
    assert "hw_addr=52:54:00:77:00:01" in said
    assert "of.this.machine=alone" in said
    assert "KERNEL-ARGUMENTS-" not in said
