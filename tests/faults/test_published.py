"""kill -9 while files are published: what a server may read is the old or the new, never half."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import pytest
from tests.agent.images.made import pattern
from tests.faults.nth import Nth
from tests.faults.power import Lost, lose
from tests.images.test_adding import unpacked

pytestmark = pytest.mark.peers

MIB = 1 << 20
OLD, NEW = pattern(3000), pattern(5000) + bytes(MIB)


def boots(*words: str | Path, **environment: str) -> int:
    """A command; what it ended with."""
    return subprocess.run(
        [sys.executable, "-m", "boots", *map(str, words)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=60,
    ).returncode


def add(folder: Path, image: bytes, environment: Mapping[str, str]) -> int:
    source = folder / "source.raw"
    source.write_bytes(image)
    words = ("--level", "1", "--output", folder / "images")
    return boots("image", "add", source, "debian", *words, **environment)


def published(folder: Path) -> bytes:
    """The image as a machine would write it, each frame proved; an error if one is not right."""
    return unpacked(folder / "images" / "debian" / "index.json")


def made(folder: Path) -> Nth:
    """A folder that has the old image."""
    (folder / "images").mkdir(parents=True)
    assert 0 == add(folder, OLD, {})
    assert OLD == published(folder)
    return Nth(folder / "images", folder)


BOOT_FILES = {"undionly.kpxe": 3 * MIB, "ipxe.efi": 1 * MIB, "snponly.efi": 70_000}
LAYS = """
import sys
from pathlib import Path
from boots.debian.boot_files import fetch
folder = Path(sys.argv[1])
# A release of no such name is not asked for: what is installed is taken.
fetch("no release", folder / "served", folder / "cache", root=folder / "root")
"""
BUILDS = """
import sys
from pathlib import Path
from boots.osie.packing import write
folder = Path(sys.argv[1])
for path in sorted((folder / "root" / "usr/lib/ipxe").iterdir()):
    write(folder / "served" / path.name, path.read_bytes())
"""


def lay(folder: Path, version: bytes, script: str, environment: Mapping[str, str]) -> int:
    """Have files laid into a served folder by what lays boot files, or OSIE's."""
    packages = folder / "root" / "usr/lib/ipxe"
    for place in (packages, folder / "served", folder / "cache"):
        place.mkdir(parents=True, exist_ok=True)
    for name, size in BOOT_FILES.items():
        (packages / name).write_bytes(version * size)
    words = [sys.executable, "-c", script, folder]
    return subprocess.run(words, env={**os.environ, **environment}, check=False).returncode


def served(folder: Path) -> dict[str, bytes]:
    """What machines could fetch, and of each the versions that its bytes are of."""
    there = [each for each in (folder / "served").iterdir() if not each.name.startswith(".")]
    whole = {each.name: each.read_bytes() for each in there}
    assert {name: BOOT_FILES[name] for name in whole} == {
        name: len(content) for name, content in whole.items()
    }
    return {name: bytes(sorted(set(content))) for name, content in whole.items()}


@pytest.mark.parametrize(
    ("script", "do"),
    [
        pytest.param(BUILDS, "half", id="OSIE, half"),
        *(
            pytest.param(script, do, id=f"{name}, {do}", marks=pytest.mark.wide)
            for name, script in (("boot files", LAYS), ("OSIE", BUILDS))
            for do in ("kill", "half", "after")
            if (script, do) != (BUILDS, "half")
        ),
    ],
)
def test_a_file_that_is_served_is_the_old_or_the_new(tmp_path: Path, script: str, do: str) -> None:
    nth = Nth(tmp_path / "served", tmp_path)
    assert 0 == lay(tmp_path, b"o", script, nth.environment())
    changes = nth.count
    new = 0
    for at in range(1, changes + 1):
        if script is LAYS:  # what is there stays where the release cannot be had
            shutil.rmtree(tmp_path / "served")
        else:
            assert 0 == lay(tmp_path, b"o", script, {})
        ended = lay(tmp_path, b"n", script, nth.environment(at, do))
        assert -signal.SIGKILL == ended, at
        found = served(tmp_path)
        assert set(found.values()) <= {b"o", b"n"}, at
        new += b"n" in found.values()
        assert 0 == lay(tmp_path, b"n", script, {})  # what was left half is not in the way
        assert dict.fromkeys(BOOT_FILES, b"n") == served(tmp_path)
    assert 0 < new <= changes
    print(f"\n  served files, {do}: {changes} kills, {new} of them with a new file")


@pytest.mark.wide
@pytest.mark.parametrize("lost", Lost)
def test_a_file_that_is_served_outlives_the_power(tmp_path: Path, lost: Lost) -> None:
    nth = Nth(tmp_path / "served", tmp_path)
    assert 0 == lay(tmp_path, b"o", BUILDS, nth.environment())
    changes = nth.count
    for at in range(1, changes + 1):
        shutil.rmtree(tmp_path / "served")
        assert 0 == lay(tmp_path, b"o", BUILDS, nth.environment())
        ended = lay(tmp_path, b"n", BUILDS, nth.environment(at, "kill", again=True))
        assert -signal.SIGKILL == ended, at
        lose(tmp_path / "served", nth.synced, lost)
        found = served(tmp_path)
        assert set(BOOT_FILES) == set(found), at
        assert set(found.values()) <= {b"o", b"n"}, at
        shutil.rmtree(tmp_path / "served-before")


@pytest.mark.parametrize(
    ("every", "lost"),
    [
        pytest.param(9, Lost.ALL, id="few", marks=pytest.mark.wide),
        *(
            pytest.param(1, each, id=each.name, marks=[pytest.mark.wide, pytest.mark.timeout(600)])
            for each in Lost
        ),
    ],
)
def test_an_image_that_is_replaced_outlives_the_power(
    tmp_path: Path, every: int, lost: Lost
) -> None:
    def begun() -> Nth:
        shutil.rmtree(tmp_path / "images", ignore_errors=True)
        (tmp_path / "images").mkdir()
        nth = Nth(tmp_path / "images", tmp_path)
        assert 0 == add(tmp_path, OLD, nth.environment())
        return nth

    nth = begun()
    assert 0 == add(tmp_path, NEW, nth.environment(again=True))
    places = range(nth.count, 0, -every)
    for at in places:
        nth = begun()
        assert -signal.SIGKILL == add(tmp_path, NEW, nth.environment(at, again=True)), at
        lose(tmp_path / "images", nth.synced, lost)
        assert published(tmp_path) in (OLD, NEW), at
        assert 0 == add(tmp_path, NEW, {})
        assert NEW == published(tmp_path)
        shutil.rmtree(tmp_path / "images-before")


@pytest.mark.parametrize(
    ("every", "ways"),
    [
        pytest.param(5, ("after", "half", "kill"), id="short"),
        pytest.param(1, ("kill",), id="kill", marks=pytest.mark.wide),
        pytest.param(1, ("half",), id="half", marks=pytest.mark.wide),
        pytest.param(1, ("after",), id="after", marks=pytest.mark.wide),
    ],
)
def test_an_image_that_is_replaced_is_the_old_or_the_new(
    tmp_path: Path, every: int, ways: Sequence[str]
) -> None:
    whole = made(tmp_path / "whole")
    assert 0 == add(tmp_path / "whole", NEW, whole.environment())
    places = range(whole.count, 0, -every)
    new = 0
    for at, do in zip(places, cycle(ways), strict=False):
        folder = tmp_path / str(at)
        nth = made(folder)
        assert -signal.SIGKILL == add(folder, NEW, nth.environment(at, do)), at
        found = published(folder)
        assert found in (OLD, NEW), at
        new += found == NEW
        assert 0 == add(folder, NEW, {})  # what was left half is not in the way
        assert NEW == published(folder)
    print(f"\n  {ways}: {len(places)} kills of {whole.count} changes, {new} with the new image")
