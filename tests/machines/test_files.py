"""Records come from files and directories; what is unchanged is not parsed again."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from boots.machines.files import Cache, Loaded, load

ONE = "{name: one, mac: 02:00:00:00:00:01, address: 10.0.0.1/8}\n"
TWO = "{name: two, mac: 02:00:00:00:00:02, routes: [], notes: [x]}\n"
BAD = "{name: bad, mac: x}\n"


def names(loaded: Loaded) -> list[str]:
    assert () == loaded.faults
    return [machine.name for machine in loaded.index.machines]


# --- which files


def test_a_directory_gives_its_records_in_name_order(tmp_path: Path) -> None:
    for name, text in (("b.yml", ONE), ("a.json", TWO), ("c.yaml", "{mac: 02:00:00:00:00:03}")):
        (tmp_path / name).write_text(text)
    for name in ("README.md", ".hidden.yaml", "a.yaml~", "a.yaml.swp"):
        (tmp_path / name).write_text("not a record")
    (tmp_path / "more.yaml").mkdir()
    loaded = load([tmp_path], Cache())
    assert ["two", "one", "02:00:00:00:00:03"] == names(loaded)
    assert 3 == loaded.files


def test_a_file_named_twice_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ONE)
    assert ["one"] == names(load([tmp_path / "a.yaml", tmp_path, tmp_path], Cache()))


def test_files_that_say_the_same_are_still_two(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("- mac: 02:00:00:00:00:01\n")
    for _ in range(2):
        (fault,) = load([tmp_path], cache).faults
        assert f"{tmp_path}/b.yaml:1" == f"{fault.file}:{fault.line}"
        assert f"at {tmp_path}/a.yaml:1" in fault.problem


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda _: None,
            ": cannot be read: No such file or directory; check that it is there and may be read",
        ),
        (
            lambda path: path.symlink_to("gone"),
            ": cannot be read: No such file or directory; check that it is there and may be read",
        ),
        (
            lambda path: path.write_bytes(b"mac: x\n# caf\xe9\n"),
            ":2: cannot be read: not UTF-8 text; save it as UTF-8",
        ),
        (
            lambda path: path.write_text("mac: x", encoding="utf-16"),
            ":1: cannot be read: not UTF-8 text; save it as UTF-8",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, make: Callable[[Path], object], told: str
) -> None:
    path = tmp_path / "a.yaml"
    make(path)
    assert [f"{path}{told}"] == [str(fault) for fault in load([path], Cache()).faults]


def test_a_link_to_nothing_in_a_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("gone")
    assert 1 == len(load([tmp_path], Cache()).faults)


# --- the cache


def test_what_comes_from_the_cache_is_equal(tmp_path: Path) -> None:
    for path in (Path(__file__).parent.parent / "vectors" / "records").iterdir():
        fresh = load([path], Cache(tmp_path))
        cached = load([path], Cache(tmp_path))
        assert fresh.index == cached.index
        assert "node-1" in names(cached)


def test_an_unchanged_file_is_not_parsed_again_and_a_changed_one_is(tmp_path: Path) -> None:
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    a.write_text(ONE)
    b.write_text(TWO)
    cache = Cache()
    before = load([tmp_path], cache).index.by_name
    b.write_text(TWO.replace("02:00:00:00:00:02", "02:00:00:00:00:03"))
    after = load([tmp_path], cache).index.by_name
    assert before["one"] is after["one"]
    assert before["two"] != after["two"]


def test_what_the_disk_holds_is_not_parsed_again(tmp_path: Path) -> None:
    cache, (a, b) = tmp_path / "cache", (tmp_path / "a.yaml", tmp_path / "b.yaml")
    a.write_text(ONE)
    b.write_text(TWO)
    load([a, b], Cache(cache))
    # Let what is kept of one file say what the other says: it is believed, so nothing was parsed.
    kept = {path: entry_of(cache, path) for path in (a, b)}
    kept[a].write_bytes(kept[b].read_bytes())
    assert ["two"] == names(load([a], Cache(cache)))


def entry_of(cache: Path, path: Path) -> Path:
    """Where the cache keeps what a file says: the name is the same in every cache."""
    probe = cache.parent / "probe"
    load([path], Cache(probe))
    [entry] = probe.iterdir()
    entry.unlink()
    return cache / entry.name


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda _: b"\xc1",
        lambda kept: kept[: len(kept) // 2],
        lambda kept: kept + b"\0",
        lambda kept: kept.replace(b"10.0.0.1", b"10.0.0.x"),
        lambda kept: kept.replace(b"one", b"\xff\xff\xff"),
        lambda _: b"\x91" * 5000,
    ],
)
def test_a_corrupt_cache_is_ignored_and_mended(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "a.yaml").write_text(ONE)
    load([tmp_path], Cache(tmp_path / "cache"))
    (kept,) = (tmp_path / "cache").iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(change(whole))
    assert ["one"] == names(load([tmp_path], Cache(tmp_path / "cache")))
    assert whole == kept.read_bytes()


def test_faults_are_never_cached(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BAD)
    cache = Cache(tmp_path / "cache")
    first, second = load([tmp_path], cache).faults, load([tmp_path], cache).faults
    assert 1 == len(first)
    assert first == second == load([tmp_path], Cache(tmp_path / "cache")).faults
    assert not list(tmp_path.glob("cache/*"))


def test_a_cache_that_cannot_be_written_is_only_slow(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ONE)
    (tmp_path / "cache").write_text("a file, not a directory")
    assert ["one"] == names(load([tmp_path / "a.yaml"], Cache(tmp_path / "cache")))
    assert "a file, not a directory" == (tmp_path / "cache").read_text()


def test_others_cannot_read_the_cache(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ONE)
    load([tmp_path], Cache(tmp_path / "cache"))
    (kept,) = (tmp_path / "cache").iterdir()
    assert (0o700, 0o600) == (
        (tmp_path / "cache").stat().st_mode & 0o777,
        kept.stat().st_mode & 0o777,
    )


def test_what_was_not_used_for_a_month_leaves_the_cache(tmp_path: Path) -> None:
    path, cache = tmp_path / "a.yaml", tmp_path / "cache"
    path.write_text(ONE)
    load([path], Cache(cache))
    old = entry_of(cache, path)
    os.utime(old, (time.time() - 31 * 86_400,) * 2)
    path.write_text(TWO)
    load([path], Cache(cache))
    assert [entry_of(cache, path)] == list(cache.iterdir())


def test_the_time_for_many_files_grows_with_their_number_only(tmp_path: Path) -> None:
    for number in range(1000):
        mac = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        (tmp_path / f"{number}.yaml").write_text(f"mac: {mac}")
    began = time.process_time()
    assert 1000 == len(load([tmp_path], Cache(tmp_path / "cache")).index.machines)
    assert time.process_time() - began < 3  # 0.2; with a look at the whole cache per file: 6
