"""Fuzz every parser and door, each in a process of its own; say what was found."""

import argparse
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from fuzz import keeping, places
from fuzz.feeding import feed
from fuzz.minimise import minimised, telling
from fuzz.target import Target
from fuzz.targets import every
from fuzz.timing import ON_LOOP, seconds
from fuzz.watched import is_possible

_STARTING = 15  # seconds of a whole run that go into loading


class Ran(NamedTuple):
    """What one run came to."""

    target: str
    runs: int
    rate: int
    edges: int
    findings: tuple[str, ...]


def main() -> int:
    """Read the words, fuzz, print; 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", help="targets, or how their names begin (all)")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--overall", type=int, help="seconds for all together, instead")
    parser.add_argument("--at-once", type=int, default=2, help="how many run side by side (2)")
    parser.add_argument("--seed", type=int, default=0, help="where chance begins (anywhere)")
    parser.add_argument("--list", action="store_true", help="name the targets and end")
    parser.add_argument("--keep", action="store_true", help="keep the best inputs, and end")
    parser.add_argument("--worst", action="store_true", help="time all inputs, and end")
    parser.add_argument("--feed", type=Path, help="send all files of a folder, and end")
    parser.add_argument("--head", type=bytes.fromhex, default=b"", help="hex before each of them")
    options = parser.parse_args()
    targets = chosen(every(), options.names)
    if options.list:
        print("\n".join(targets))
        return 0
    if options.keep:
        for target in targets.values():
            print(f"{target.name}: {keeping.keep(target)} bytes kept")
        return 0
    if options.worst:
        show_worst(targets)
        return 0
    if options.feed:
        return show_fed(targets, options.feed, options.head)
    each = options.seconds
    if options.overall:
        each = max((options.overall - _STARTING) * options.at_once // len(targets), 1)
    if not is_possible():
        print(
            "There is no atheris here (it needs Linux on x86-64 and Python 3.11 to 3.14): "
            "known inputs are bent at random, and nobody watches where they go."
        )
    ran = fuzzed(targets, each, options.at_once, options.seed)
    show(ran)
    return 1 if any(one.findings for one in ran) else 0


def chosen(targets: dict[str, Target], names: list[str]) -> dict[str, Target]:
    """Those that are named."""
    unknown = [name for name in names if not any(each.startswith(name) for each in targets)]
    if unknown:
        raise SystemExit(f"no target is called {unknown[0]}; --list names them")
    return {
        name: target
        for name, target in targets.items()
        if not names or any(name.startswith(word) for word in names)
    }


def fuzzed(targets: dict[str, Target], each: int, at_once: int, seed: int) -> list[Ran]:
    """Run the targets, and look at what they left; a seed of 0 is another one each time."""
    for target in targets.values():
        for old in (*places.inputs(places.findings(target.name)), places.log(target.name)):
            old.unlink(missing_ok=True)
        for data in target.seeds():
            (places.seeds(target.name) / _named(data)).write_bytes(data)
    # The house must not be loaded yet where it shall be watched.
    words = (*targets, f"--seconds={each}", f"--at-once={at_once}", f"--seed={seed}")
    with places.log("all").open("w") as log, places.scratch() as scratch:
        subprocess.run(
            [sys.executable, "-m", "fuzz.watched", *words],
            check=True,
            env=os.environ | {"PYTHONHASHSEED": "0", "TMPDIR": str(scratch)},
            cwd=places.ROOT,
            stderr=log,
        )
    return [_came_to(target) for target in targets.values()]


def _came_to(target: Target) -> Ran:
    log = places.log(target.name)
    said = log.read_text(errors="replace") if log.exists() else ""
    found = [f"{_smaller(target, path)}: {_gist(said)}" for path in _failed(target)]
    found += list(_slow(target))
    runs = _last(said, r"number_of_executed_units: +(\d+)") or _last(said, r"^#(\d+)")
    if not found and "number_of_executed_units" not in said:
        found.append(f"{log}: it ended before its time")
    return Ran(
        target.name,
        runs,
        _last(said, r"average_exec_per_sec: +(\d+)"),
        _last(said, r"cov: (\d+)"),
        tuple(found),
    )


def _failed(target: Target) -> list[Path]:
    return list(places.inputs(places.findings(target.name)))


def _last(said: str, pattern: str) -> int:
    found = re.findall(pattern, said, re.MULTILINE)
    return int(found[-1]) if found else 0


def _gist(said: str) -> str:
    """What libFuzzer or Python said first of the end."""
    found = re.search(r"Uncaught Python exception: ===\n(.*)", said) or re.search(
        r"ERROR: (libFuzzer: .*)", said
    )
    return found[1].strip()[:200] if found else "see its log"


def _smaller(target: Target, path: Path) -> Path:
    """A finding made small; what only the watched process shows stays as it is."""
    data = path.read_bytes()
    if path.name.startswith("crash-") and (told := telling(target.run, data)) is not None:
        path.write_bytes(minimised(data, lambda made: telling(target.run, made) == told))
    return path


def _slow(target: Target) -> list[str]:
    """What took longest, if it takes too long also where nobody watches."""
    worst, longest = b"", 0.0
    for path in places.inputs(places.slow(target.name)):
        data = path.read_bytes()
        took = seconds(target.run, data)
        if took > longest:
            worst, longest = data, took
        path.unlink()
    if longest < ON_LOOP:
        return []
    kept = places.findings(target.name) / f"slow-{_named(worst)}"
    kept.write_bytes(worst)
    return [f"{kept}: {longest * 1000:.1f} ms of the loop"]


def show_worst(targets: dict[str, Target]) -> None:
    """Print which input of each target takes the loop longest, of all there are."""
    print(f"{'target':32} {'inputs':>7} {'worst':>9} input")
    for target in targets.values():
        if not target.on_loop:
            continue
        paths = [*places.kept(target.name), *places.inputs(places.corpus(target.name))]
        timed = [(seconds(target.run, data), "a seed") for data in target.seeds()]
        timed += [(seconds(target.run, path.read_bytes()), path.name) for path in paths]
        took, name = max(timed, default=(0.0, "none"))
        print(f"{target.name:32} {len(timed):7} {took * 1000:6.2f} ms {name}")


def show_fed(targets: dict[str, Target], folder: Path, head: bytes) -> int:
    """Send a folder to the targets, and print what came of it; 1 if anything was found."""
    print(f"{'target':32} {'inputs':>7} {'worst':>9} input")
    findings = []
    for target in targets.values():
        fed = feed(target, folder, head)
        name = fed.slowest.name if fed.slowest else "none"
        print(f"{target.name:32} {fed.inputs:7} {fed.worst * 1000:6.2f} ms {name}", flush=True)
        findings += [f"{target.name}: {each}" for each in fed.findings]
    for each in findings:
        print(f"FOUND {each}")
    return 1 if findings else 0


def _named(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def show(ran: list[Ran]) -> None:
    """Print the table, and what was found."""
    print(f"{'target':32} {'runs':>10} {'runs/s':>8} {'edges':>7} findings")
    for one in ran:
        print(f"{one.target:32} {one.runs:10} {one.rate:8} {one.edges:7} {len(one.findings)}")
    for one in ran:
        for finding in one.findings:
            print(f"FOUND {finding}")
    if any(one.findings for one in ran):
        print(
            "Mend it, and keep the input: "
            "cp FINDING tests/vectors/fuzz/TARGET/, with a name that says what it was; "
            "pytest tests/fuzz runs it again."
        )


if __name__ == "__main__":
    raise SystemExit(main())
