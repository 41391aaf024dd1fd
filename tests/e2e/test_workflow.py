"""From an empty disk to a running Debian: a workflow, all of it, in virtual machines."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.provisioned import UP, partitions, provisioned

from boots.client import shipped
from boots.journal import events
from boots.lab.firmware import Firmware

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

Osie = Callable[[str], str]

DEBIAN = shipped.text("debian") or ""


@pytest.mark.parametrize("firmware", [Firmware.BIOS, Firmware.UEFI])
def test_an_empty_disk_becomes_a_running_debian_and_stays_one(
    namespace: str, osie: Osie, images: Path, tmp_path: Path, firmware: Firmware
) -> None:
    first = firmware is Firmware.UEFI
    # One by the record's path, one by what the disk is: then its name is udev's.
    hint = "size<4G transport=virtio prefer=smallest" if first else ""
    with provisioned(namespace, tmp_path, osie("cloud"), images) as place:
        run = place.provision(DEBIAN, disk=hint)
        with place.power(firmware, disk_first=first):
            done = place.becomes(run, "SUCCESS", "FAILED", "TIMEOUT", within=300)
            assert "SUCCESS" == done.line.state, place.evidence()
            place.says(UP)
        written = partitions(place.disk)
        assert ["bios", "esp", "root"] == sorted(each["name"] for each in written["partitions"])

        place.server.mark()
        with place.power(firmware, disk_first=first):
            place.says(UP)
        assert [] == place.told(events.ScriptServed)
        assert written == partitions(place.disk)
        assert "SUCCESS" == place.api.run(run).line.state
