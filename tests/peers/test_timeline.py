"""A fleet of `boots simulate` against the running server: each machine's boot, from its journal."""

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from tests.peers.conftest import Lan, lan_with
from tests.peers.test_simulate import served, simulated

from boots.journal import events
from boots.timeline.fleet import Timelines
from boots.timeline.words import Boot, Stage

pytestmark = pytest.mark.peers

MACHINES = 12
FLEET = ("--machines", str(MACHINES), "--mix", "bios,uefi,uefi-http")


@pytest.fixture(name="place", scope="module")
def _place() -> Iterator[Lan]:
    with lan_with(IPv4Interface("10.77.0.1/16"), IPv4Interface("10.77.0.2/16")) as made:
        yield made


def boots_of(journal: Path) -> list[Boot]:
    timelines = Timelines()
    entries = [events.decode(line) for line in journal.read_bytes().splitlines()]
    return [*{boot.id: boot for entry in entries for boot in timelines.take([entry])}.values()]


def test_each_machine_has_one_boot_with_all_its_steps_and_no_finding(
    place: Lan, tmp_path: Path
) -> None:
    with served(place, tmp_path, *FLEET) as server:
        simulated(place, tmp_path, *FLEET)
        journal = server.journal
    boots = boots_of(journal)

    assert {1} == set(Counter(boot.mac for boot in boots).values())
    assert MACHINES == len(boots)
    assert [] == [boot.finding for boot in boots if boot.finding]
    through = [Stage.BOOT_FILE, Stage.IPXE_DHCP, Stage.SCRIPT, Stage.KERNEL, Stage.INITRD]
    for boot in boots:
        stages = [step.stage for step in boot.steps]
        assert [Stage.FIRMWARE_DHCP, *through] == stages[:6]
        assert [] == [step for step in boot.steps if step.problem or not step.ended]


def test_a_raspberry_pi_that_asks_for_many_files_in_vain_has_no_finding(
    place: Lan, tmp_path: Path
) -> None:
    fleet = ("--machines", "2", "--mix", "rpi4")
    with served(place, tmp_path, *fleet) as server:
        simulated(place, tmp_path, *fleet)
        journal = server.journal
    boots = boots_of(journal)

    assert 2 == len(boots)
    assert [] == [boot.finding for boot in boots if boot.finding]
    for boot in boots:
        assert Stage.KERNEL in [step.stage for step in boot.steps]
