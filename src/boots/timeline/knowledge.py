"""What is wrong with a boot: the first row of a table that holds.

The rows stand in the order in which they tell most: what a machine or this server said, before
what its silence may mean.  ``docs/reference/findings.md`` is made from them.
"""

from collections.abc import Iterator
from functools import cache

from msgspec.structs import replace

from boots.timeline import known_dhcp, known_files, known_ipxe, known_system
from boots.timeline.case import NO_FACTS, Case, Facts, Row
from boots.timeline.known_system import CANNOT_WRITE
from boots.timeline.signs import Sign, one_line, short
from boots.timeline.steps import Followed
from boots.timeline.words import Finding, Stage, Stranger

ROWS: tuple[Row, ...] = (
    *known_system.HELD,
    *known_system.SPOKEN,
    *known_files.LOOPS,
    *known_system.TLS,
    *known_dhcp.SETTLED_ELSEWHERE,
    *known_dhcp.TO_DISK,
    *known_dhcp.NO_ANSWER,
    *known_files.BROKEN,
    *known_ipxe.CONSOLE,
    *known_ipxe.SCRIPT,
    *known_system.SILENT_SYSTEM,
    *known_files.STARTED_IN_VAIN,
    *known_dhcp.NOT_TAKEN,
    *known_dhcp.NOTHING_FETCHED,
    *known_system.AT_LAST,
)

_MOST_EVIDENCE = 6
_ASKS = (Stage.FIRMWARE_DHCP, Stage.IPXE_DHCP)


def judge(
    followed: Followed, facts: Facts = NO_FACTS, now: float = 0.0
) -> tuple[Row, Finding] | None:
    """What is wrong with a boot at this moment, with the row that says so; None: all is well."""
    if not followed.boot.steps:
        return None
    case = Case(followed, facts, now)
    signs = bool(followed.signs)
    for row in _rows(case.step.stage, case.is_done, case.is_quiet, signs, bool(case.step.problem)):
        holds, sign = row.when.holds(case)
        if holds:
            return row, _finding(row, case, sign)
    return None


@cache
def _rows(stage: Stage, done: bool, quiet: bool, signs: bool, problem: bool) -> tuple[Row, ...]:
    """The rows that may hold of such a boot: of one that goes on well these are few."""
    return tuple(
        row
        for row in ROWS
        if (row.done or not done)
        and (not row.when.at or stage in row.when.at)
        and (not row.when.quiet or quiet)
        and (row.when.sign is None or signs)
        and (not row.when.problem or problem)
    )


def of_stranger(stranger: Stranger) -> Finding:
    """What is wrong with a machine that has no record."""
    if stranger.nearest:
        whose = f" ({stranger.nearest_name})" if stranger.nearest_name else ""
        title = f"No record has {stranger.mac}; there is one of {stranger.nearest}{whose}"
        advice = (
            "They differ in a digit or two: is it a slip of the pen, mend the record. Is it the"
            " machine's other interface, add that to the record."
        )
    else:
        title = f"No record has {stranger.mac}"
        advice = (
            "Give it a record, or adopt it; a MAC on a machine's label may be its BMC's."
            " dhcp.mode pool or auto-proxy answers machines without a record."
        )
    evidence = (f"asked {stranger.count} times, last on {stranger.interface}: {stranger.why}",)
    return Finding(code="stranger", title=title, advice=advice, evidence=evidence, at=stranger.last)


OF_SERVER = "store-troubled"
"""The code of what is wrong with this server itself."""


def told_of_machines(finding: Finding | None) -> Finding | None:
    """A finding for who may see some machines only: what is wrong with the server is not theirs."""
    if finding is None or finding.code == OF_SERVER:
        return None
    if finding.code == CANNOT_WRITE:  # before, the title told of it as well
        title = finding.title.partition(": ")[0]
        return replace(finding, title=title, evidence=())
    return finding


def of_server(why: str, at: float) -> Finding:
    """What is wrong with this server itself, where it cannot write down what happens."""
    return Finding(
        code=OF_SERVER,
        title=f"This server cannot write down what happens: {short(why)}",
        advice=(
            "Machines boot on, but history has a gap. A full disk: free it. No rights: the user of"
            " the server must own `state`. A database: is it there, and are its password and its"
            " tables right?"
        ),
        at=at,
    )


def _finding(row: Row, case: Case, sign: Sign | None) -> Finding:
    values = case.values(sign)
    evidence = [*_evidence(case, sign)][:_MOST_EVIDENCE]
    if row.code == CANNOT_WRITE:
        evidence += case.facts.troubles[:1]
    return Finding(
        code=row.code,
        title=one_line(row.title.format_map(values), 400),
        advice=row.advice.format_map(values),
        evidence=tuple(evidence),
        at=sign.last if sign else case.boot.heard,
    )


def _evidence(case: Case, sign: Sign | None) -> Iterator[str]:
    """What speaks for it, each with its second of the boot."""
    started = case.boot.started
    if sign is not None:
        said = ": ".join(part for part in (sign.kind.value, sign.about, sign.text) if part)
        often = f" ({sign.count} times)" if sign.count > 1 else ""
        yield f"{sign.last - started:.1f} s: {said}{often}"
    step = case.step
    why = f": {step.problem or step.why}" if step.problem or step.why else ""
    yield f"{(step.ended or step.began) - started:.1f} s: {case.words(step)}{why}"
    for server in case.facts.foreign[:2] if step.stage in _ASKS else ():
        yield f"{server.server} was heard on {server.interface} {server.count} times"
    if case.is_back:
        yield f"{case.boot.heard + case.silence - started:.1f} s: it began anew"
