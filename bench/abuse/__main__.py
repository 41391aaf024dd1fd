"""``python -m bench.abuse``: known machines boot while others do their worst; prints the table."""

import argparse
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench import machine, measure, place
from bench.abuse.attacks import Attack, all_of_them
from bench.abuse.hostile import ADDRESSES, FIRST
from bench.cases import say
from bench.measure import Meter
from bench.place import LOAD_NIC, LOAD_SPACE, NIC, Place, first_on
from bench.subjects import yaml_records
from boots.lab import isolation, network
from boots.lab.fleet.report import percentile
from boots.lab.server import Server

MACHINES = 1_000
MIB = 1 << 20
_PAUSE = 0.01
_BEFORE = 1.0  # seconds in which the attack is there before anybody boots
_SETTINGS = f"""\
interfaces = ["{NIC}"]
[[subnets]]
network = "10.0.0.0/8"
pool = ["10.9.0.0-10.9.15.255"]
[dhcp]
mode = "pool"
[boot]
files = ["files"]
osie = "osie"
[http]
certificate = "certificate.pem"
key = "key.pem"
"""


class Suffered(msgspec.Struct, frozen=True):
    """What known machines noticed, and what the server needed; times in seconds, memory in bytes.

    `cpu` is the share of a core, `amplification` bytes sent for each byte that came.
    """

    name: str
    boots: int
    ack_p50: float
    ack_p99: float
    script_p50: float
    script_p99: float
    lost: int
    failed: int
    cpu: float
    peak: int
    after: int
    fds: int
    amplification: float | None
    attack: dict[str, Any]


@dataclass(slots=True)
class Peak:
    """The most memory and fds that a process had, looked at all the time."""

    pid: int
    memory: int = 0
    fds: int = 0
    over: bool = False

    def watch(self) -> None:
        """Until it is over."""
        while not self.over:
            self.memory = max(self.memory, _rss(self.pid))
            self.fds = max(self.fds, sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir()))
            time.sleep(0.1)


def _rss(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def suffered(
    where: Place, server: Server, meter: Meter, attack: Attack, seconds: float
) -> Suffered:
    """One attack, and known machines that boot meanwhile."""
    peak = Peak(server.pid)
    watcher = threading.Thread(target=peak.watch)
    watcher.start()
    cpu, began, moved = meter.cpu(server.pid), time.monotonic(), _moved()
    try:
        with _attacking(where, attack) as process:
            time.sleep(_BEFORE)
            words = where.words(sys.executable, "-m", "bench.abuse.witness")
            more = (str(seconds - 2 * _BEFORE), str(_PAUSE), str(MACHINES))
            done = subprocess.run([*words, *more], capture_output=True, text=True, check=False)
            said = process.communicate(timeout=60)[0] if process else "{}"
            if process and (process.returncode or not said):
                raise place.BenchError(
                    f"{attack.name}: the attack ended by itself, {process.returncode}"
                )
        spent = (meter.cpu(server.pid) - cpu) / (time.monotonic() - began)
    finally:
        peak.over = True
        watcher.join()
    if done.returncode != 0:
        raise place.BenchError(f"{attack.name}: {done.stderr[-300:]}")
    found = json.loads(done.stdout)
    acks, scripts = sorted(found["acks"]), sorted(found["scripts"])
    sent, got = (after - before for after, before in zip(_moved(), moved, strict=True))
    return Suffered(
        name=attack.name,
        boots=len(scripts),
        ack_p50=percentile(acks, 50),
        ack_p99=percentile(acks, 99),
        script_p50=percentile(scripts, 50),
        script_p99=percentile(scripts, 99),
        lost=found["lost"],
        failed=found["failed"],
        cpu=spent,
        peak=peak.memory,
        after=_rss(server.pid),
        fds=peak.fds,
        amplification=sent / got if attack.amplified and got else None,
        attack=json.loads(said or "{}"),
    )


@contextlib.contextmanager
def _attacking(where: Place, attack: Attack) -> Iterator[subprocess.Popen[str] | None]:
    if not attack.words:
        yield None
        return
    words = list(attack.words)
    if words[0] == "python":
        words = [sys.executable, "-m", "bench.abuse.hostile", *words[1:]]
    inside = () if attack.at_home else network.in_namespace(LOAD_SPACE)
    pinned = ("taskset", "-c", str(where.load_core))
    process = subprocess.Popen(
        [*pinned, *inside, *words], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _moved() -> tuple[int, int]:
    """Bytes that left by the server's interface, and that came."""
    folder = Path(f"/sys/class/net/{NIC}/statistics")
    sent, got = (int((folder / name).read_text()) for name in ("tx_bytes", "rx_bytes"))
    return sent, got


@contextlib.contextmanager
def _serving(where: Place, meter: Meter) -> Iterator[Server]:
    work = where.work
    for name in ("files", "osie", "machines"):
        (work / name).mkdir()
    (work / "files" / "undionly.kpxe").write_bytes(bytes(256 << 10))
    for name in ("vmlinuz-x86_64", "initramfs-x86_64"):
        (work / "osie" / name).write_bytes(bytes(16 << 20))
    (work / "machines" / "machines.yaml").write_text(yaml_records(MACHINES))
    (work / "boots.toml").write_text(_SETTINGS)
    words = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x")
    made = ("-keyout", str(work / "key.pem"), "-out", str(work / "certificate.pem"))
    subprocess.run([*words, *made], check=True, capture_output=True)
    journal = work / "journal.jsonl"
    command = [
        *(*meter.entering(), *first_on(where.server_core), sys.executable, "-m", "boots", "serve"),
        *("--config", str(work / "boots.toml"), "--machines", str(work / "machines")),
        *("--journal", str(journal)),
    ]
    own = {"BOOTS_CACHE": str(work / "cache"), "BOOTS_STATE": str(work / "state")}
    with Server.start(command, journal, work / "log.txt", own) as server:
        server.wait_until_ready(60)
        yield server
        if server.ended:
            raise place.BenchError(f"the server ended: {server.said()}")
        if "Traceback" in (work / "log.txt").read_text(errors="replace"):
            raise place.BenchError(f"a fault of the server: {server.said()}")


def run(seconds: float, rate: int, wanted: Sequence[str]) -> list[Suffered]:
    """Every attack, each against a fresh server."""
    none = Attack("none", ())
    chosen = [
        each
        for each in all_of_them(seconds, rate)
        if not wanted or any(word in each.name for word in wanted)
    ]
    found = []
    for attack in (none, *chosen):
        with place.made(flat=True) as where, measure.meter() as meter:
            network.quieten()
            _addresses()
            with _serving(where, meter) as server:
                found.append(suffered(where, server, meter, attack, seconds))
        say(_line(found[-1]))
    return found


def _addresses() -> None:
    """Give the load's end more addresses, and have it take in what is for those made up."""
    inside = network.in_namespace(LOAD_SPACE)
    commands = [
        ["ip", "address", "add", f"{FIRST + n}/24", "dev", LOAD_NIC] for n in range(ADDRESSES)
    ]
    commands.append(["ip", "route", "add", "local", "10.66.0.0/16", "dev", LOAD_NIC])
    for command in commands:
        subprocess.run([*inside, *command], check=True)


def _line(one: Suffered) -> str:
    return (
        f"{one.name}: {one.boots} boots, ack {one.ack_p50 * 1e3:.1f} {one.ack_p99 * 1e3:.1f} ms, "
        f"script {one.script_p50 * 1e3:.1f} {one.script_p99 * 1e3:.1f} ms, lost {one.lost}, "
        f"failed {one.failed}, cpu {one.cpu:.2f}, {one.peak / MIB:.0f} MiB, {one.fds} fds, "
        f"x{one.amplification}, {one.attack}"
    )


def show(found: Sequence[Suffered]) -> None:
    """The table, as docs/explain/load.md has it."""
    table = Table(
        "attack", "ACK, ms", "script, ms", "sent anew", "failed", "CPU", "MiB", "bytes out"
    )
    for one in found:
        table.add_row(
            one.name,
            f"{one.ack_p50 * 1e3:.1f}, {one.ack_p99 * 1e3:.1f}",
            f"{one.script_p50 * 1e3:.1f}, {one.script_p99 * 1e3:.1f}",
            str(one.lost),
            str(one.failed),
            f"{one.cpu:.2f}",
            f"{one.peak / MIB:.0f}",
            "" if one.amplification is None else f"{one.amplification:.2f}",
        )
    Console(width=160).print(table)


def main(argv: Sequence[str]) -> int:
    """Read the words, attack, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.abuse", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of the names of attacks; none: all")
    parser.add_argument("--seconds", type=float, default=5, help="of each attack")
    parser.add_argument("--rate", type=int, default=50_000, help="packets a second of a flood")
    parser.add_argument("--json", type=Path, default=Path("build/abuse.json"))
    options = parser.parse_args(argv)
    isolation.enter([sys.executable, "-m", "bench.abuse", *argv])
    found = run(options.seconds, options.rate, options.words)
    show(found)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    kept = {"machine": machine.about(), "attacks": found}
    options.json.write_bytes(msgspec.json.format(msgspec.json.encode(kept)) + b"\n")
    return 1 if any(one.failed or one.lost or not one.boots for one in found) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
