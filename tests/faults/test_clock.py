"""The clock of the wall jumps, a day on, a day back, to 1970, beneath a server and between two."""

from datetime import UTC, datetime
from operator import methodcaller
from pathlib import Path

import pytest
from tests.app.runs.yard import TEMPLATE
from tests.faults.steady import steady
from tests.faults.story import STRANGER, Standing, Story, Worker, dora, standing, unless_done
from tests.peers.conftest import MAC, Lan, lacking

from boots.client.workflows import Arming, NewRun
from boots.lab import network
from boots.model.order import Netboot

pytestmark = pytest.mark.peers

DAY = 86_400
PLACES = "/usr/lib/*/faketime/libfaketimeMT.so.1"


class Wall:
    """The clock that a server sees; that which only goes on (CLOCK_MONOTONIC) is left alone."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/").glob(PLACES.lstrip("/")))
        if not found:
            lacking("faketime is not installed")
        self._place = folder / "wall"
        self.environment = {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._place),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.set(0)

    def set(self, seconds: int) -> None:
        """So far from the true one."""
        fresh = self._place.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.rename(self._place)


TO_1970 = -int(datetime.now(UTC).timestamp()) + DAY
JUMPS = (DAY, -DAY, TO_1970, 0, 30 * DAY, 366 * DAY, 0)


def leased(server: Standing) -> str:
    def asked() -> str:
        with network.within(server.lan.client):
            return dora(STRANGER)

    return server.patiently(asked)


def record(number: int) -> dict[str, str]:
    return {"name": f"made-{number}", "mac": f"52:54:00:99:01:{number:02x}"}


def test_a_clock_that_jumps_beneath_a_server_takes_nothing_from_anybody(
    lan: Lan, tmp_path: Path
) -> None:
    wall = Wall(tmp_path)
    with standing(lan, tmp_path) as server:
        server.start(wall.environment)
        address = leased(server)
        server.api(lambda client: client.order("one", Netboot.OFF))
        with steady(lan) as machine:
            for number, jump in enumerate(JUMPS):
                wall.set(jump)
                machine.until(20)
                made = record(number)
                server.api(unless_done(methodcaller("create", made)))
        assert address == leased(server), "nobody else got it meanwhile"
        found = server.api(lambda client: client.machines(text="made-")).machines
        assert len(JUMPS) == len(found)
        order = server.api(lambda client: client.machine("one")).order
        assert order is not None
        assert order.netboot is Netboot.OFF
        assert server.api(lambda client: client.health()).ready
        server.end()
        assert "Traceback" not in server.errors
    print(f"{len(JUMPS)} jumps: {machine.said}")
    assert machine.longest < 1


@pytest.mark.wide
@pytest.mark.parametrize("jump", [DAY, -DAY, TO_1970], ids=["a day on", "a day back", "to 1970"])
def test_a_server_that_starts_at_another_time_has_all_that_was(
    lan: Lan, tmp_path: Path, jump: int
) -> None:
    wall = Wall(tmp_path)
    with standing(lan, tmp_path) as server:
        server.start(wall.environment)
        address = leased(server)
        server.api(unless_done(lambda client: client.create(record(1))))
        server.api(lambda client: client.order("made-1", Netboot.OFF))
        server.end()
        wall.set(jump)
        server.start(wall.environment)
        assert "off" == server.api(lambda client: client.machine("made-1")).line.netboot
        assert address == leased(server)
        with steady(lan) as machine:
            machine.until(20)
        server.end()
        assert "Traceback" not in server.errors
    assert machine.longest < 1


@pytest.mark.wide
def test_what_was_armed_for_hours_is_not_written_after_a_jump(lan: Lan, tmp_path: Path) -> None:
    wall = Wall(tmp_path)
    with standing(lan, tmp_path) as server:
        server.start(wall.environment)
        story = Story(server)
        wanted = NewRun(machine="one", template=TEMPLATE, map={"device_1": MAC}, arm=Arming())
        server.api(unless_done(lambda client: client.create_run(wanted, once="armed")))
        worker = Worker(story)
        worker.boots()
        while not story.hands:
            assert worker.acts()
        wall.set(DAY)
        for _ in range(20):
            assert worker.acts()
        assert [("look", 1)] == [hand[:2] for hand in story.hands]
        server.end()
