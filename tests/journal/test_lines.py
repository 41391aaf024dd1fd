"""Lines of events read exactly as those that structlog writes for the rest of the program."""

import io
import re
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from boots.journal import log
from boots.journal.lines import as_json, for_people

_AT = 1_700_000_000.25
_LEVELS = ["debug", "info", "warning", "error"]
_NAMES = st.sampled_from(["mac", "why", "peer", "boot_file", "machines", "faults", "relay"])
_TEXTS = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    ["", " ", "a b", "a=b", "a'b", 'a"b', "a\tb", "52:54:00:12:34:56", "ä", "\x1b[2J", "\u202e"]
)
_VALUES = _TEXTS | st.integers() | st.floats() | st.lists(_TEXTS, max_size=3)
_FIELDS = st.dictionaries(_NAMES, _VALUES)
_WHEN = {"console": r"\d\d:\d\d:\d\d", "json": r'(?<="timestamp": ")[^"]*Z'}


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def structlog_says(
    form: str, stream: io.StringIO, level: str, name: str, fields: dict[str, object]
) -> str:
    log.configure(form, "debug", stream)
    getattr(structlog.get_logger(), level)(name, **fields)
    return stream.getvalue()


def at_no_time(form: str, line: str) -> str:
    """A line without the moment it was written at, of which both write the same kind."""
    found, times = re.subn(_WHEN[form], "T", line, count=1)
    assert 1 == times
    return found


@pytest.mark.parametrize("colours", [False, True])
@given(level=st.sampled_from(_LEVELS), name=st.sampled_from(["A", "AckSent"]), fields=_FIELDS)
def test_people_read_what_structlog_would_write(
    colours: bool, level: str, name: str, fields: dict[str, object]
) -> None:
    stream = Terminal() if colours else io.StringIO()
    said = structlog_says("console", stream, level, name, fields)
    line = for_people(colours=colours)(_AT, level, name, fields)
    assert at_no_time("console", said) == at_no_time("console", line)


@given(level=st.sampled_from(_LEVELS), name=st.sampled_from(["A", "AckSent"]), fields=_FIELDS)
def test_machines_read_what_structlog_would_write(
    level: str, name: str, fields: dict[str, object]
) -> None:
    said = structlog_says("json", io.StringIO(), level, name, fields)
    assert at_no_time("json", said) == at_no_time("json", as_json(_AT, level, name, fields))


def test_a_line_has_the_time_of_the_event_not_of_its_writing() -> None:
    assert '"timestamp": "2023-11-14T22:13:20.250000Z"' in as_json(_AT, "info", "AckSent", {})


def test_a_value_cannot_end_a_line() -> None:
    line = for_people(colours=False)(_AT, "info", "AckSent", {"why": "a\nb\r"})
    assert line.endswith(r"why='a\nb\r'" + "\n")
    assert 1 == line.count("\n")
