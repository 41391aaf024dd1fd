"""State that moves out of root's home is in one place or the other, whenever that is ended."""

import errno
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from boots.app.privileges import moving

KEPT = {"key": "old", "leases/one": "1"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in KEPT.items():
        (tmp_path / "home" / "boots" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / "boots" / name).write_text(text)
    return tmp_path / "home" / "boots"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "lib" / "boots"


def held(folder: Path) -> dict[str, str]:
    found = (each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): each.read_text() for each in found}


def test_what_was_kept_in_roots_home_moves_once(home: Path, place: Path) -> None:
    assert moving.bring(home, place) == ["key", "leases"]

    assert (KEPT, 0o700) == (held(place), place.stat().st_mode & 0o777)
    assert [] == list(home.parent.iterdir())
    assert [place] == list(place.parent.iterdir())
    assert [] == moving.bring(home, place)


def test_what_is_kept_already_is_not_written_over(home: Path, place: Path) -> None:
    place.mkdir(parents=True)
    (place / "key").write_text("new")

    assert [] == moving.bring(home, place)
    assert ({"key": "new"}, KEPT) == (held(place), held(home))


def test_a_socket_that_was_left_does_not_move(home: Path, place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(home / "socket"))
        moving.bring(home, place)

    assert ["key", "leases"] == sorted(each.name for each in place.iterdir())


class Killed(BaseException):
    """Nothing that we do comes after it."""


@pytest.mark.parametrize("moment", range(5))
def test_whoever_is_killed_in_between_the_next_start_has_all(
    home: Path, place: Path, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = iter(range(5))

    def dying(real: Any) -> Any:
        def step(*given: Any, **more: Any) -> Any:
            if next(steps) == moment:
                raise Killed
            return real(*given, **more)

        return step

    place.mkdir(parents=True)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copytree", dying(shutil.copytree))  # and the folder in it
        patched.setattr(Path, "rename", dying(Path.rename))  # two folders
        patched.setattr(shutil, "rmtree", dying(shutil.rmtree))
        with pytest.raises(Killed):
            moving.bring(home, place)
    moving.bring(home, place)

    assert KEPT == held(place)
    assert [] == list(home.parent.iterdir())
    assert [place] == list(place.parent.iterdir())


@pytest.mark.parametrize("step", ["copytree", "rename"])
def test_a_disk_that_takes_nothing_leaves_all_at_home(
    home: Path, place: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.rename

    def full(*given: Any, **_: Any) -> Any:
        if step == "rename" and given[1] != place:
            return real(*given)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path if step == "rename" else shutil, step, full)
        with pytest.raises(OSError, match="No space left"):
            moving.bring(home, place)

    assert KEPT == held(home)
    assert [home] == list(home.parent.iterdir())
    assert [] == list(place.parent.iterdir())
