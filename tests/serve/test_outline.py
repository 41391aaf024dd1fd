"""Reports that would hold up all others are refused before they are read."""

import json
from typing import Any

import msgspec
import pytest

from boots.serve.agent_words import Denied, Report
from boots.serve.outline import refuse_heavy

LINE = {"number": 1, "at": 1_800_000_000.25, "step": 0, "attempt": 1, "text": "x" * 2000}
EVENT = {"sequence": 1, "type": "ended", "step": 0, "attempt": 1}


def report(**given: Any) -> bytes:
    return json.dumps({"run": "r", "session": 1, **given}).encode()


def test_the_largest_that_an_agent_sends_is_read() -> None:
    letters = {**LINE, "text": "\U0001f600" * 128}
    body = report(lines=[letters] * 500, events=[{**EVENT, "wrote": {"serial": "guid"}}] * 20)

    refuse_heavy(body)
    assert 500 == len(msgspec.json.decode(body, type=Report).lines)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"lines": [{**LINE, "text": ""}] * 2000}, "at most 1024 lines and 256 events are taken"),
        ({"events": [EVENT] * 300}, "at most 1024 lines and 256 events are taken"),
        (
            {"events": [{**EVENT, "wrote": {str(at): "x" for at in range(9000)}}]},
            "at most 65536 bytes are taken of what was written where",
        ),
        (
            {"lines": [{**LINE, "at": 1.5e300}] * 20},
            "the time of a line is written in seconds, without an exponent",
        ),
    ],
    ids=["lines", "events", "disks", "exponents"],
)
def test_more_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(Denied) as denied:
        refuse_heavy(report(**given))

    assert why == denied.value.why


def test_what_is_small_is_not_looked_at() -> None:
    refuse_heavy(report(lines=[{**LINE, "at": 1.5e300}]))


@pytest.mark.parametrize("body", [b"[" * 20_000, b"x" * 20_000, b'{"lines": 5}' + b" " * 20_000])
def test_what_is_no_report_is_told_as_such(body: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, RecursionError)):
        refuse_heavy(body)
