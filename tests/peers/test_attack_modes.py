"""Thousands of made-up machines against a running server, in every mode of DHCP.

None may stop it, keep the others waiting, or make it grow without end.
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.peers import attacker
from tests.peers.conftest import NIC, SERVER, Boots, Lan, boots, run

from boots.journal import events

pytestmark = [pytest.mark.peers, pytest.mark.alone]

COUNT = int(os.environ.get("ATTACKERS", "1500"))
POOL = f"""\
[[subnets]]
network = "{SERVER.network}"
pool = ["192.168.70.100-192.168.70.199"]
"""
MODES = {
    "reservation": '[dhcp]\nmode = "reservation"\n',
    "pool": '[dhcp]\nmode = "pool"\nprobe = false\n' + POOL,
    "probed pool": '[dhcp]\nmode = "pool"\n' + POOL,
    "proxy": '[dhcp]\nmode = "proxy"\n',
    "auto-proxy": '[boot]\nunknown = "osie"\n[dhcp]\nmode = "auto-proxy"\n',
    "shadow": '[dhcp]\nmode = "pool"\nshadow = true\nprobe = false\n' + POOL,
}
KINDS = ("discovers", "takes", "others", "declines", "replies", "garbage")


@dataclass(frozen=True)
class Suffered:
    worst: float
    answers: int
    lost: int
    grown: int  # bytes of memory


def memory(server: Boots) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def attacked(server: Boots, lan: Lan, kind: str, count: int = COUNT) -> Suffered:
    before = memory(server)
    done = run(lan.client, sys.executable, attacker.__file__, NIC, kind, str(count), timeout=300)
    assert done.returncode == 0, done.stderr
    assert server.process.poll() is None
    time.sleep(0.2)
    return Suffered(**json.loads(done.stdout), grown=memory(server) - before)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_made_up_machines_do_no_harm(lan: Lan, tmp_path: Path, mode: str) -> None:
    config = tmp_path / "boots.toml"
    config.write_text(MODES[mode])
    with boots(lan.server, tmp_path, "--config", config) as server:
        for kind in KINDS:
            suffered = attacked(server, lan, kind)
            print(mode, kind, suffered, tmp_path.joinpath("errors.txt").stat().st_size)
            if mode != "shadow":
                assert suffered.lost == 0, kind
                assert suffered.worst < 2, kind
            assert suffered.grown < 64 << 20, kind
        errors = server.errors.read_text()
        assert "datagram failed" not in errors
        assert "Traceback" not in errors
        if mode not in {"shadow", "proxy", "auto-proxy"}:
            server.mark()
            attacked(server, lan, "discovers", 1)
            server.until(events.OfferSent, address="192.168.70.10")
