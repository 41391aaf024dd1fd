"""Memory is bounded, whatever the size of the image: a machine may have 512 MiB in all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.agent.images.made import MIB, disk, pattern

from boots.images.adding import Wanted, add
from boots_agent.images.pack import Packer

ROOT = Path(__file__).parents[3]
SIZE = 2048 * MIB
MOST = 110  # MiB of the whole process, of which Python and what tests import are 40
_WRITER = """
import sys
from pathlib import Path
from tests.agent.images.made import write
result = write(sys.argv[1], Path(sys.argv[2]))
# The peak of this program; getrusage would give that of the one that started it, if larger.
peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
print(result.size, int(peak) // 1024)
"""


def large(path: Path) -> Path:
    """2 GiB, of which 200 MB are there."""
    with path.open("wb") as file:
        for number in range(20):
            file.seek(number * 100 * MIB)
            file.write(pattern(2500, str(number)))
        file.truncate(SIZE)
    return path


def packed(source: Path, goal: Path) -> Path:
    packer, piece = Packer(1), memoryview(bytearray(64 * MIB))
    with source.open("rb") as came, goal.open("wb") as goes:
        while length := came.readinto(piece):
            goes.write(packer.frame(piece[:length]))
    return goal


@pytest.mark.parametrize("form", ["raw", "zstd", "framed"])
def test_a_large_image_takes_no_more_memory_than_a_small_one(form: str, tmp_path: Path) -> None:
    source = large(tmp_path / "image.raw")
    if form == "zstd":
        source = packed(source, tmp_path / "image.zst")
    elif form == "framed":
        source = add(Wanted(str(source), "image", tmp_path, level=1), lambda *_: None).index
    goal = disk(tmp_path / "disk", SIZE)
    done = subprocess.run(
        [sys.executable, "-c", _WRITER, str(source), str(goal)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    size, memory = map(int, done.stdout.split())
    assert size == SIZE
    assert memory < MOST
    # What is zero in the image takes no room on a disk that can leave it out.
    assert goal.stat().st_blocks * 512 < 400 * MIB
