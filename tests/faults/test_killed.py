"""kill -9 of the server at each thing that it writes down for good, in a life that has all of them.

The life: a record is made through the API, a stranger gets an address, orders are given and used
up, a run is begun, armed, handed out, reported, and the machine leaves OSIE.
"""

import os
import shutil
import time
from pathlib import Path

import pytest
from tests.faults.bad import ALL
from tests.faults.nth import Nth
from tests.faults.story import Story, after_all, standing
from tests.peers.conftest import Lan

pytestmark = pytest.mark.peers

WAYS = ("kill", "half", "after")
EVERY = int(os.environ.get("FAULTS_EVERY", "5" if ALL else "60"))

SHORTEST = 0.8
"""What a life may have of another's changes: what is written together depends on the moment."""


def life(lan: Lan, folder: Path, at: int, do: str = "kill") -> tuple[int, int]:
    """A life in which the server is killed at the `at`-th change; changes, and starts."""
    folder.mkdir()
    nth = Nth(folder / "state", folder)
    with standing(lan, folder) as server:
        server.start(nth.environment(at, do))
        story = Story(server)
        story.play()
        time.sleep(0.3)  # what is written down behind its back
        server.end()
        changes = nth.count
        assert server.killed == (0 < at <= changes)
        server.see_to_again()
        after_all(story)
        server.end()
        return changes, server.starts


@pytest.mark.parametrize(("at", "do"), [*zip((101, 271, 431), WAYS, strict=True)])
def test_killed_at_things_that_it_writes_nothing_acknowledged_is_lost(
    lan: Lan, tmp_path: Path, at: int, do: str
) -> None:
    reached, _ = life(lan, tmp_path / "life", at, do)
    assert at <= reached, f"it was not killed at {at}"


@pytest.mark.wide
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("do", WAYS)
def test_killed_anywhere_nothing_acknowledged_is_lost(lan: Lan, tmp_path: Path, do: str) -> None:
    changes, _ = life(lan, tmp_path / "whole", 0)
    places, killed = range(1 + WAYS.index(do), changes - 20, EVERY), 0
    for at in places:
        reached, _ = life(lan, tmp_path / str(at), at, do)
        killed += at <= reached
        shutil.rmtree(tmp_path / str(at))
    print(f"{do}: killed in {killed} lives, at every {EVERY}th of {changes} changes of files")
    assert killed >= sum(at < changes * SHORTEST for at in places)
