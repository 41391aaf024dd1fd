"""What OSIE does with machines that are not as they should be."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.provisioned import IMAGES, add_image, provisioned
from tests.e2e.test_boot import arrived, happened

from boots.journal import events
from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.words import BootOptions

pytestmark = pytest.mark.e2e

Osie = Callable[..., str]
MIB = 1 << 20
LARGE = 640
"""MiB of an image; the machine has 512."""
WRITE = f"""\
version: "0.1"
name: write
global_timeout: 1800
tasks:
  - name: all
    worker: "{{{{.device_1}}}}"
    actions:
      - name: write
        image: quay.io/tinkerbell/actions/image2disk:latest
        timeout: 1500
        environment:
          IMG_URL: {IMAGES}/large/index.json
          DEST_DISK: /dev/vda
"""


def test_a_disk_whose_driver_is_not_in_the_image_comes_up_and_a_wrong_clock_is_set(
    osie: Osie, tmp_path: Path
) -> None:
    disk = tmp_path / "behind.img"
    with disk.open("wb") as file:
        file.truncate(64 * MIB)
    controller = (
        *("-device", "pvscsi,id=odd"),
        *("-drive", f"if=none,id=behind,format=raw,file={disk}"),
        *("-device", "scsi-hd,drive=behind,bus=odd.0,serial=BEHIND"),
        *("-rtc", "base=1999-02-03T00:00:00"),
    )
    folder = osie("cloud", "--with", "module:!vmw_pvscsi")

    result = boot_once(BootOptions(osie=folder, hardware=controller))

    inventory = arrived(result)
    disks = {each["serial"]: each["bytes"] for each in inventory["disks"]}
    assert 64 * MIB == disks["BEHIND"]
    said = result.console_text
    assert "OSIE: drivers fetched from the server: vmw_pvscsi" in said
    assert "UTC, it said 1999-02-03 00:00" in said
    sent = [each.name for each in happened(result, events.TransferFinished)]
    assert ["osie/modules-x86_64"] == sent[2:]


def test_a_machine_whose_drivers_are_all_in_the_image_fetches_none(osie: Osie) -> None:
    result = boot_once(BootOptions(osie=osie("cloud")))

    arrived(result)
    names = {each.name for each in happened(result, events.TransferStarted)}
    assert {"osie/vmlinuz-x86_64", "osie/initramfs-x86_64"} == names
    assert "OSIE: clock" not in result.console_text


@pytest.mark.wide
@pytest.mark.timeout(1200)
def test_a_machine_of_512_mib_writes_an_image_larger_than_its_memory(
    namespace: str, osie: Osie, tmp_path: Path
) -> None:
    image = tmp_path / "large.img"
    with image.open("wb") as file:
        for number in range(LARGE):
            file.write(number.to_bytes(4, "big") * (MIB // 4))
        file.seek(1080)
        file.write(b"\x53\xef")  # as an ext4 file system has it: images must be something
    images = tmp_path / "images"
    add_image(image, "large", images)

    with provisioned(namespace, tmp_path, osie("generic"), images) as place:
        run = place.provision(WRITE, disks=("/dev/vda",))
        with place.power(Firmware.BIOS, memory=512, disk=LARGE):
            done = place.becomes(run, "SUCCESS", "POST", "FAILED", "TIMEOUT", within=900)
        assert done.line.state in {"SUCCESS", "POST"}, place.evidence()
        assert "out of memory" not in " ".join(place.console).lower()
        assert image.read_bytes() == place.disk.read_bytes()
