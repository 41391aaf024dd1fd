"""NVMe disks: names that move, namespaces that share a serial number; one is armed, the others not.

Which controller is `nvme0` is the kernel's choice, at each boot anew.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.provisioned import MIB, Provisioned, provisioned

from boots.journal import events
from boots.lab.firmware import Firmware

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(900)]

Osie = Callable[[str], str]

SIZE = 64 * MIB
# By their serial numbers: files of namespaces.
OWN, THEIRS, SHARED = ("NVME-OWN", 1), ("NVME-THEIRS", 1), ("NVME-SHARED", 2)
ALL = (OWN, THEIRS, SHARED)
TEMPLATE = """\
version: "0.1"
name: nvme
tasks:
  - name: nvme
    worker: "{{ .device_1 }}"
    actions:
      - name: everywhere
        image: shell
        timeout: 100
        environment:
          DISKS: MINE
          SCRIPT: |
            for each in /dev/nvme*n*; do echo mine >$each && echo written || echo refused; done
"""


def test_an_nvme_disk_is_written_by_what_it_is_and_none_beside_it(
    namespace: str, osie: Osie, tmp_path: Path
) -> None:
    for path in files(tmp_path):
        path.write_bytes(bytes(SIZE))
    with provisioned(namespace, tmp_path, osie("cloud"), tmp_path / "images") as place:
        said = done(place, "", ALL, "SUCCESS")
        assert ["refused"] * 4 == [line for line in said if line in {"refused", "written"}]
        found = disks(place)
        _, second = sorted(each["wwn"] for each in found if each["serial"] == SHARED[0])
        by_id = "/dev/disk/by-id/nvme-"
        mine = f"{by_id}QEMU_NVMe_Ctrl_{OWN[0]} {by_id}{second}"
        said = done(place, mine, ALL[::-1], "SUCCESS")
        written = [path for path in files(tmp_path) if path.read_bytes()[:5] == b"mine\n"]
        assert ["NVME-OWN-1", "NVME-SHARED-2"] == [path.name for path in written], said
        assert 2 == len([path for path in files(tmp_path) if not any(path.read_bytes())])

        for path in files(tmp_path):
            path.write_bytes(bytes(SIZE))
        by_name = next(each["path"] for each in disks(place) if each["serial"] == OWN[0])
        said = done(place, by_name, (THEIRS, SHARED), "FAILED")
        assert any(line.endswith("nothing was written") for line in said), said
        assert [] == [path for path in files(tmp_path) if any(path.read_bytes())]


def files(folder: Path, controllers: Sequence[tuple[str, int]] = ALL) -> list[Path]:
    return [
        folder / f"{serial}-{number}"
        for serial, count in controllers
        for number in range(1, count + 1)
    ]


def hardware(folder: Path, controllers: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    words: list[str] = []
    for serial, count in controllers:
        words += ["-device", f"nvme,id={serial},serial={serial}"]
        for number in range(1, count + 1):
            name = f"{serial}-{number}"
            words += ["-drive", f"if=none,id={name}-file,format=raw,file={folder / name}"]
            eui = 0x5254_0077_0000_0000 + 256 * ALL.index((serial, count)) + number
            told = f"drive={name}-file,bus={serial},nsid={number},eui64={eui}"
            words += ["-device", f"nvme-ns,{told}"]
    return tuple(words)


def done(
    place: Provisioned, mine: str, controllers: Sequence[tuple[str, int]], state: str
) -> list[str]:
    """A run on a machine with these controllers, in this order; what it said."""
    begun = place.provision(TEMPLATE.replace("MINE", f'"{mine}"'))
    with place.power(Firmware.BIOS, disk=0, hardware=hardware(place.folder, controllers)):
        ended = place.becomes(begun, "SUCCESS", "FAILED", "TIMEOUT", within=300)
    said = place.log(begun)
    assert state == ended.line.state, "\n".join(said) + place.evidence()
    return said


def disks(place: Provisioned) -> list[dict[str, Any]]:
    """As the machine told them last."""
    return list(place.told(events.InventoryReported)[-1].inventory["disks"])
