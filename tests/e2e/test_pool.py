"""A whole boot of a machine that nobody wrote a record of."""

from collections.abc import Callable
from pathlib import Path

import pytest

from boots.journal import events
from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.stages import Stage
from boots.lab.words import MAC, BootOptions

pytestmark = pytest.mark.e2e

SETTINGS = """\
state = "state"
[dhcp]
mode = "pool"
[[subnets]]
network = "192.168.77.0/24"
gateway = "192.168.77.1"
pool = ["192.168.77.100-192.168.77.120"]
"""
SOMEBODY_ELSE = """\
machines:
  - {name: other, mac: "52:54:00:77:00:99", address: 192.168.77.100/24}
"""


def test_a_machine_without_a_record_has_one_address_from_rom_to_system(
    osie: Callable[[str], str], tmp_path: Path
) -> None:
    config = tmp_path / "boots.toml"
    config.write_text(SETTINGS)
    result = boot_once(
        BootOptions(
            osie=osie("cloud"),
            firmware=Firmware.UEFI,
            record=SOMEBODY_ELSE,
            goal=Stage.INVENTORY,
            server_arguments=("--config", str(config)),
        )
    )

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    told = [entry.event for entry in result.entries]
    acks = [each for each in told if isinstance(each, events.AckSent) and each.address]
    assert [each.program for each in acks] == ["PXE ROM", "iPXE", "an operating system"]
    assert {each.address for each in acks} == {"192.168.77.101"}
    [report] = [each for each in told if isinstance(each, events.InventoryReported)]
    assert report.mac == MAC
    assert '"mac":"52:54:00:77:00:01"' in (tmp_path / "state" / "leases").read_text()
