"""The soak, short: that it works, and that a server outlives it."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.peers.conftest import lacking

from bench.soak.kept import Kept

pytestmark = [pytest.mark.peers, pytest.mark.alone]
ROOT = Path(__file__).parents[2]


def soaked(folder: Path, *words: str) -> Kept:
    if os.geteuid() != 0:
        lacking("network namespaces need root")
    report = folder / "soak.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench.soak", *words, "--json", str(report)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return msgspec.json.decode(report.read_bytes(), type=Kept)


def test_a_server_serves_four_rounds_of_churn(tmp_path: Path) -> None:
    kept = soaked(tmp_path, "--smoke", "--minutes", "0.3")

    assert (76, 76, ()) == (kept.verdict.machines, kept.verdict.booted, kept.act_faults)
    assert kept.acts > 10


@pytest.mark.wide
def test_a_server_serves_a_quarter_of_an_hour_of_churn(tmp_path: Path) -> None:
    kept = soaked(tmp_path, "--minutes", "15")

    assert kept.verdict.ok
