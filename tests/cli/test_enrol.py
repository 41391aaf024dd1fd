"""``boots enrol``, as a person runs it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.policy.test_attributes import vector
from typer.testing import CliRunner, Result

from boots.cli import app
from boots.machines import records

Enrol = Callable[..., Result]

RULES = """\
rules:
  - {name: large, match: {memory: ">= 1 TiB"}, record: {profile: esxi}}
  - name: rack
    match: {switch: "leaf1*", firmware: uefi}
    record: {name: "{{ serial | lower }}", profile: debian-installer, address: "{{ address }}"}
"""


@pytest.fixture(name="enrol")
def _enrol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Enrol:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOOTS_CONFIG", raising=False)
    (tmp_path / "rules.yaml").write_text(RULES)

    def run(inventory: Any, *more: str, rules: str = "rules.yaml") -> Result:
        (tmp_path / "inventory.json").write_text(json.dumps(inventory))
        command = ["enrol", "--inventory", "inventory.json", "--rules", rules]
        return CliRunner().invoke(app, [*command, *more])

    return run


def test_the_rule_that_fits_is_told_and_why_those_before_did_not(enrol: Enrol) -> None:
    result = enrol(vector("server"), "--address", "192.0.2.7")
    assert 0 == result.exit_code
    assert [
        "# large: does not fit: memory is 256 GiB, not >= 1 TiB",
        "# rack: fits; it is proposed",
        "",
    ] == result.stdout.splitlines()[:3]


def test_what_is_printed_is_a_file_of_records(enrol: Enrol) -> None:
    result = enrol(vector("server"), "--address", "192.0.2.7")
    read = records.read(result.stdout, "a.yaml")
    assert () == read.faults
    (machine,) = read.machines
    assert ("s123", "debian-installer") == (machine.name, machine.interfaces[0].netboot.profile)
    assert "192.0.2.7/24" in result.stdout


def test_without_a_rule_that_fits_the_record_is_plain(enrol: Enrol) -> None:
    result = enrol(vector("virtual-machine"))
    assert 0 == result.exit_code
    assert "# no rule fits: a plain record is proposed" in result.stdout
    assert {
        "machines": [{"name": "52-54-00-12-34-56", "mac": "52:54:00:12:34:56"}]
    } == yaml.safe_load(result.stdout)


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_event_of_the_journal_will_do(enrol: Enrol, wrapped: bool) -> None:
    event = {"event": "InventoryReported", "mac": "02:00:00:00:00:09", "inventory": {}}
    result = enrol({"at": 1.0, "event": event} if wrapped else event)
    assert 0 == result.exit_code
    assert "02:00:00:00:00:09" in result.stdout


def test_where_no_record_can_be_made_the_status_says_so(enrol: Enrol, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text('{name: s123, mac: "02:00:00:00:00:01"}')
    result = enrol(vector("server"), "--machines", "m.yaml")
    assert 1 == result.exit_code
    assert [
        "# rack: fits",
        '# no record: "s123" is the name of the machine at m.yaml:1',
    ] == result.stdout.splitlines()[1:]


@pytest.mark.parametrize(
    ("inventory", "more", "told"),
    [
        ([], (), "no inventory; write what OSIE's agent sends"),
        ({"inventory": 7}, (), "no inventory"),
        ({}, (), '--mac: "" is not a MAC address'),
        ({"nics": 7}, (), '--mac: "" is not a MAC address'),
        ({"nics": [{"mac": "x"}]}, (), '--mac: "x" is not a MAC address'),
        ({}, ("--mac", "02:00:00:00:00:01", "--address", "x"), '--address: "x" is not an IPv4'),
    ],
)
def test_what_is_no_inventory_is_told(
    enrol: Enrol, inventory: Any, more: tuple[str, ...], told: str
) -> None:
    result = enrol(inventory, *more)
    assert 2 == result.exit_code
    assert told in result.stderr


def test_a_file_that_is_not_there_or_no_json_is_told(enrol: Enrol, tmp_path: Path) -> None:
    gone = CliRunner().invoke(app, ["enrol", "--inventory", "gone.json"])
    assert (2, True) == (gone.exit_code, "gone.json: cannot be read: No such" in gone.stderr)
    for text in ("{", "[" * 100_000):
        (tmp_path / "bad.json").write_text(text)
        bad = CliRunner().invoke(app, ["enrol", "--inventory", "bad.json"])
        assert (2, True) == (bad.exit_code, "bad.json: not JSON" in bad.stderr)


def test_a_mistake_in_the_rules_is_told(enrol: Enrol, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("rules:\n  - {name: a, mach: {}}\n")
    result = enrol(vector("server"), rules="bad.yaml")
    assert 2 == result.exit_code
    assert 'bad.yaml:2: rules[0].mach: there is no field "mach"; did you mean "match"?' in (
        result.stderr
    )
