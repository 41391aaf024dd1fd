"""Somebody forges what a machine is made of, to have a disk written that nobody armed."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.agent.actions.stage import attached, file_disk
from tests.agent.working.test_gate import MIB, Place
from tests.app.runs.yard import SERIAL, SIZE, disk, inventory, new_run
from tests.attacks.lan import NEIGHBOUR, OWN, VICTIM, Lan, on_lan
from tests.workflow.test_arming import wanting

from boots.client.workflows import Arming
from boots.workflow.arming import resolve
from boots_agent.actions.context import ActionFailed

FORGED = {**disk("DATA-9"), "content": "empty"}


async def handed(lan: Lan, told: dict[str, Any]) -> list[dict[str, Any]]:
    """What is armed for the action that writes, after the machine told this of itself."""
    await lan.provision(new_run(arm=Arming()))
    await lan.tells(told)
    agent = await lan.boots()
    await agent.do(await agent.next())
    found: list[dict[str, Any]] = (await agent.next())["armed"]
    return found


@on_lan
async def test_a_forged_inventory_from_elsewhere_arms_nothing(lan: Lan) -> None:
    await lan.ask(NEIGHBOUR, f"/{VICTIM}/agent/v1/inventory", inventory(FORGED))
    armed = await handed(lan, inventory())
    assert [SERIAL] == [each["serial"] for each in armed]


def test_the_serial_of_a_disk_that_the_path_does_not_lead_to_is_refused_at_the_machine(
    tmp_path: Path,
) -> None:
    """Who has the machine's address, too, may lie of /dev/sda: the gate looks at the disk."""
    place = Place(tmp_path)
    assert "is not armed" in place.refused(place.record(serial="file:/another"))


def test_a_size_that_is_not_the_disks_is_refused_at_the_machine(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.refused(place.record(size=8 << 20))


def test_a_disk_that_holds_data_is_refused_at_the_machine_whatever_was_told_of_it(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path, b"\xeb\x3c\x90" + b"precious" * 4096)
    assert "holds" in place.refused(place.record())


def test_a_record_of_another_machine_or_run_or_without_a_seal_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert "for the machine" in place.refused(place.record(machine="node-2"))
    assert "for the run" in place.refused(place.record(run="w-2"))
    assert "not signed" in place.refused(
        {**place.record(), "serial": f"file:{place.path}x"[:-1], "policy": "force"}
    )


@on_lan
async def test_what_is_known_of_a_disk_is_from_the_machines_own_address(lan: Lan) -> None:
    told = inventory(disk(SERIAL, SIZE))
    assert 403 == (await lan.ask(NEIGHBOUR, f"/{VICTIM}/agent/v1/inventory", told))[0]
    assert 200 == (await lan.ask(OWN, f"/{VICTIM}/agent/v1/inventory", told))[0]


# --- what a disk is called

OTHER_NAMES = (
    "/dev/../dev/vda",
    "/dev//vda",
    "/dev/./vda",
    "/dev/vda/",
    "/dev/vda1/../vda",
    "/proc/1/root/dev/vda",
    "/proc/self/fd/3",
    "/dev/block/254:0",
    "/dev/mapper/vda",
    "/dev/disk/by-uuid/2f1c-77aa",
    "/dev/disk/by-label/DISK-1",
    "/dev/disk/by-path/pci-0000:00:03.0",
    "/dev/disk/by-id/../../vda",
    "/dev/disk/by-id/virtio-DISK-1/../../../vda",
    "/dev/disk/by-id/virtio-DISK",
    "/dev/disk/by-id/ata-",
    "/dev/disk/by-id/DISK-1",
    "/dev/disk/by-hint/size>=1G",
    "vda",
    "",
)


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_disk_is_armed_by_a_name_that_the_inventory_proves_and_by_no_other(name: str) -> None:
    found = resolve(wanting(name), inventory(), Arming())
    assert [False] * len(found.disks) == [each.armed for each in found.disks]


Alias = Callable[[Path, str], str]


def _link(folder: Path, device: str) -> str:
    (folder / "link").symlink_to(device)
    return str(folder / "link")


def _node(folder: Path, device: str) -> str:
    os.mknod(folder / "node", 0o60600, Path(device).stat().st_rdev)
    return str(folder / "node")


ALIASES: dict[str, Alias] = {
    "itself": lambda _, device: device,
    "dots": lambda _, device: f"/dev/../dev/{Path(device).name}",
    "proc": lambda _, device: f"/proc/self/root{device}",
    "link": _link,
    "node": _node,
}


@pytest.fixture
def disks(tmp_path: Path) -> Iterator[tuple[Path, str, str]]:
    """The file that is armed, its device, and somebody's device."""
    own, theirs = (file_disk(tmp_path / name, 4 * MIB) for name in ("own", "theirs"))
    with ExitStack() as undone:
        yield own, *(undone.enter_context(attached(each)) for each in (own, theirs))


@pytest.mark.peers
@pytest.mark.parametrize("alias", ALIASES)
def test_by_whatever_name_the_gate_looks_at_the_disk_itself(
    alias: str, disks: tuple[Path, str, str], tmp_path: Path
) -> None:
    own, armed, other = disks
    (tmp_path / "place").mkdir()
    place = Place(tmp_path / "place")
    record = place.record(serial=f"file:{own}", path=armed)
    (tmp_path / "other").mkdir()
    assert f"file:{own}" == place.gate(record).arm(ALIASES[alias](tmp_path, armed)).serial
    place.used.unlink()
    with pytest.raises(ActionFailed, match=r"is not armed .*: nothing was written"):
        place.gate(record).arm(ALIASES[alias](tmp_path / "other", other))


@pytest.mark.peers
def test_a_loop_device_on_an_armed_disk_or_on_another_is_neither(
    disks: tuple[Path, str, str], tmp_path: Path
) -> None:
    own, armed, other = disks
    (tmp_path / "place").mkdir()
    place = Place(tmp_path / "place")
    record = place.record(serial=f"file:{own}", path=armed)
    for below in (armed, other):
        done = subprocess.run(
            ["losetup", "-f", "--show", below], check=True, capture_output=True, text=True
        )
        on_top = done.stdout.strip()
        try:
            with pytest.raises(ActionFailed, match="is not armed"):
                place.gate(record).arm(on_top)
        finally:
            subprocess.run(["losetup", "-d", on_top], check=True)
