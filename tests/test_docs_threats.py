"""The threat model says what is defended: every test that it leads to exists."""

from tests.linked import LINK, ROOT, missing

PAGE = ROOT / "docs/explain/threats.md"


def test_every_test_that_the_page_leads_to_exists() -> None:
    links = LINK.findall(PAGE.read_text())
    assert links
    assert [] == missing(links)


def test_what_is_defended_leads_to_a_test_and_what_is_not_says_what_helps() -> None:
    defended, _, not_defended = PAGE.read_text().partition("## What is not defended")
    rows = [line for line in defended.partition("## What is defended")[2].splitlines()[4:] if line]
    assert [] == [row for row in rows if not row.startswith("| **") and not LINK.search(row)]
    for row in not_defended.splitlines()[4:]:
        assert 3 == len([cell for cell in row.strip("|").split("|") if cell.strip()]), row
