"""Which part of a file an HTTP request gets."""

import os
from pathlib import Path

import pytest
from aiohttp import hdrs
from aiohttp.test_utils import make_mocked_request

from boots.serve import part
from boots.serve.part import Part

OLD = "Tue, 14 Nov 2023 22:13:19 GMT"
NOW = "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.fixture
def facts(tmp_path: Path) -> os.stat_result:
    file = tmp_path / "file"
    file.write_bytes(bytes(1000))
    os.utime(file, (1_700_000_000, 1_700_000_000))
    return file.stat()


def asked(facts: os.stat_result, **headers: str) -> Part:
    own = f'"{part.tag(facts)}"'
    given = {key.replace("_", "-"): value.replace("OWN", own) for key, value in headers.items()}
    return part.of(make_mocked_request(hdrs.METH_GET, "/", headers=given), facts)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"If_Match": "OWN"}, 200),
        ({"If_Match": "*"}, 200),
        ({"If_Match": "W/OWN"}, 412),
        ({"If_Match": '"other"'}, 412),
        ({"If_Match": '"other", OWN'}, 200),
        ({"If_Unmodified_Since": OLD}, 412),
        ({"If_Unmodified_Since": NOW}, 200),
        ({"If_Match": "OWN", "If_Unmodified_Since": OLD}, 200),
        ({"If_None_Match": "OWN"}, 304),
        ({"If_None_Match": "W/OWN"}, 304),
        ({"If_None_Match": '"other"'}, 200),
        ({"If_Modified_Since": NOW}, 304),
        ({"If_Modified_Since": OLD}, 200),
        ({"If_None_Match": '"other"', "If_Modified_Since": NOW}, 200),
        ({"If_Modified_Since": "yesterday"}, 200),
    ],
)
def test_a_condition_is_heeded(facts: os.stat_result, headers: dict[str, str], status: int) -> None:
    assert status == asked(facts, **headers).status


@pytest.mark.parametrize(
    ("condition", "status"),
    [("OWN", 206), (NOW, 206), (OLD, 200), ('"other"', 200), ("W/OWN", 200), ("nonsense", 200)],
)
def test_a_range_of_another_content_gets_all_of_this_one(
    facts: os.stat_result, condition: str, status: int
) -> None:
    assert status == asked(facts, Range="bytes=500-", If_Range=condition).status


def test_a_file_is_dated_as_http_writes_dates(facts: os.stat_result) -> None:
    assert NOW == part.modified(facts)
