"""``boots backup`` and ``boots restore`` say what they did, and what is good no more."""

from pathlib import Path

import pytest
from tests.app.backup.test_backup import state_of
from typer.testing import CliRunner

from boots.app.backup.restoring import Restored
from boots.app.backup.voiding import Voided
from boots.app.backup.words import Manifest
from boots.cli import app
from boots.cli.backup import _say


def boots(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.output


def test_a_backup_says_what_is_in_it(tmp_path: Path) -> None:
    state, to = state_of(tmp_path), tmp_path / "backup.tar"
    status, said = boots("backup", to, "--state", state)
    assert status == 0
    assert said.startswith(f"{to}: ")
    assert "of sqlite, with boots.db, key, leases, store-copy.json, store-copy.told" in said


def test_a_restore_says_where_the_former_is_and_what_is_over(tmp_path: Path) -> None:
    state, to = state_of(tmp_path), tmp_path / "backup.tar"
    boots("backup", to, "--state", state)
    status, said = boots("restore", to, "--state", state)
    assert status == 0
    (former,) = state.glob("before-restore-*")
    first, run, *tokens = said.splitlines()
    assert f"what was there is in {former}" in first
    assert " of file-1 is ended: no disk is written by it;" in run
    assert ["token robot is good as then", "token ci is good as then"] == [
        each.partition(":")[0] for each in tokens
    ]


def test_a_restore_does_not_say_that_a_database_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = Manifest(
        format=1, boots="1", schema="0001", engine="postgresql", server="one", made=0.0, files={}
    )
    _say(Restored(said, tmp_path / "before", Voided((), (), ())))
    assert (
        f"what was there is in {tmp_path}/before, without the database\n" in capsys.readouterr().out
    )


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_what_cannot_be_done_is_told_in_a_line(tmp_path: Path, command: str) -> None:
    status, said = boots(command, tmp_path / "x.tar", "--state", tmp_path / "none")
    assert status == 1
    assert said.startswith("boots: ")
    assert said.count("\n") == 1
