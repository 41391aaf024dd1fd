"""The power goes: of the state there is what was synced, and all that was acknowledged is in it."""

import os
import shutil
import time
from pathlib import Path

import pytest
from tests.faults.bad import ALL
from tests.faults.nth import Nth
from tests.faults.power import Lost, lose
from tests.faults.story import Standing, Story, after_all, standing
from tests.faults.test_killed import SHORTEST
from tests.peers.conftest import Lan

from boots.leases.book import Book
from boots.leases.file import read

pytestmark = pytest.mark.peers

EVERY = int(os.environ.get("FAULTS_EVERY", "5" if ALL else "60"))


def loses_power(server: Standing, nth: Nth, lost: Lost) -> list[str]:
    """Put in place what its disk has, and say which files had more."""
    if not nth.under.exists():
        return []
    shutil.rmtree(nth.under.with_name("state-before"), ignore_errors=True)
    return lose(nth.under, nth.synced, lost)


@pytest.mark.parametrize(
    "lost", [Lost.ALL, pytest.param(Lost.CONTENT, marks=pytest.mark.wide)], ids=str
)
def test_what_was_acknowledged_outlives_the_power(lan: Lan, tmp_path: Path, lost: Lost) -> None:
    """A moment after the last of it, as a lease is on the disk a moment after its ACK."""
    nth = Nth(tmp_path / "state", tmp_path)
    with standing(lan, tmp_path) as server:
        server.start(nth.environment())
        story = Story(server)
        story.play()
        time.sleep(0.5)
        server.kill()
        fewer = loses_power(server, nth, lost)
        book = Book(read(tmp_path / "state" / "leases").entries)
        assert story.leased in {str(each.address) for each in book.leases.values()}
        server.see_to_again()
        after_all(story)
        server.end()
    print(f"\n  power lost at the end, {lost.value}: {nth.count} changes, less in {fewer}")


def life(lan: Lan, folder: Path, at: int, lost: Lost) -> int:
    """A life in which the power goes at the `at`-th change, and comes back."""
    folder.mkdir()
    folder.chmod(0o711)
    nth = Nth(folder / "state", folder)
    with standing(lan, folder) as server:
        server.dies = lambda: loses_power(server, nth, lost)
        server.start(nth.environment(at, "kill"))
        story = Story(server)
        story.play()
        time.sleep(0.3)  # what is written down behind its back
        server.end()
        assert server.killed == (0 < at <= nth.count)
        server.see_to_again()
        after_all(story)
        server.end()
        return nth.count


@pytest.mark.wide
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("lost", Lost)
def test_the_power_may_go_at_anything_that_is_written(lan: Lan, tmp_path: Path, lost: Lost) -> None:
    changes = life(lan, tmp_path / "whole", 0, lost)
    places, gone = range(1 + EVERY // 2 * list(Lost).index(lost), changes - 20, EVERY), 0
    for at in places:
        gone += at <= life(lan, tmp_path / str(at), at, lost)
        shutil.rmtree(tmp_path / str(at))
    print(f"\n  power lost, {lost.value}: {gone} lives, every {EVERY}th of {changes} changes")
    assert gone >= sum(at < changes * SHORTEST for at in places)
