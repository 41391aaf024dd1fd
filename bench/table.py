"""The table that is printed, and the figures that are kept."""

from typing import Any

from rich.console import Console
from rich.table import Table

from bench.cases import BOOTS, SATURATED, Measured, Result, Row

WIDTH = 170


def show(result: Result, console: Console | None = None) -> None:
    """Print a case."""
    (console or Console(width=WIDTH)).print(drawn(result))


def drawn(result: Result) -> Table:
    """A case as a table: a line per subject, medians with their range."""
    case = result.case
    said = [f"{row.subject}: {'; '.join(remarks(result, row))}" for row in result.rows]
    below = [case.note, *(each for each in said if not each.endswith(": "))]
    table = Table(
        title=f"{case.suite}: {case.name}",
        caption="\n".join(filter(None, below)) or None,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("")
    for heading in headings(result):
        table.add_column(heading, justify="right")
    table.add_column(f"to {BOOTS}")
    table.add_column("")
    for row in result.rows:
        table.add_row(*line(result, row))
    return table


def headings(result: Result) -> tuple[str, ...]:
    """What the numbers are."""
    loaded = ("per second", "p50 ms", "p99 ms", "busy") if result.case.unit.loaded else ()
    after = ("lost", "retries") if result.case.unit.loaded else ()
    memory = "RSS MB" if result.case.unit.loaded else "PSS MB"
    return (result.case.unit.text, "least to most", *loaded, memory, *after)


def line(result: Result, row: Row) -> tuple[str, ...]:
    """The cells of a subject."""
    if row.fault:
        empty = [""] * (len(headings(result)) - 1)
        return (row.subject, "-", *empty, "", "; ".join([row.fault, *notes(row)]))
    numbers = (*own_numbers(result, row), *load_numbers(result, row))
    return (row.subject, *numbers, ratio(result, row), "")


def own_numbers(result: Result, row: Row) -> tuple[str, ...]:
    """What the case compares, and its range."""
    unit = result.case.unit
    span = row.span(unit.of)
    return (
        number(row.median(unit.of)),
        f"{number(span[0])} to {number(span[1])}" if span else "",
    )


def load_numbers(result: Result, row: Row) -> tuple[str, ...]:
    """What else is known of a load."""
    if not result.case.unit.loaded:
        return (number(row.median(lambda m: m.pss / 1e6)),)
    memory = number(row.median(lambda m: m.rss / 1e6))
    return (
        number(row.median(lambda m: m.rate)),
        number(row.median(lambda m: None if m.p50 is None else m.p50 * 1000)),
        number(row.median(lambda m: None if m.p99 is None else m.p99 * 1000)),
        number(row.median(lambda m: m.busy)),
        memory,
        str(sum(each.lost for each in row.good)),
        str(sum(each.retries for each in row.good)),
    )


def ratio(result: Result, row: Row) -> str:
    """A row beside Boots' own."""
    value = result.ratio(row)
    if value is None:
        return ""
    return f"{BOOTS} is {value:.2f} times" if row.limit else f"{value:.2f} times"


def remarks(result: Result, row: Row) -> list[str]:
    """What must be known to believe a row."""
    busy = row.median(lambda m: m.busy)
    found = []
    if result.case.unit.needs_saturation and busy is not None and busy < SATURATED:
        found.append("not saturated")
    bad = [each.fault for each in row.rounds if each.fault]
    if bad:
        found.append(f"{len(bad)} of {len(row.rounds)} rounds are no figures: {bad[0]}")
    return [*found, *notes(row)]


def notes(row: Row) -> list[str]:
    """What its load noted, each thing once."""
    return sorted({note for each in row.rounds for note in each.notes})


def number(value: float | None) -> str:
    """Three significant digits, and thousands apart."""
    if value is None:
        return ""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def kept(about: dict[str, Any], results: list[Result]) -> dict[str, Any]:
    """The figures as they are kept."""
    return {"machine": about, "cases": [_case(result) for result in results]}


def _case(result: Result) -> dict[str, Any]:
    case = result.case
    return {
        "suite": case.suite,
        "name": case.name,
        "unit": case.unit.text,
        "subjects": {row.subject: _row(result, row) for row in result.rows},
    }


def _row(result: Result, row: Row) -> dict[str, Any]:
    of = result.case.unit.of
    return {
        "limit": row.limit,
        "median": row.median(of),
        "range": row.span(of),
        "ratio": result.ratio(row),
        "fault": row.fault,
        "remarks": remarks(result, row),
        "rounds": [_round(each) for each in row.rounds],
    }


def _round(m: Measured) -> dict[str, Any]:
    return {
        "operations": m.operations,
        "seconds": m.seconds,
        "cpu_seconds": m.cpu_seconds,
        "waited": m.waited,
        "busy": m.busy,
        "p50": m.p50,
        "p99": m.p99,
        "rss": m.rss,
        "pss": m.pss,
        "ready": m.ready,
        "answered": m.answered,
        "wrong": m.wrong,
        "lost": m.lost,
        "retries": m.retries,
        "notes": m.notes,
        "fault": m.fault,
    }
