"""What ``make dist`` made is what it should be: run by it, after the SBOM."""

import hashlib
import json
import os
import re
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
UV = ROOT / ".tools" / "bin" / "uv"
RELEASE = ROOT / ".tools" / "release" / "bin" / "python"
RECORDS = "machines:\n  - {name: a, mac: '52:54:00:12:34:56', address: 192.0.2.10/24}\n"


def made(pattern: str) -> Path:
    (found,) = DIST.glob(pattern)
    return found


def files_of(source: Path) -> set[str]:
    """What stands in a folder of ours."""
    return {
        str(path.relative_to(source.parent))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    ("wheel", "source"),
    [("boots_netboot-*.whl", "src/boots"), ("boots_agent-*.whl", "agent/src/boots_agent")],
)
def test_a_wheel_has_every_file_of_its_sources_and_its_licence(wheel: str, source: str) -> None:
    names = set(zipfile.ZipFile(made(wheel)).namelist())
    about = {name for name in names if ".dist-info/" in name}
    assert files_of(ROOT / source) == names - about
    assert any(name.endswith("/licenses/LICENSE") for name in about)


@pytest.mark.parametrize("wheel", ["boots_netboot-*.whl", "boots_agent-*.whl"])
def test_a_wheel_that_is_built_again_is_the_same(wheel: str) -> None:
    (again,) = (ROOT / "build" / "again").glob(wheel)
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (made(wheel), again)}
    assert len(digests) == 1


def test_the_source_archive_has_what_it_should_and_nothing_else() -> None:
    with tarfile.open(made("boots_netboot-*.tar.gz")) as tar:
        tops = {name.split("/")[1] for name in tar.getnames() if "/" in name}
    told = {"src", "docs", "packaging", "README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml"}
    assert told | {"PKG-INFO", ".gitignore"} == tops


@pytest.fixture(scope="module", params=["whl", "tar.gz"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing in it but what was made, and what that needs."""
    folder = tmp_path_factory.mktemp("installed") / request.param.replace(".", "-")
    run(UV, "venv", "-q", "--python", "python3", folder)
    archives = [made(f"boots_{each}-*.{request.param}") for each in ("agent", "netboot")]
    words = (UV, "pip", "install", "-q", "--python", folder / "bin" / "python")
    run(*words, "-c", ROOT / "build" / "constraints.txt", *archives)
    return folder / "bin"


def run(*words: object, **more: Any) -> str:
    """Run a program away from this tree; what it prints."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={**bare, "UV_PYTHON_DOWNLOADS": "never"},
        **more,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_is_installed_says_its_version(installed: Path) -> None:
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert {f"boots {version[1]}\n"} == {
        run(installed / "boots", "--version"),
        run(installed / "python", "-m", "boots", "--version"),
    }


def test_what_is_installed_checks_records_and_explains_them(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "machines.yaml").write_text(RECORDS)
    run(installed / "boots", "check", tmp_path / "machines.yaml")
    said = run(
        *(installed / "boots", "explain", "52:54:00:12:34:56"),
        *("--machines", tmp_path / "machines.yaml"),
    )
    assert "192.0.2.10" in said


DATA = """\
import importlib.resources as r, boots, boots_agent
root = r.files(boots)
print(sorted(x.name for x in (root / "profiles").iterdir() if not x.name.startswith("__")))
print(sorted(x.name for x in (root / "workflows").iterdir() if x.name.endswith(".yaml")))
print((root / "store/migrations/versions/r0001.py").is_file(), (root / "py.typed").is_file())
print(any((root / "web").iterdir()), r.files(boots_agent).joinpath("__main__.py").is_file())
"""


def test_what_is_installed_has_its_data(installed: Path) -> None:
    profiles, workflows, *rest = run(installed / "python", "-c", DATA).splitlines()
    assert "debian" in profiles
    assert "wipe.yaml" in workflows
    assert rest == ["True True", "True True"]


# --- the SBOM


APPLIES = """\
import json, re, sys
from packaging.requirements import Requirement
lines = [line.rstrip("\\\\ ") for line in open(sys.argv[1]).read().splitlines()]
pinned = [Requirement(line) for line in lines if re.match("[a-z0-9-]+==", line)]
here = [each for each in pinned if each.marker is None or each.marker.evaluate()]
print(json.dumps([(each.name, str(each.specifier).removeprefix("==")) for each in here]))
"""


def locked() -> set[tuple[str, str]]:
    """What an image runs: the wheel with all its extras, by the versions of the lock, here."""
    lock = ROOT / "packaging" / "container" / "run.lock"
    said = run(RELEASE, "-c", APPLIES, lock)
    return {(name, version) for name, version in json.loads(said)}


def test_the_sbom_names_what_the_wheel_brings_by_the_versions_of_the_lock() -> None:
    said = json.loads((DIST / "boots-netboot.cdx.json").read_text())
    assert (said["bomFormat"], said["specVersion"]) == ("CycloneDX", "1.6")
    assert said["metadata"]["component"]["name"] == "boots-netboot"
    parts = {
        (each["name"].lower().replace("_", "-"), each["version"]) for each in said["components"]
    }
    own = {part for part in parts if part[0].startswith("boots-")}
    assert {name for name, _ in own} == {"boots-agent"}
    assert parts - own == locked()
    assert {"aiohttp", "sqlalchemy", "psycopg", "sushy"} <= {name for name, _ in parts}
    # Its metadata gives the licence no name that is known; docs/reference has it.
    unnamed = {each["name"] for each in said["components"] if not each.get("licenses")}
    assert unnamed <= {"protobuf"}
    needed = {each["ref"]: each.get("dependsOn", []) for each in said["dependencies"]}
    assert needed[said["metadata"]["component"]["bom-ref"]]


# --- what a release is made with

DECLARED = """\
import importlib.util, json, sys
from importlib.metadata import distributions
spec = importlib.util.spec_from_file_location("needed", sys.argv[1])
needed = importlib.util.module_from_spec(spec)
spec.loader.exec_module(needed)
print(json.dumps({each.name: [needed.declared(each.metadata)] for each in distributions()}))
"""


def test_the_tools_of_a_release_declare_the_licences_that_are_told() -> None:
    page = ROOT / "docs" / "reference" / "dependencies.py"
    said = {
        name.lower().replace("_", "-").replace(".", "-"): licence
        for name, (licence,) in json.loads(run(RELEASE, "-c", DECLARED, page)).items()
    }
    told = tomllib.loads((page.parent / "release-licences.toml").read_text())
    both = {name: said[name] for name in told if said.get(name)}
    assert {name: told[name] for name in both} == both
    assert len(both) > 40
