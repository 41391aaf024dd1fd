"""What others said moves no cursor of whoever reads it."""

import io

import pytest
from rich.table import Table
from rich.text import Text

from boots.cli.terminal import Terminal

HOSTILE = "a\x1b[2J\x1b]0;title\x07\x9b\u202eb"


def table() -> Table:
    found = Table("name")
    found.add_row(HOSTILE)
    return found


@pytest.mark.parametrize("printed", [HOSTILE, Text(HOSTILE), table()], ids=["str", "Text", "Table"])
def test_texts_move_no_cursor(printed: str | Text | Table) -> None:
    out = io.StringIO()
    Terminal(file=out, markup=False, width=60).print(printed)

    assert "a\ufffd[2J\ufffd" in out.getvalue()
    assert all(line.isprintable() for line in out.getvalue().split("\n"))


def test_lines_and_colours_stay() -> None:
    out = io.StringIO()
    console = Terminal(file=out, force_terminal=True, color_system="standard")
    console.print("one\ntwo [red]three[/]\tfour")

    assert "one\ntwo \x1b[31mthree\x1b[0m" in out.getvalue()
    assert "four\n" in out.getvalue()
    assert "\ufffd" not in out.getvalue()
