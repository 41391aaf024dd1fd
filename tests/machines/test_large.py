"""Large files are read by shorter ways, and say and tell the same."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.machines.reading import machine

from boots.documents import parsing
from boots.documents.node import Node
from boots.documents.parsing import Mapping
from boots.machines import apart, files, jsons, short
from boots.machines.alike import Alike
from boots.machines.files import Cache, load
from boots.model.machine import Place

PLACE = Place(file="a.yaml", line=1)


def record(number: int, **more: Any) -> dict[str, Any]:
    return {
        "name": f"node-{number}",
        "mac": f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}",
        "address": f"10.0.{number >> 8}.{number & 255}/8",
        "gateway": "10.255.255.254",
        **more,
    }


# --- JSON


@pytest.fixture
def every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsons, "_SMALL", 0)


@pytest.mark.usefixtures("every_size")
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "value",
    [
        {"machines": [record(1), record(2)], "defaults": {"routes": []}},
        [{"a": 1, "b": 1.50, "c": -0, "d": True, "e": None, "f": ""}, {"g": [False, [True, 2]]}],
        {"apiVersion": "v1", "kind": "List", "items": [{"kind": "Hardware"}, [], "x", {}]},
        {"02:00:00:00:00:01": {"ipAddress": "10.0.0.1"}, "items": "none"},
        {"name": "Zürich \U0001f600", "notes": 'a\nb\t"c" \\ /'},
        {},
    ],
)
def test_json_is_what_yaml_would_make_of_it(value: Any, indent: int | None) -> None:
    for ascii_only in (True, False):
        text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
        (found,) = jsons.parse(text) or ()
        (wanted,) = parsing.parse(text)
        assert wanted == found
        assert lines(wanted) == lines(found)


def lines(value: Any) -> list[int]:
    """The lines of a document and of the records in it."""
    inside = value if isinstance(value, list) else list(value.values())
    listed = [each for one in inside for each in (one if isinstance(one, list) else [one])]
    own = [value.line] if isinstance(value, Mapping) else []
    return own + [each.line for each in listed if isinstance(each, Mapping)]


@pytest.mark.usefixtures("every_size")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "mac: x",
        '{"a": 1, "a": 2}',
        '{"a": {"b": 1, "b": 2}}',
        '[{"<<": {"a": 1}}]',
        '{"a": NaN}',
        '{"a": 1',
        '{"a": 1,}',
        '{"a" 1}',
        '{"a": 1} {"b": 2}',
        '{"a": 1} # said in YAML',
        '{"a": "\x85\x9f"}',
        "{mac: x}",
        "[" * 200 + "]" * 200,
        '{"a":' * 100_000,
    ],
)
def test_what_is_not_plain_json_is_left_to_the_other_parser(text: str) -> None:
    assert jsons.parse(text) is None


def test_half_a_character_in_a_large_file_is_told_as_in_a_small_one(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([record(1, notes="\ud800"), *map(record, range(2, 300))]))
    (fault,) = load([path], Cache()).faults
    assert fault.problem.startswith("not YAML: ")


def test_a_mistake_in_a_large_file_has_its_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    records = [*map(record, range(300)), record(300, gateway="nowhere")]
    path.write_text(json.dumps({"machines": records}, indent=1))
    (fault,) = load([path], Cache()).faults
    assert (fault.field, fault.line) == ("machines[300].gateway", 3 + 300 * 6 + 4)


# --- machines that are alike

RECORDS: list[dict[str, Any]] = [
    record(1),
    record(2),
    record(3, profile="a"),
    record(4, profile="a"),
    record(5, address="10.0.0.5/8"),
    record(6, address="10.0.0.6/16"),
    record(7, address="10.0.0.7/255.0.0.0"),
    record(8, name="not a host name"),
    record(9, name="not a host name either"),
    record(10, host_name="own"),
    record(11, host_name="own"),
    record(12, mac="0200.0000.000C"),
    record(13, name=""),
    record(14, address=""),
    {"name": "x", "mac": "02:00:00:00:00:0f"},
    record(16, values={"a": "b"}),
    record(17, values={"a": "b"}),
]


def test_a_machine_like_another_is_read_as_if_it_were_alone() -> None:
    alike = Alike()
    for each in RECORDS:
        node = Node(each)
        assert short.machine(node, PLACE, b"1") == alike.machine(node, PLACE, b"1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"mac": "x"},
        {"mac": "01:00:00:00:00:01"},
        {"mac": None},
        {"address": "10.0.0.1"},
        {"address": "10.0.0.1/33"},
        {"address": "10.0.0.300/8"},
        {"address": "10.0.0.1/08"},
        {"name": ["x"]},
        {"gateway": "x"},
        {"gatewy": "10.0.0.1"},
    ],
)
def test_a_mistake_in_a_machine_like_another_is_told_as_if_it_were_alone(
    wrong: dict[str, Any],
) -> None:
    alike, node = Alike(), Node(record(2, **wrong))
    alike.machine(Node(record(1)), PLACE, b"")
    assert said(short.machine, node) == said(alike.machine, node)


def said(read: Any, node: Node) -> Any:
    try:
        return read(node, PLACE, b"")
    except parsing.Wrong as wrong:
        return wrong.path, str(wrong), wrong.advice


# --- a process of its own


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were given to another process."""
    given: list[Path] = []
    fetch = apart.fetch

    def noted(path: Path, name: str) -> apart.Parcel | None:
        given.append(path)
        return fetch(path, name)

    monkeypatch.setattr(apart, "fetch", noted)
    monkeypatch.setattr(files, "_LARGE", 100)
    return given


def test_a_large_file_is_read_by_another_process_and_then_kept(
    tmp_path: Path, called: list[Path]
) -> None:
    small, large = tmp_path / "a.json", tmp_path / "b.json"
    small.write_text('{"mac": "02:00:00:00:00:01"}')
    large.write_text(json.dumps([record(2), record(3)]))
    here = load([small, large], Cache()).index
    assert [large] == called
    kept = load([small, large], Cache(tmp_path / "cache")).index
    assert here == kept == load([small, large], Cache(tmp_path / "cache")).index
    assert [large, large] == called


def test_mistakes_that_another_process_finds_are_told(tmp_path: Path, called: list[Path]) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# so that it is large enough\n" * 9 + "- mac: x\n- mac: 02:00:00:00:00:01\n")
    loaded = load([path], Cache())
    assert [path] == called
    assert (10, "[0].mac") == (loaded.faults[0].line, loaded.faults[0].field)
    assert 1 == len(loaded.index.machines)


@pytest.mark.parametrize("failure", [OSError, subprocess.CalledProcessError(1, "x"), None])
def test_where_no_other_process_can_read_it_this_one_does(
    tmp_path: Path, called: list[Path], monkeypatch: pytest.MonkeyPatch, failure: Any
) -> None:
    def run(*_: Any, **__: Any) -> Any:
        if failure is None:
            return subprocess.CompletedProcess([], 0, b"not what is wanted")
        raise failure

    monkeypatch.setattr(subprocess, "run", run)
    path = tmp_path / "a.json"
    path.write_text(json.dumps([record(2), record(3)]))
    assert 2 == len(load([path], Cache()).index.machines)
    assert [path] == called


def test_not_text_in_a_large_file_is_told(tmp_path: Path, called: list[Path]) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"# fine\n" * 100 + b"\xff\n")
    (fault,) = load([path], Cache()).faults
    assert [path] == called
    assert (101, "cannot be read: not UTF-8 text") == (fault.line, fault.problem)


def test_a_file_that_changes_meanwhile_is_taken_as_it_was(
    tmp_path: Path, called: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([record(2), record(3)]))
    fetch = apart.fetch

    def late(path: Path, name: str) -> apart.Parcel | None:
        path.write_text(json.dumps([record(4), record(5), record(6)]))
        return fetch(path, name)

    monkeypatch.setattr(apart, "fetch", late)
    assert 2 == len(load([path], Cache()).index.machines)
    assert [path] == called


def test_one_machine_is_still_one() -> None:
    assert "node-1" == machine(json.dumps(record(1))).name
