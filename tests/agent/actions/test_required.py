"""What a machine must be, and the sentence that says what it is not."""

from typing import Any

import pytest
from tests.agent import contract

from boots_agent.actions.required import missed

SERVER: dict[str, Any] = contract.load(contract.FOLDER / "inventory-server.json").content


@pytest.mark.parametrize(
    "conditions",
    [
        "",
        "memory>=4G cpus>=8 disks>=2 disk.size>=100G link>=1G",
        "memory<1T, cores=4, sockets==2, nics>1",
        "firmware=uefi architecture=x86_64 secure_boot!=false",
        "disk.transport=nvme disk.transport=sas disk.transport!=fc",
        "disk.size>=1Ti",
    ],
)
def test_a_server_is_what_is_required(conditions: str) -> None:
    assert [] == missed(conditions, SERVER)


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("memory>=1T", "memory>=1T is not met: it has 270.2G"),
        ("cpus>8", "cpus>8 is not met: it has 8"),
        ("link>=100G", "link>=100G is not met: it has 25.0G"),
        ("disk.transport!=usb", "disk.transport!=usb is not met: it has nvme, sas, usb"),
        ("firmware=bios", "firmware=bios is not met: it has uefi"),
        ("memory", "'memory' is no condition: write one like memory>=4G, with one of memory, cpus"),
        ("colour=red", "'colour=red' is no condition"),
        ("memory>=much", "'memory>=much' is no condition: 'much' is no number"),
    ],
)
def test_what_is_not_met_is_said_with_what_there_is(condition: str, why: str) -> None:
    (found,) = missed(condition, SERVER)
    assert found.startswith(why)


def test_all_that_is_not_met_is_said() -> None:
    assert 2 == len(missed("memory>=1T cpus>=8 disks>=9", SERVER))


def test_a_machine_without_disks_has_none() -> None:
    assert ["disk.size>=1G is not met: it has none"] == missed(
        "disk.size>=1G", {**SERVER, "disks": []}
    )
