"""Maps that an action left as it was killed, and what runs over them, are taken away."""

from pathlib import Path

import pytest

from boots_agent.unstacking import remove, unstack


def block(root: Path, name: str, called: str = "", holders: tuple[str, ...] = ()) -> Path:
    """A device as /sys tells it: a map by its name, or an array."""
    made = root / "sys/block" / name
    (made / "holders").mkdir(parents=True)
    for each in holders:
        (made / "holders" / each).touch()
    kind, file = ("dm", "name") if called else ("md", "array_state")
    (made / kind).mkdir()
    (made / kind / file).write_text(called or "readonly")
    return made


def test_what_holds_a_map_goes_before_it_and_others_stay(tmp_path: Path) -> None:
    block(tmp_path, "dm-0", "boots-sda1", ("md127",))
    block(tmp_path, "dm-1", "boots-sdb1", ("md127",))
    block(tmp_path, "dm-2", "shop-till")
    block(tmp_path, "dm-3", "somebodys")
    array = block(tmp_path, "md127", holders=("dm-2",))
    gone: list[str] = []
    said: list[str] = []

    def take(name: str) -> str:
        gone.append(name)
        (array / "holders/dm-2").unlink(missing_ok=True)
        (tmp_path / "sys/block/dm-1/holders/md127").unlink(missing_ok=True)
        return ""

    unstack(tmp_path, said.append, take)
    assert ["shop-till", "boots-sda1", "boots-sdb1"] == gone
    assert (array / "md/array_state").read_text().startswith("clear")
    assert "md127, which an action left, is taken away" == said[1]


def test_an_array_in_a_partition_of_one_goes_first_too(tmp_path: Path) -> None:
    outer = block(tmp_path, "dm-0", "boots-sda")
    (outer / "dm-0p1/holders").mkdir(parents=True)
    (outer / "dm-0p1/partition").write_text("1")
    (outer / "dm-0p1/holders/dm-1").touch()
    block(tmp_path, "dm-1", "shop-till")
    gone: list[str] = []

    def take(name: str) -> str:
        gone.append(name)
        return ""

    unstack(tmp_path, lambda _: None, take)
    assert ["shop-till", "boots-sda"] == gone


def test_what_cannot_be_taken_away_is_told_and_the_rest_goes(tmp_path: Path) -> None:
    block(tmp_path, "dm-0", "boots-sda1", ("bcache0",))
    (tmp_path / "sys/block/bcache0").mkdir()
    said: list[str] = []
    unstack(tmp_path, said.append, lambda _: "busy")
    assert [
        "bcache0, which an action left, cannot be taken away: it is no array",
        "boots-sda1, which an action left, cannot be taken away: busy",
    ] == said


def test_without_the_program_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "dmsetup: No such file or directory" == remove("boots-none")
