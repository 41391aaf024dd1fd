"""The Containerfile is in step with the project, and the image is nobody's to be root in."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "Containerfile").read_text().replace("\\\n", "")
LINES = [line.strip() for line in TEXT.splitlines() if line.strip() and line[0] != "#"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
UNIT = (ROOT / "packaging" / "systemd" / "boots.service").read_text()
LOCKS = ROOT / "packaging" / "container"


def lines(word: str) -> list[str]:
    return [line.removeprefix(word).strip() for line in LINES if line.startswith(f"{word} ")]


def locked(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", path.read_text(), re.MULTILINE))


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=;! ]", requirement, maxsplit=1)[0].lower()


def test_the_base_is_a_release_of_debian_by_name() -> None:
    assert lines("ARG")[0] == "BASE=docker.io/library/debian:trixie-slim"
    assert lines("FROM") == ["${BASE} AS build", "${BASE}"]


def test_what_the_project_needs_is_locked_for_the_image() -> None:
    extras = PROJECT["optional-dependencies"]
    asked = [*PROJECT["dependencies"], *(each for extra in extras.values() for each in extra)]
    wanted = {name_of(each) for each in asked}

    assert wanted - {"boots-agent"} - locked(LOCKS / "run.lock").keys() == set()


def test_the_image_runs_what_the_tests_ran() -> None:
    ours, tested = locked(LOCKS / "run.lock"), locked(ROOT / "requirements.lock")

    assert {name: tested[name] for name in ours} == ours


@pytest.mark.parametrize("name", ["run.lock", "build.lock"])
def test_every_package_of_a_lock_has_its_hashes_and_no_index_is_named(name: str) -> None:
    text = (LOCKS / name).read_text()
    entries = re.findall(r"^\S+==.*?(?=^\S+==|\Z)", text, re.MULTILINE | re.DOTALL)

    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


def test_nothing_is_installed_that_is_not_locked() -> None:
    asked = [part for run in lines("RUN") for part in run.split("&&") if "pip install" in part]

    assert len(asked) == 3
    assert [
        part
        for part in asked
        if "--require-hashes -r" not in part and "--no-deps --no-index" not in part
    ] == []


def test_what_it_copies_is_there_and_let_in() -> None:
    copied = [word for line in lines("COPY") if "--from" not in line for word in line.split()[:-1]]
    let_in = (ROOT / ".containerignore").read_text().splitlines()

    assert [each for each in copied if not (ROOT / each).exists()] == []
    assert [each for each in copied if f"!{each}" not in let_in and each[:9] != "packaging"] == []


def test_it_is_not_root_and_can_do_what_the_unit_can() -> None:
    assert lines("USER") == ["953:953"]
    own = re.search(r"setcap (\S+)\+p /opt/boots/bin/python3", TEXT)
    of_unit = re.search(r"^AmbientCapabilities=(.*)$", UNIT, re.MULTILINE)
    assert own is not None
    assert of_unit is not None
    assert own[1].upper().split(",") == of_unit[1].split()
    assert "sudo" not in TEXT


def test_it_says_how_it_is_and_keeps_what_lasts() -> None:
    assert len(lines("HEALTHCHECK")) == 1
    assert lines("VOLUME") == ['["/var/lib/boots", "/var/cache/boots"]']
    assert lines("ENTRYPOINT") == ['["/usr/bin/boots"]']


def test_the_shell_of_a_start_is_no_shell() -> None:
    """Words as lists: signals reach the server itself."""
    assert [line for word in ("ENTRYPOINT", "CMD") for line in lines(word) if line[0] != "["] == []
