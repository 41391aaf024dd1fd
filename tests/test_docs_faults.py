"""The table of faults leads to tests that exist, and says how often each was tried."""

import re

from tests.linked import LINK, ROOT, missing

PAGE = ROOT / "docs/explain/faults.md"


def rows() -> list[list[str]]:
    """The cells of each row, of every table."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [row for row in cells if row[0] != "fault"]


def test_every_fault_has_a_promise_a_measure_and_tests_that_exist() -> None:
    for fault, promise, measured, times, test in rows():
        links = LINK.findall(test)
        assert all((promise, measured, links)), fault
        assert re.match(r"\d", times), f"{fault}: how often?"
        assert [] == missing(links), fault
