"""The threat model says what is defended: every test that it leads to exists."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/explain/threats.md"
_LINK = re.compile(r"\]\(\.\./\.\./(tests/[^)#]+\.py)#(test_\w+)\)")


@cache
def names_in(file: str) -> set[str]:
    """The tests of a module: functions, and names that tests are given."""
    tree = ast.parse((ROOT / file).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    made = {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
    given = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    return made | {each.id for node in given for each in node.targets if isinstance(each, ast.Name)}


def test_every_test_that_the_page_leads_to_exists() -> None:
    links = _LINK.findall(PAGE.read_text())
    assert links
    assert [] == [(file, name) for file, name in links if name not in names_in(file)]


def test_what_is_defended_leads_to_a_test_and_what_is_not_says_what_helps() -> None:
    defended, _, not_defended = PAGE.read_text().partition("## What is not defended")
    rows = [line for line in defended.partition("## What is defended")[2].splitlines()[4:] if line]
    assert [] == [row for row in rows if not row.startswith("| **") and not _LINK.search(row)]
    for row in not_defended.splitlines()[4:]:
        assert 3 == len([cell for cell in row.strip("|").split("|") if cell.strip()]), row
