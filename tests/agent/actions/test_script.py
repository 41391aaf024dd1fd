"""shell: a script or a command, with the disks that it names armed before it begins."""

from pathlib import Path

import pytest
from tests.agent.actions.stage import MIB, Stage, file_disk

from boots_agent.actions import script
from boots_agent.actions.context import ActionFailed


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_script_ends_at_its_first_failure_with_that_code(stage: Stage) -> None:
    with pytest.raises(ActionFailed, match="it ended with 5") as caught:
        script.run(stage.context("shell", SCRIPT="echo one\n(exit 5)\necho two\n"))
    assert (5, ["one"]) == (caught.value.code, stage.lines)


def test_it_finds_its_variables_and_the_folder_to_mount_below(stage: Stage) -> None:
    script.run(stage.context("shell", SCRIPT='echo "$COLOUR" "$MOUNTS" "[$SCRIPT]"', COLOUR="red"))
    assert [f"red {stage.folder}/mounts []"] == stage.lines


def test_a_command_is_run_without_a_shell(stage: Stage) -> None:
    script.run(stage.context("shell", "echo", "$HOME;", "ls"))
    assert ["$HOME; ls"] == stage.lines


def test_its_disks_are_armed_before_it_begins(stage: Stage) -> None:
    for name in ("a", "b"):
        disk = file_disk(stage.folder / name, MIB)
        stage.allow(disk, disk)
    disks = f"{stage.folder}/a  {stage.folder}/b"
    script.run(stage.context("shell", SCRIPT="echo begun", DISKS=disks))
    assert disks.split() == stage.armed
    with pytest.raises(ActionFailed, match="/dev/other is not armed"):
        script.run(stage.context("shell", SCRIPT="echo begun again", DISKS="/dev/other"))
    assert ["begun"] == stage.lines


def test_without_a_script_or_a_command_there_is_nothing_to_do(stage: Stage) -> None:
    with pytest.raises(ActionFailed, match="needs SCRIPT, or a command"):
        script.run(stage.context("shell"))
