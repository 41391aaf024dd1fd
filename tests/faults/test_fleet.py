"""A fleet boots while its only server is killed at each stage, and started again: all arrive."""

import json
import subprocess
import time
from pathlib import Path

import pytest
from tests.peers.conftest import NIC, SERVER, Boots, Lan, launch
from tests.peers.replicas import SIMULATE, fleet, macs_of

from boots.lab import network

pytestmark = [pytest.mark.peers, pytest.mark.alone, pytest.mark.wide]

STAGES = {
    "OFFER": b'"OfferSent"',
    "ACK": b'"AckSent"',
    "TFTP": b'"TransferStarted"',
    "script": b'"ScriptServed"',
    "kernel": b'"name":"osie/vmlinuz',
}
"""What the journal has of each."""
KERNEL, INITRD = 3 << 20, 5 << 20


def told(server: Boots, what: bytes) -> int:
    return server.journal.read_bytes().count(what) if server.journal.exists() else 0


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("machines", "kills"), [(10, 1), (40, 2)])
def test_a_fleet_boots_whole_though_its_server_is_killed_at_each_stage(
    lan: Lan, tmp_path: Path, machines: int, kills: int
) -> None:
    """A machine begins anew, as firmware does, where its boot breaks off."""
    words = ("--machines", str(machines), "--mix", "bios,uefi")
    where = ("--network", "192.168.70.128/25", "--gateway", str(SERVER.ip))
    records = fleet(*words, *where)
    (tmp_path / "osie").mkdir()
    (tmp_path / "osie" / "vmlinuz-x86_64").write_bytes(bytes(KERNEL))
    (tmp_path / "osie" / "initramfs-x86_64").write_bytes(bytes(INITRD))

    def started() -> Boots:
        return launch(lan.server, tmp_path, "--log-level", "debug", records=records)

    server = started()
    report = tmp_path / "report.json"
    how = ("--arrival", "2", "--tries", "12", "--timeout", "180", "--json", str(report))
    argv = [*network.in_namespace(lan.client), *SIMULATE, "--interface", NIC, *words, *how]
    fleet_of_them = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    killed = []
    try:
        for _ in range(kills):
            for stage, what in STAGES.items():
                before, deadline = told(server, what), time.monotonic() + 40
                while told(server, what) < before + 3 and fleet_of_them.poll() is None:
                    assert server.process.poll() is None, server.errors.read_text()
                    assert time.monotonic() < deadline, f"no machine came to its {stage}"
                    time.sleep(0.003)  # there is nothing to wait for but the file
                if fleet_of_them.poll() is None:
                    killed.append(stage)
                    server.process.kill()
                    server.process.wait()
                    server = started()
        fleet_of_them.wait(timeout=200)
        found = json.loads(report.read_bytes())
    finally:
        for process in (fleet_of_them, server.process):
            if process.poll() is None:
                process.kill()
            process.wait()
    print(
        f"\n  {found['booted']} of {machines} booted, {found['restarts']} began anew;"
        f" killed at {killed}"
    )
    assert (len(macs_of(records)), []) == (found["booted"], found["failures"])
    assert set(STAGES) == set(killed)
    assert found["received"] >= machines * (KERNEL + INITRD)
