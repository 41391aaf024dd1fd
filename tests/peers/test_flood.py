"""Known machines boot while made-up ones flood the server: the bench of abuse, one attack of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.peers.conftest import lacking, need

pytestmark = pytest.mark.peers
ROOT = Path(__file__).parents[2]
MIB = 1 << 20


def test_known_machines_boot_through_a_flood_of_made_up_ones(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        lacking("network namespaces need root")
    if len(os.sched_getaffinity(0)) < 2:
        lacking("a server and its load need a core each")
    need("cc")
    report = tmp_path / "abuse.json"
    words = ("DISCOVERs of MACs", "--seconds", "4", "--rate", "20000", "--json", str(report))
    done = subprocess.run(
        [sys.executable, "-m", "bench.abuse", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    alone, flooded = json.loads(report.read_bytes())["attacks"]

    assert flooded["attack"]["sent"] > 10_000
    assert (0, True) == (flooded["failed"], flooded["boots"] > 0)
    assert flooded["ack_p50"] < 0.5
    assert flooded["peak"] - alone["peak"] < 40 * MIB
