"""``boots workflow``: lint, render and plan, without a server."""

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from boots.cli import app

VECTORS = Path(__file__).parent.parent / "vectors" / "workflows"
RECORDS = VECTORS / "records.yaml"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["workflow", *map(str, words)])


def test_lint_says_what_is_wrong_and_ends_with_1(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text('version: "0.1"\nname: {{ lowr "X" }}\n')
    result = run("lint", file, VECTORS / "capt-default.yaml")

    assert 1 == result.exit_code
    assert [
        f'{file}:2:10: there is no function "lowr"; did you mean "lower"?',
        "2 files: 1 wrong, 0 doubtful",
    ] == result.stdout.splitlines()


def test_lint_of_a_sound_template_ends_with_0() -> None:
    result = run("lint", VECTORS / "capt-default.yaml")

    assert (0, "1 file: 0 wrong, 0 doubtful\n") == (result.exit_code, result.stdout)


def test_lint_looks_for_the_images_that_a_template_names(tmp_path: Path) -> None:
    file = VECTORS / "ours.yaml"
    missing = run("lint", file, "--images", tmp_path)
    (tmp_path / "debian-13").mkdir()
    (tmp_path / "debian-13/index.json").write_text("{}")

    assert 'there is no image "debian-13" in boots.images' in missing.stdout
    assert "1 file: 0 wrong, 1 doubtful" in missing.stdout
    assert "1 file: 0 wrong, 0 doubtful" in run("lint", file, "--images", tmp_path).stdout
    assert "is no folder" in run("lint", file, "--images", tmp_path / "none").stderr


def test_lint_takes_containers_where_they_are_run() -> None:
    assert 1 == run("lint", VECTORS / "flatcar.yaml").exit_code
    assert 0 == run("lint", VECTORS / "flatcar.yaml", "--containers").exit_code


def test_lint_without_a_machine_says_what_it_could_not_try(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("name: {{ .hardware.spec.metadata.custom.rack }}\n")
    result = run("lint", file)

    assert 0 == result.exit_code
    assert "warning: " in result.stdout
    assert ".hardware.spec.metadata.custom is not there" in result.stdout
    assert "try it with --machine NAME" in result.stdout


def test_lint_for_a_machine_takes_its_record() -> None:
    words = ["--machine", "node-1", "--machines", RECORDS]

    assert 0 == run("lint", VECTORS / "playground-ubuntu.yaml", *words).exit_code


@pytest.mark.parametrize("name", ["machine1", "52:54:00:12:34:01", "52-54-00-12-34-01"])
def test_render_prints_the_text_for_a_machine(name: str) -> None:
    file = VECTORS / "playground-ubuntu.yaml"
    result = run("render", file, "--machine", name, "--machines", RECORDS)

    assert 0 == result.exit_code
    assert "DEST_DISK: /dev/nvme0n1\n" in result.stdout
    assert "MODE: 0644\n" in result.stdout


def test_render_takes_a_hardware_map() -> None:
    words = ["--machine", "node-1", "--machines", RECORDS, "--set", "device_1=agent-7"]
    result = run("render", VECTORS / "docs-windows.yaml", *words)

    assert 'worker: "agent-7"\n' in result.stdout


def test_one_that_is_shipped_is_found_by_its_name() -> None:
    words = ["--machine", "node-1", "--machines", RECORDS]

    assert 0 == run("lint", "debian").exit_code
    assert "images/debian/index.json" in run("render", "debian", *words).stdout
    assert "image2disk" in run("plan", "debian", *words).stdout


def test_plan_says_what_is_written_and_what_must_be_armed() -> None:
    words = ["--machine", "node-1", "--machines", RECORDS]
    result = run("plan", VECTORS / "docs-2021-image.yaml", *words)

    assert 0 == result.exit_code
    assert "writes the whole disk /dev/sda\n" in result.stdout
    assert "ends OSIE: netboot is turned off before\n" in result.stdout
    assert (
        "To be armed by a person before the first action:\n"
        "  /dev/sda of 52:54:00:12:34:02: all of it is lost, by stream-debian-image\n"
        "warning: "
    ) in result.stdout


def test_plan_says_by_which_hint_a_disk_will_be_found() -> None:
    words = ["--machine", "node-1", "--machines", RECORDS]
    result = run("plan", VECTORS / "ours.yaml", *words)

    assert (
        "  the disk that is size>=100G rotational=false prefer=smallest of 52:54:00:12:34:02:"
        " all of it is lost, by image, seed\n"
    ) in result.stdout


def test_plan_says_which_action_nobody_can_arm() -> None:
    words = ["--machine", "node-1", "--machines", RECORDS]
    result = run("plan", VECTORS / "docs-2021-rootfs.yaml", *words)

    assert "disk-wipe-partition writes disks, and nothing says which\n" in result.stdout


def test_plan_as_json_has_the_same() -> None:
    words = ["--machine", "node-1", "--machines", RECORDS, "--json"]
    found = msgspec.json.decode(run("plan", VECTORS / "docs-windows.yaml", *words).stdout)

    assert ["image2disk", "reboot"] == [step["kind"] for step in found["steps"]]
    assert "/dev/sda" == found["disks"][0]["disk"]


def test_a_template_that_is_refused_has_no_plan() -> None:
    words = ["--machine", "node-1", "--machines", RECORDS]
    result = run("plan", VECTORS / "flatcar.yaml", *words)

    assert 1 == result.exit_code
    assert 'no action goes by the image "flatcar-install"' in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--machine", "nod-1"], 'boots: no record is called "nod-1"; did you mean "node-1"?'),
        (["--machine", "node-1", "--set", "x"], 'boots: --set "x" is no key and value'),
    ],
)
def test_a_persons_mistake_is_told_with_2(words: list[str], said: str) -> None:
    result = run("plan", VECTORS / "docs-windows.yaml", *words, "--machines", RECORDS)

    assert 2 == result.exit_code
    assert said in result.stderr


def test_a_file_that_is_not_there_is_told() -> None:
    result = run("lint", "/nowhere/t.yaml")

    assert 2 == result.exit_code
    assert "boots: /nowhere/t.yaml cannot be read: No such file or directory" in result.stderr
