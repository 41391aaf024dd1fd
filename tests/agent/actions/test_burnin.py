"""`burnin`: what is sound passes, what is not is told."""

import itertools
import mmap
from pathlib import Path

import pytest
from tests.agent.actions.stage import MIB, Stage, file_disk

from boots_agent.actions import burnin
from boots_agent.actions.context import ActionFailed
from boots_agent.images.disk import Disk
from boots_agent.images.words import BLOCK, DiskFailed, State

SHORT = {"MINUTES": "0.005", "MEMORY_MIB": "8"}


def pace() -> burnin.Pace:
    """Time that passes only when somebody looks at it."""
    moments = itertools.count()
    return burnin.Pace(clock=lambda: next(moments) / 200)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_sound_machine_passes_and_its_disk_is_as_it_was(stage: Stage, tmp_path: Path) -> None:
    path = file_disk(tmp_path / "disk", 9 * MIB, b"content ")
    before = path.read_bytes()
    burnin.burn(stage.context("burnin", SOURCE_DISKS=str(path), **SHORT), pace())
    assert f"{9 * MIB} of {9 * MIB} bytes read" in stage.said()
    assert "memory: 8 MiB" in stage.said()
    assert "burn-in: no errors" == stage.lines[-1]
    assert before == path.read_bytes()
    assert [] == stage.armed


def test_no_more_is_read_than_was_asked_for(stage: Stage, tmp_path: Path) -> None:
    path = file_disk(tmp_path / "disk", 9 * MIB)
    burnin.burn(stage.context("burnin", SOURCE_DISKS=str(path), GIB="0.00390625", **SHORT), pace())
    assert f"{4 * MIB} of {9 * MIB} bytes read" in stage.said()


def test_a_disk_that_cannot_be_read_is_told_with_the_place(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_disk(tmp_path / "disk", 9 * MIB)

    def read(self: Disk, view: memoryview, offset: int) -> int:
        if offset == BLOCK:
            why = f"cannot read {self.path} at byte {offset}: Input/output error"
            raise DiskFailed(why, State.PARTIAL)
        return len(view)

    monkeypatch.setattr(Disk, "read", read)
    with pytest.raises(ActionFailed, match=f"at byte {BLOCK}: Input/output error"):
        burnin.burn(stage.context("burnin", SOURCE_DISKS=str(path), **SHORT), pace())
    assert f"{9 * MIB} of {9 * MIB} bytes read" in stage.said()
    assert "1 errors" in stage.said()


def test_memory_with_a_bit_that_sticks_is_found() -> None:
    class Stuck(mmap.mmap):
        def __getitem__(self, place: object) -> bytes:  # type: ignore[override]
            content = bytearray(super().__getitem__(place))  # type: ignore[call-overload]
            content[5] |= 0x10
            return bytes(content)

    with Stuck(-1, 2 * BLOCK) as room:
        errors = [error for number in range(4) for error in burnin._round(room, number, id)]
    assert "memory does not hold what was written to it (round 0, MiB 0)" == errors[0]


def test_lines_that_cross_are_found() -> None:
    class Crossed(mmap.mmap):
        def __getitem__(self, place: object) -> bytes:  # type: ignore[override]
            return super().__getitem__(slice(0, BLOCK))  # every place is the first one

    with Crossed(-1, 2 * BLOCK) as room:
        assert [] == burnin._round(room, 0, id)
        assert 1 == len(burnin._round(room, 1, id))


def test_a_processor_that_reckons_wrong_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = iter([b"right"])
    monkeypatch.setattr(burnin, "_chain", lambda: next(ends, b"wrong"))
    with pytest.raises(ActionFailed, match=r"processor \d+ reckons wrong"):
        burnin.burn(stage.context("burnin", SOURCE_DISKS="/dev/null", **SHORT), pace())


def test_a_number_that_is_none_is_told(stage: Stage) -> None:
    with pytest.raises(ActionFailed, match="MINUTES 'long' is no number"):
        burnin.burn(stage.context("burnin", MINUTES="long"))
