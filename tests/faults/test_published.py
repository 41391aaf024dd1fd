"""kill -9 while files are published: what a server may read is the old or the new, never half."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import pytest
from tests.agent.images.made import pattern
from tests.faults.nth import Nth
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
