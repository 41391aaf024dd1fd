"""The iPXE of Debian's next release, as ``boots boot-files fetch`` brings it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.test_boot import happened, names

from boots.journal import events
from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.stages import Stage
from boots.lab.words import BootOptions

pytestmark = [pytest.mark.e2e, pytest.mark.wide]

Osie = Callable[[str], str]

RECORD = """\
machines:
  - name: newer-1
    mac: 52:54:00:77:00:01
    address: 192.168.77.10/24
    boot_file: {name}
"""


@pytest.mark.parametrize(
    ("firmware", "name", "scripts"),
    [
        (Firmware.BIOS_CHAIN, "undionly.kpxe", ["osie"]),
        (Firmware.BIOS_CHAIN, "ipxe.pxe", ["osie"]),
        # Builds for UEFI go on with the firmware's lease: no DHCP of their own.
        (Firmware.UEFI, "snponly.efi", ["autoexec.ipxe", "osie"]),
        (Firmware.UEFI, "ipxe.efi", ["autoexec.ipxe", "osie"]),
        (Firmware.UEFI_HTTP, "snponly.efi", ["autoexec.ipxe", "osie"]),
    ],
)
def test_it_loads_kernel_and_initrd(
    osie: Osie, boot_files: Path, firmware: Firmware, name: str, scripts: list[str]
) -> None:
    result = boot_once(
        BootOptions(
            osie=osie("cloud"),
            firmware=firmware,
            program=name,
            record=RECORD.format(name=name),
            goal=Stage.INITRD,
            server_arguments=("--boot-files", str(boot_files)),
        )
    )

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    door = "http" if firmware is Firmware.UEFI_HTTP else "tftp"
    sent = [each for each in happened(result, events.TransferFinished) if each.name == name]
    assert [(name, door)] == [(each.name, each.door) for each in sent]
    assert scripts == [each.profile for each in happened(result, events.ScriptServed)]
    asked = {offer.program for offer in happened(result, events.OfferSent)}
    assert ("iPXE" in asked) is (scripts == ["osie"])
    assert [] == names(happened(result, events.FetchRefused))
