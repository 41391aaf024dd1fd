"""The bench measures: one small case of it, so that it cannot rot."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.peers.conftest import lacking, need

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.peers, pytest.mark.alone]


def measured(tmp_path: Path, case: str) -> dict[str, float]:
    if shutil.which("cc") is None:
        lacking("no C compiler is installed")
    need("taskset")
    words = [sys.executable, "-m", "bench", case, "--only", "Boots", "--quick", "--rounds", "1"]
    kept = tmp_path / "figures.json"
    subprocess.run(
        [*words, "--json", str(kept)], cwd=ROOT, check=True, capture_output=True, timeout=120
    )
    (found,) = json.loads(kept.read_text())["cases"]
    (one,) = found["subjects"]["Boots"]["rounds"]
    return one


def test_exchanges_are_verified_and_their_cpu_is_counted(tmp_path: Path) -> None:
    one = measured(tmp_path, "1,000 reservations, relayed")

    assert one["fault"] == ""
    assert one["operations"] == 10_000
    assert 0 < one["cpu_seconds"] / one["operations"] < 0.01
    assert one["p50"] <= one["p99"]
