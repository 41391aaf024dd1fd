"""Each warning of the page has a test that is named after it, and each such test is on the page."""

import re

from tests.linked import LINK, ROOT, missing, names_in

PAGE = ROOT / "docs/explain/cves.md"
_NAMED = re.compile(r"test_((cve|ghsa|glsa|ipxe)_\w+)")


def rows() -> list[tuple[list[str], list[tuple[str, str]]]]:
    """The warnings of each row, and its tests."""
    lines = [line for line in PAGE.read_text().splitlines() if LINK.search(line)]
    return [(line.split("|")[1].strip().split(", "), LINK.findall(line)) for line in lines]


def is_named_after(test: str, warning: str) -> bool:
    """Whether a test's name has it, by itself or within a range of numbers."""
    words = warning.lower().replace("-", "_")
    if words in test:
        return True
    head, _, number = words.rpartition("_")
    if not test.startswith(f"test_{head}_"):
        return False
    ranges = re.findall(r"(\d+)_to_(\d+)", test)
    single = re.findall(r"(?:and|to)_(\d+)", test)
    return number in single or any(int(low) <= int(number) <= int(high) for low, high in ranges)


def test_every_warning_has_a_test_that_exists_and_is_named_after_it() -> None:
    assert len(rows()) > 20
    for warnings, links in rows():
        assert [] == missing(links)
        for warning in warnings:
            assert any(is_named_after(name, warning) for _, name in links), warning


def test_every_test_that_is_named_after_a_warning_is_on_the_page() -> None:
    linked = {name for _, links in rows() for _, name in links}
    there = {
        name
        for path in (ROOT / "tests/cve").glob("*.py")
        for name in names_in(str(path.relative_to(ROOT)))
        if _NAMED.match(name)
    }
    assert set() == there - linked
