"""Sends each file of a folder to targets: a corpus of others, captures taken apart, old finds."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from fuzz.minimise import telling
from fuzz.target import Target
from fuzz.timing import ON_LOOP, seconds


class Fed(NamedTuple):
    """What came of a folder at one target."""

    inputs: int
    worst: float
    """Seconds of the processor that one input took."""

    slowest: Path | None
    findings: tuple[str, ...]


def feed(target: Target, folder: Path, head: bytes = b"") -> Fed:
    """Send all files of a folder, each behind `head`; findings of one kind are told once.

    What is longer than a target's longest input is cut, as doors do with what comes.
    """
    count, worst, slowest = 0, 0.0, None
    kinds: Counter[tuple[str, str, int]] = Counter()
    findings = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        data = (head + path.read_bytes())[: target.longest]
        count += 1
        if (told := telling(target.run, data)) is not None:
            kinds[told] += 1
            if kinds[told] == 1:
                findings.append(f"{path}: {told[0]}, at {told[1]}:{told[2]}")
            continue
        took = seconds(target.run, data, ON_LOOP if target.on_loop else float("inf"))
        if took > worst:
            worst, slowest = took, path
    if target.on_loop and worst > ON_LOOP:
        findings.append(f"{slowest}: {worst * 1000:.1f} ms of the loop")
    return Fed(count, worst, slowest, tuple(findings))
