"""The feature table says of Boots what tests prove: every test it leads to exists."""

import pytest
from tests.linked import LINK, ROOT, missing

PAGE = ROOT / "docs/explain/features.md"


def rows() -> list[tuple[str, str]]:
    """Each feature, and what is said of us."""
    found = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) > 1 and cells[0] and not cells[0].startswith("---"):
            found.append((cells[0], cells[1]))
    return found


@pytest.mark.parametrize(("feature", "said"), rows(), ids=lambda text: text[:40])
def test_a_yes_leads_to_tests_that_exist_and_a_no_to_none(feature: str, said: str) -> None:
    links = LINK.findall(said)

    assert (said == "no") is not bool(links)
    assert said == "no" or said.startswith(("[yes]", "[partly]"))
    assert [] == missing(links)


def test_what_is_partly_so_says_what_is_missing() -> None:
    assert [] == [said for _, said in rows() if said.startswith("[partly]") and ": " not in said]


def test_every_row_of_a_table_has_every_peer() -> None:
    widths = {line.count("|") for line in PAGE.read_text().splitlines() if line.startswith("| ")}

    assert {3, 11} == widths
