"""``python -m bench.soak``: an hour of churn; fails unless every machine booted and all is flat."""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench import machine, measure, place
from bench.cases import say
from bench.measure import Meter
from bench.place import NIC, Place
from bench.soak.bystanders import Bystanders
from bench.soak.churn import HOUR, SMOKE, Churn, write_site
from bench.soak.drawn import draw
from bench.soak.kept import Kept, encoded
from bench.soak.sampled import sample
from bench.soak.verdict import SHORT, Bounds, Round, Sample, Verdict, judge
from boots.lab import isolation, network
from boots.lab.server import Server

_EVERY = 10.0  # seconds between two samples


@dataclass(slots=True)
class Soak:
    """A soak under way: the server's process, the fleet's, and what was seen so far."""

    churn: Churn
    pid: int
    meter: Meter
    state: Path
    fleet: subprocess.Popen[str]
    bystanders: Bystanders
    every: float
    samples: list[Sample] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def round(self, number: int) -> None:
        """One round, to its end; what else goes on goes on meanwhile."""
        cpu = self.meter.cpu(self.pid)
        at = self._now()
        print(number, file=self.fleet.stdin, flush=True)
        end = at + self.churn.seconds
        output = self.fleet.stdout
        if output is None:
            raise place.BenchError("the fleet has no output")
        os.set_blocking(output.fileno(), False)
        told = ""
        while not told or self._now() < end:
            told = told or output.readline()
            if self.fleet.poll() is not None:
                raise place.BenchError(f"the fleet ended, status {self.fleet.returncode}")
            self._look()
            self.bystanders.turn(self._now())
            time.sleep(0.2)
        spent = self.meter.cpu(self.pid) - cpu
        said = {**json.loads(told), "at": at, "cpu": spent}
        self.rounds.append(msgspec.convert(said, Round))

    def _look(self) -> None:
        if not self.samples or self._now() - self.samples[-1].at >= self.every:
            self.samples.append(sample(self.pid, self.meter, self.state, self._now()))

    def _now(self) -> float:
        return time.monotonic() - self.began


def soak(minutes: float, churn: Churn, bounds: Bounds) -> Kept:
    """All of it."""
    began = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    with place.made(flat=True) as where, measure.meter() as meter:
        network.quieten()  # its operators are on lo
        settings = write_site(where.work, churn)
        with _serving(where, settings, meter) as (server, pid), _fleet(churn) as fleet:
            server.wait_until_ready(60)
            state = where.work / "state"
            pace = churn.seconds / HOUR.seconds
            bystanders = Bystanders(where.work, pid, churn, pace)
            every = _EVERY * pace
            one = Soak(churn, pid, meter, state, fleet, bystanders, every)
            count = max(4, round(minutes * 60 / churn.seconds))
            for number in range(count):
                one.round(number)
                say(_line(one, count))
    verdict = judge(one.samples, one.rounds, bounds)
    warm = one.samples[len(one.samples) // 4]
    last = one.samples[-1]
    boots = sum(each.booted for each in one.rounds if each.at >= warm.at)
    return Kept(
        machine=machine.about(),
        began=began,
        bounds=bounds,
        verdict=verdict,
        acts=bystanders.done,
        act_faults=tuple(bystanders.faults),
        store_bytes_a_boot=(last.store - warm.store) / max(boots, 1),
        server_cores=last.cpu / last.at,
        rounds=tuple(one.rounds),
        samples=tuple(one.samples),
    )


@contextlib.contextmanager
def _serving(where: Place, settings: Path, meter: Meter) -> Iterator[tuple[Server, int]]:
    work = where.work
    words = [
        *(*meter.entering(), "nice", "-n", "5", sys.executable, "-m", "boots", "serve"),
        *("--config", str(settings), "--interface", NIC, "--machines", str(work / "machines")),
        *("--journal", str(work / "journal.jsonl"), "--log-level", "warning"),
    ]
    own = {"BOOTS_CACHE": str(work / "cache"), "BOOTS_STATE": str(work / "state")}
    with Server.start(words, work / "journal.jsonl", work / "log.txt", own) as server:
        try:
            yield server, server.pid
        finally:
            if (work / "log.txt").stat().st_size:
                say(server.said())


@contextlib.contextmanager
def _fleet(churn: Churn) -> Iterator[subprocess.Popen[str]]:
    words = [
        *network.in_namespace(place.LOAD_SPACE),
        *("nice", "-n", "5", sys.executable, "-m", "bench.soak.fleet"),
        *(["--smoke"] if churn is SMOKE else []),
    ]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _line(one: Soak, count: int) -> str:
    last, seen = one.rounds[-1], one.samples[-1]
    return (
        f"round {last.number + 1} of {count}: {last.booted} of {last.machines} booted, script "
        f"{last.script_p99:.2f} s, {last.cpu_of_a_boot * 1e3:.1f} ms a boot, "
        f"{seen.own / 2**20:.1f} MiB, {seen.fds} fds, {len(one.bystanders.faults)} faults"
    )


def show(kept: Kept) -> None:
    """The verdict for people."""
    table = Table("what", "second quarter", "last quarter", "bound", "")
    for line in kept.verdict.lines:
        mark = "ok" if line.ok else "TOO MUCH"
        table.add_row(line.what, f"{line.second:.2f}", f"{line.last:.2f}", line.bound, mark)
    console = Console()
    console.print(table)
    console.print(
        f"{kept.verdict.booted} of {kept.verdict.machines} booted in {kept.verdict.seconds:.0f} s,"
        f" {kept.acts} other acts, {kept.server_cores:.3f} cores,"
        f" {kept.store_bytes_a_boot:.0f} bytes of store a boot"
    )
    for fault in (*kept.verdict.failures, *kept.act_faults)[:20]:
        console.print(fault)


def main(argv: Sequence[str]) -> int:
    """Read the words, soak, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--smoke", action="store_true", help="small and short: seconds a round")
    parser.add_argument("--json", type=Path, default=Path("build/soak.json"))
    parser.add_argument("--picture", type=Path, help="draw it here, too")
    options = parser.parse_args(argv)
    isolation.enter([sys.executable, "-m", "bench.soak", *argv])
    kept = soak(options.minutes, *((SMOKE, SHORT) if options.smoke else (HOUR, Bounds())))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_bytes(encoded(kept))
    if options.picture:
        options.picture.write_text(draw(kept))
    show(kept)
    return 0 if good(kept.verdict, kept.act_faults) else 1


def good(verdict: Verdict, faults: Sequence[str]) -> bool:
    """Whether all was well."""
    return verdict.ok and not faults


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
