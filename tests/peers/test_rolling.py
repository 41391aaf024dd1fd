"""Two servers that share a store are restarted in turn, and no boot fails: firmware tries once."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.peers.replicas import Place, Replica, both, fleet, macs_of, place, simulating, start

from boots.journal import events

pytestmark = [pytest.mark.peers, pytest.mark.xdist_group("storms")]

LONG = os.environ.get("REPLICAS") == "long"
SECONDS = 180 if LONG else 24  # in which machines come
STORM = ("--machines", str(SECONDS * 5), "--mix", "bios=2,uefi=1,uefi-http=1")
ONCE = (*STORM, "--arrival", str(SECONDS), "--tries", "1", "--timeout", "110")
SETTINGS = {"BOOTS_DRAIN": "30"}


def restart(made: Place, folder: Path, old: Replica, records: str) -> tuple[Replica, float]:
    """Stop it, wait for its end, start it and wait until it is ready; how long it was stopping."""
    began = time.monotonic()
    old.process.signal(signal.SIGTERM)
    assert old.process.process.wait(timeout=60) == 0
    stopping = time.monotonic() - began
    (folder / f"server-{old.number}" / "journal.jsonl").unlink()
    new = start(made, folder, old.number, "rolling", records, **SETTINGS)
    new.process.until(events.ServerStarted, timeout=90)  # where tests share few cores
    new.until(lambda client: client.health(), lambda health: health.ready, 10)
    return new, stopping


def test_no_boot_fails_while_two_servers_are_restarted_in_turn(tmp_path: Path) -> None:
    records = fleet(*STORM)
    with place() as made, both(made, tmp_path, "rolling", records, **SETTINGS) as pair:
        running: list[Replica] = [*pair]
        rounds: list[float] = []
        served = {0: 0, 1: 0}
        with simulating(made, tmp_path / "report.json", *ONCE) as report:
            over: dict[str, Any] = {}
            ending = threading.Thread(target=lambda: over.update(report()))
            ending.start()
            time.sleep(3)  # some are in the middle of their boots, and more come all the time
            try:
                while ending.is_alive() and (LONG or len(rounds) < 2):
                    turn = len(rounds) % 2
                    served[turn] += len(running[turn].process.told(events.ScriptServed))
                    running[turn], took = restart(made, tmp_path, running[turn], records)
                    rounds.append(took)
            finally:
                ending.join(150)
        try:
            print(
                f"{over['booted']} of {over['machines']} booted at their first try while servers"
                f" were restarted {len(rounds)} times; stopping took {max(rounds):.1f} s at most"
            )
            assert (over["booted"], over["failures"]) == (len(macs_of(records)), [])
            assert 0 == over["restarts"]
            assert len(rounds) >= 2
            for each in running:
                served[each.number] += len(each.process.told(events.ScriptServed))
            assert min(served.values()) > 0, "each served some while the other was away"
        finally:
            for each in running:
                if each.process.process.poll() is None:
                    each.process.stop()
