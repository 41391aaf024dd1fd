"""What the tables of the documentation lead to: tests, by file and name."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\]\(\.\./\.\./(tests/[^)#]+\.py)#(test_\w+)\)")


@cache
def names_in(file: str) -> set[str]:
    """The tests of a module: functions, and names that tests are given."""
    tree = ast.parse((ROOT / file).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    made = {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
    given = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    return made | {each.id for node in given for each in node.targets if isinstance(each, ast.Name)}


def missing(links: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of these that lead nowhere."""
    return [(file, name) for file, name in links if name not in names_in(file)]
