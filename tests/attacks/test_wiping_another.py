"""Somebody forges what a machine is made of, to have a disk written that nobody armed."""

from pathlib import Path
from typing import Any

from tests.agent.working.test_gate import Place
from tests.app.runs.yard import SERIAL, SIZE, disk, inventory, new_run
from tests.attacks.lan import NEIGHBOUR, OWN, VICTIM, Lan, on_lan

from boots.client.workflows import Arming

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
