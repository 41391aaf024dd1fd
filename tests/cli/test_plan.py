"""``boots plan``: what would change, by machine, before it is so."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from boots.cli import app
from boots.client.words import Difference, Plan

Plans = Callable[..., Result]

NOW = """
machines:
  - {name: one, mac: "02:00:00:00:00:01", address: 192.0.2.11/24}
  - {name: two, mac: "02:00:00:00:00:02", address: 192.0.2.12/24}
  - {name: three, mac: "02:00:00:00:00:03", address: 192.0.2.13/24}
"""
THEN = """
machines:
  - {name: three, mac: "02:00:00:00:00:03", address: 192.0.2.13/24}
  - {name: two, mac: "02:00:00:00:00:02", address: 192.0.2.99/24}
  - {name: four, mac: "02:00:00:00:00:04", address: 192.0.2.14/24}
"""


@pytest.fixture(name="plan")
def _plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plans:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOOTS_CONFIG", raising=False)
    (tmp_path / "boot").mkdir()
    for name in ("undionly.kpxe", "snponly.efi"):
        (tmp_path / "boot" / name).write_bytes(b"x")
    for name, records in (("now.yaml", NOW), ("then.yaml", THEN)):
        (tmp_path / name).write_text(records)
    settings = 'machines = ["now.yaml"]\nboot.files = ["boot"]\nboot.osie = "osie"\n'
    (tmp_path / "boots.toml").write_text(settings)
    (tmp_path / "new.toml").write_text(settings + "dhcp.lease_time = 600\n")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["plan", "--config", "boots.toml", *arguments])

    return run


def test_what_changes_appears_and_goes_is_told_by_machine(plan: Plans) -> None:
    result = plan("--machines", "then.yaml")
    assert 0 == result.exit_code
    lines = result.stdout.splitlines()
    assert "- one (02:00:00:00:00:01) gets no answer any more, now: address 192.0.2.11" in lines[0]
    at = lines.index("~ two (02:00:00:00:00:02)")
    assert "    address: 192.0.2.12 → 192.0.2.99" in lines[at:]
    assert any(line.startswith("+ four (02:00:00:00:00:04) gets answers: ") for line in lines)
    assert "1 machine would be answered otherwise, 1 anew, 1 not any more, 1 as now." == lines[-1]


def test_the_same_records_change_nothing(plan: Plans) -> None:
    result = plan("--machines", "now.yaml")
    assert "0 machines would be answered otherwise, 0 anew, 0 not any more, 3 as now.\n" == (
        result.stdout
    )


def test_other_settings_are_planned_too(plan: Plans) -> None:
    result = plan("--new-config", "new.toml")
    assert "    option 51 (lease time): 86400 → 600" in result.stdout.splitlines()
    assert "3 machines would be answered otherwise, 0 anew" in result.stdout


def test_the_plan_as_json_is_what_the_api_says(plan: Plans) -> None:
    found = msgspec.json.decode(plan("--machines", "then.yaml", "--json").stdout, type=Plan)
    assert 1 == found.same
    assert (
        Difference(
            mac="02:00:00:00:00:02",
            machine="two",
            what="address",
            now="192.0.2.12",
            then="192.0.2.99",
        )
        in found.differences
    )


def test_records_with_mistakes_change_nothing_and_fail(plan: Plans, tmp_path: Path) -> None:
    (tmp_path / "then.yaml").write_text("- {mca: x}\n")
    result = plan("--machines", "then.yaml")
    assert 1 == result.exit_code
    assert "then.yaml:1: " in result.stdout
    assert "these mistakes keep the old records in force" in result.stdout
    found = msgspec.json.decode(plan("--machines", "then.yaml", "--json").stdout, type=Plan)
    assert 1 == len(found.faults)


def test_of_many_machines_some_are_printed(plan: Plans) -> None:
    result = plan("--machines", "then.yaml", "--limit", "1")
    assert "… and 2 more machines (--limit 0 prints all)" in result.stdout
    assert "two" not in result.stdout


def test_who_says_nothing_of_what_would_be_applied_is_asked(plan: Plans) -> None:
    assert 2 == plan().exit_code
