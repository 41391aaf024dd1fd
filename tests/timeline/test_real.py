"""Journals of real firmware (SeaBIOS with iPXE, OVMF) in virtual machines: golden stories.

The kernels that they were given were random bytes, so that none of them runs.
``UPDATE_VECTORS=1`` writes the stories anew.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from boots.journal import events
from boots.timeline.fleet import Timelines
from boots.timeline.words import Boot

VECTORS = Path(__file__).parents[1] / "vectors" / "timelines"
LONG_AFTER = 1000.0


def boots_of(journal: Path, *, at_once: bool) -> list[Boot]:
    """The boots of a journal, long after its end."""
    entries = [events.decode(line) for line in journal.read_bytes().splitlines()]
    timelines = Timelines()
    batches = [entries] if at_once else [[entry] for entry in entries]
    found = {boot.id: boot for batch in batches for boot in timelines.take(batch)}
    found |= {boot.id: boot for boot in timelines.tick(entries[-1].at + LONG_AFTER)}
    return list(found.values())


def story(boots: list[Boot]) -> str:
    return "\n".join(line for boot in boots for line in _lines(boot)) + "\n"


def _lines(boot: Boot) -> Iterator[str]:
    yield f"{boot.state.value}: {boot.program}, {boot.architecture}, loops {boot.loops}"
    for step in boot.steps:
        ended = f"{step.ended - boot.started:6.2f}" if step.ended else "     …"
        words = "; ".join(part for part in (step.detail, step.why, step.problem) if part)
        size = f"; {step.sent} of {step.size}" if step.size >= 0 else ""
        began = step.began - boot.started
        yield f"  {began:6.2f} {ended}  {step.stage.value:13} {words}{size}"
    if boot.finding is not None:
        yield f"  {boot.finding.code}: {boot.finding.title}"
        yield f"    {boot.finding.advice}"
        yield from (f"    - {each}" for each in boot.finding.evidence)


@pytest.mark.parametrize("journal", sorted(VECTORS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_a_real_boot_is_told_as_it_was(journal: Path) -> None:
    told = story(boots_of(journal, at_once=True))
    golden = journal.with_suffix(".txt")
    if os.environ.get("UPDATE_VECTORS"):
        golden.write_text(told)

    assert golden.read_text() == told
    assert told == story(boots_of(journal, at_once=False))
