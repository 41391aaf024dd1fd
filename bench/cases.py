"""Cases: who is measured with which load, in turns, and what comes of it."""

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import place
from bench.place import BenchError, Command, Place, Running
from boots.lab.link import Link

BOOTS = "Boots"
SATURATED = 0.9
"""Below this share of its core a server was waiting, and its CPU per operation says little."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load generator says.  Times in seconds."""

    operations: float
    seconds: float
    p50: float | None = None
    p99: float | None = None
    wrong: int = 0
    lost: int = 0
    retries: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """One server in one round.  Memory in bytes.

    `ready` is seconds from its start to its ports, `answered` to the end of the first load.
    `waited` is how long it was ready to run while others had its core.
    `fault` says why it is no figure; empty when it is one.
    """

    operations: float = 0
    seconds: float = 0
    cpu_seconds: float = 0
    waited: float = 0
    p50: float | None = None
    p99: float | None = None
    rss: int = 0
    pss: int = 0
    ready: float = 0
    answered: float = 0
    wrong: int = 0
    lost: int = 0
    retries: int = 0
    notes: tuple[str, ...] = ()
    fault: str = ""

    @property
    def busy(self) -> float:
        """The share of the time that the server had work: on a CPU, or waiting for one."""
        return min((self.cpu_seconds + self.waited) / self.seconds, 1.0) if self.seconds else 0.0

    @property
    def rate(self) -> float:
        """Operations per second of wall clock."""
        return self.operations / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Unit:
    """What a case compares; less is better.

    CPU per operation means something at saturation only.  Without `loaded` there are no rates.
    """

    text: str
    of: Callable[[Measured], float]
    needs_saturation: bool = False
    loaded: bool = True


def cpu_per(what: str, in_one_second: float, symbol: str) -> Unit:
    """CPU per operation: ``cpu_per("exchange", 1e6, "µs")``."""
    return Unit(
        f"{symbol} of CPU per {what}",
        lambda m: m.cpu_seconds / m.operations * in_one_second,
        needs_saturation=True,
    )


P99 = Unit("ms, 99 of 100 within", lambda m: (m.p99 or 0.0) * 1000)
RESIDENT = Unit("MB resident", lambda m: m.rss / 1e6, loaded=False)
STARTED = Unit("s from start to the first answer", lambda m: m.answered, loaded=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """A server.  `command` writes its files to the place's folder and says how it is started.

    `expects` is what a load must know to verify its answers, such as its boot files' names.
    A `limit` is no server but the least that the kernel and a C program cost.  A slow one gets
    only a `part` of a load.
    """

    name: str
    command: Callable[[Place], Command]
    ports: tuple[str, ...]
    expects: Mapping[str, str] = field(default_factory=dict)
    limit: bool = False
    patience: float = 60
    part: float = 1.0


Load = Callable[[Place, Subject, float], Loaded]
"""A load; the number is how much of it: 1 for a measurement, less to warm up or to be quick."""


@dataclass(frozen=True, slots=True)
class Case:
    """`load` None measures only the start.  `flat`: the machines are on our cable, not routed.

    With `link` it is no cable but one that loses and delays.  `steered`: each end's core takes in
    what comes for it, as with real cards; what TCP sends in answer is then on that end's account.

    `warm_up` is the part of the load that goes before, uncounted; `rounds` limits the rounds.
    """

    suite: str
    name: str
    unit: Unit
    subjects: tuple[Subject, ...]
    load: Load | None
    warm_up: float = 0.1
    flat: bool = False
    link: Link | None = None
    steered: bool = False
    rounds: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A subject's rounds of a case."""

    subject: str
    limit: bool
    rounds: tuple[Measured, ...]

    @property
    def good(self) -> tuple[Measured, ...]:
        """The rounds that are figures."""
        return tuple(each for each in self.rounds if not each.fault)

    @property
    def fault(self) -> str:
        """Why there is no figure at all; empty when there is one."""
        return "" if self.good else next((each.fault for each in self.rounds), "not measured")

    def median(self, of: Callable[[Measured], float | None]) -> float | None:
        """The median over the rounds; None where nothing was measured."""
        values = [value for each in self.good if (value := of(each)) is not None]
        return statistics.median(values) if values else None

    def span(self, of: Callable[[Measured], float]) -> tuple[float, float] | None:
        """The least and the most over the rounds."""
        values = [of(each) for each in self.good]
        return (min(values), max(values)) if values else None


@dataclass(frozen=True, slots=True)
class Result:
    """A case, measured."""

    case: Case
    rows: tuple[Row, ...]

    def ratio(self, row: Row) -> float | None:
        """How many times Boots' cost this row's is; for a limit: how many times it Boots' is."""
        own = next((each for each in self.rows if each.subject == BOOTS), None)
        ours = own.median(self.case.unit.of) if own else None
        theirs = row.median(self.case.unit.of)
        if not ours or not theirs or row is own:
            return None
        return ours / theirs if row.limit else theirs / ours


def run(case: Case, rounds: int, share: float, heard: Callable[[str], None]) -> Result:
    """Every subject in turn, round by round; a fresh server and a warm-up each."""
    rounds = min(rounds, case.rounds or rounds)
    found: dict[str, list[Measured]] = {subject.name: [] for subject in case.subjects}
    for number in range(rounds):
        for subject in case.subjects:
            heard(f"{case.suite}: {case.name}, {subject.name}, round {number + 1} of {rounds}")
            found[subject.name].append(once(case, subject, share))
    rows = (Row(each.name, each.limit, tuple(found[each.name])) for each in case.subjects)
    return Result(case, tuple(rows))


def once(case: Case, subject: Subject, share: float = 1.0) -> Measured:
    """One measurement, or why it is none."""
    try:
        with place.made(flat=case.flat, link=case.link, steered=case.steered) as here:
            command = subject.command(here)
            with place.serving(here, command, subject.ports, patience=subject.patience) as running:
                return _loaded(case, subject, here, running, share)
    except BenchError as error:
        return Measured(fault=str(error))


def _loaded(case: Case, subject: Subject, here: Place, running: Running, share: float) -> Measured:
    if case.load is None:
        time.sleep(0.5 + running.settles)  # what it does after it is ready is done
        memory = running.memory()
        return Measured(ready=running.ready, rss=memory.resident, pss=memory.shared_once)
    share *= subject.part
    if case.warm_up:
        time.sleep(running.settles)
        case.load(here, subject, case.warm_up * share)
    running.check()
    before, queued = running.cpu(), running.waited()
    said = case.load(here, subject, share)
    answered = time.monotonic() - running.began
    cpu, waited = running.cpu() - before, running.waited() - queued
    memory = running.memory()
    running.check()
    return Measured(
        operations=said.operations,
        seconds=said.seconds,
        cpu_seconds=cpu,
        waited=max(waited, 0.0),
        p50=said.p50,
        p99=said.p99,
        rss=memory.resident,
        pss=memory.shared_once,
        ready=running.ready,
        answered=answered,
        wrong=said.wrong,
        lost=said.lost,
        retries=said.retries,
        notes=said.notes,
        fault=fault(said, cpu),
    )


def fault(said: Loaded, cpu: float) -> str:
    """Why a measurement is no figure; empty when it is one."""
    if said.wrong:
        return "; ".join((f"{said.wrong} wrong answers", *said.notes[:1]))
    if said.operations <= 0:
        return "nothing was answered"
    if cpu <= 0:
        return "the server used no CPU: somebody else answered"
    return ""


def chosen(cases: Iterable[Case], words: Iterable[str]) -> list[Case]:
    """The cases of these suites; a word may also be a part of a case's name."""
    wanted = list(words)
    return [
        case
        for case in cases
        if not wanted or any(word == case.suite or word in case.name for word in wanted)
    ]


def only(case: Case, names: Iterable[str]) -> Case:
    """The case with only the subjects of these names; with all of them without names."""
    wanted = list(names)
    kept = tuple(each for each in case.subjects if not wanted or each.name in wanted)
    return replace(case, subjects=kept)


def against(case: Case, source: Path) -> Case:
    """The case with Boots of another source tree beside this one's."""

    def elder(subject: Subject) -> Subject:
        def command(here: Place) -> Command:
            made = subject.command(here)
            return replace(made, env={**made.env, "PYTHONPATH": str(source)})

        return replace(subject, name=f"{subject.name} of {source}", command=command)

    own = [elder(each) for each in case.subjects if each.name == BOOTS]
    return replace(case, subjects=(*own, *case.subjects))


def say(text: str) -> None:
    """Progress, for people; the figures go to standard output."""
    print(text, file=sys.stderr, flush=True)
