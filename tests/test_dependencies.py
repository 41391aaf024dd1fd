"""What is needed of others is needed, may be needed, and is told."""

import ast
import importlib.util
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from types import ModuleType

import pytest
from tests.test_floors import modules

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
AT_RUN_TIME = {"psycopg", "pyghmi", "sushy", "opentelemetry-exporter-otlp-proto-http"}
"""What is loaded by a name that is made, or in a process of its own."""


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


needed = _loaded(REFERENCE / "dependencies.py")
audit = _loaded(ROOT / "packaging" / "audit.py")
LOCKED = needed.locked()


def installed(name: str) -> str | None:
    """What an installed package says of its licence."""
    try:
        said: str = needed.declared(distribution(name).metadata)
    except PackageNotFoundError:  # for another Python, or another system
        return None
    return said


def test_every_locked_package_has_its_licence_written_down_and_no_other() -> None:
    assert {name: installed(name) for name in LOCKED if name not in needed.LICENCES} == {}
    assert set(LOCKED) == set(needed.LICENCES)


def test_so_has_every_package_of_the_other_locks() -> None:
    own = set(needed.others()) - set(LOCKED)
    assert own == set(needed.RELEASE_LICENCES)
    assert [] == [name for name in needed.others() if not needed.allows(needed.licence(name))]


def test_every_lock_of_the_tree_is_told_of_and_asked_about() -> None:
    locks = set(ROOT.glob("*.lock")) | {*ROOT.glob("packaging/**/*.lock")}
    assert locks == {needed.LOCK, needed.RUN_LOCK, *needed.OTHER_LOCKS}
    assert locks == set(audit.locks())


@pytest.mark.parametrize(
    ("of", "status"),
    [
        ({}, 0),
        ({"run.lock": "CVE"}, 1),
        ({"build.lock": None}, 3),
        ({"run.lock": "CVE", "build.lock": None}, 1),
    ],
)
def test_one_lock_that_is_wrong_or_not_looked_up_is_enough(
    monkeypatch: pytest.MonkeyPatch, of: dict[str, str | None], status: int
) -> None:
    def asked(_service: str, lock: Path) -> list[dict[str, object]] | None:
        found = of.get(lock.name, "")
        if found is None:
            return None
        vulns = [{"id": found, "fix_versions": []}] if found else []
        return [{"name": "a", "version": "1", "vulns": vulns}]

    monkeypatch.setattr(audit, "asked", asked)
    monkeypatch.setattr(audit, "answering", lambda: "pypi")
    assert status == audit.main(audit.locks())


def test_the_agent_needs_nothing_but_python() -> None:
    project = tomllib.loads((ROOT / "agent" / "pyproject.toml").read_text())["project"]
    assert [] == project["dependencies"]
    assert "optional-dependencies" not in project


def test_the_licences_are_those_that_the_packages_declare() -> None:
    assert {} == {
        name: said
        for name, licence in needed.LICENCES.items()
        if (said := installed(name)) and said != licence
    }
    assert len([name for name in LOCKED if installed(name)]) > 60


@pytest.mark.parametrize("name", LOCKED)
def test_its_licence_is_one_of_those_that_may_be(name: str) -> None:
    licence = needed.LICENCES[name]
    assert needed.allows(licence) or needed.LEFT_ALONE.get(name) == licence


def test_what_every_server_needs_has_no_licence_that_asks_for_more() -> None:
    of = needed.extras()
    assert [] == [name for name in needed.LEFT_ALONE if of[name] in {"", "bmc"}]


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("GPL-2.0-or-later OR Apache-2.0", True),
        ("Apache-2.0 AND MIT", True),
        ("Apache-2.0 AND GPL-3.0-only", False),
        ("GPL-3.0-only", False),
        ("", False),
    ],
)
def test_of_a_choice_one_is_enough_and_of_parts_all(licence: str, *, allowed: bool) -> None:
    assert allowed == needed.allows(licence)


def test_every_package_is_there_for_something() -> None:
    assert [] == [name for name in LOCKED if name not in needed.extras()]


def test_what_is_named_in_the_project_is_said_what_it_is_for() -> None:
    assert set(needed.wanted()) == set(needed.PURPOSES)


# --- what the code imports is what the project names


def imported() -> set[str]:
    """The packages that the server's modules import."""
    roots = {
        name.partition(".")[0]
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _names(node)
    }
    there = packages_distributions()
    found = (there.get(root, [root]) for root in roots - set(sys.stdlib_module_names))
    return {name.lower().replace("_", "-") for names in found for name in names}


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [node.module or ""]
    return []


def test_no_dependency_is_there_that_nothing_imports() -> None:
    named = {name for name, extra in needed.wanted().items() if extra != "dev"}
    assert named - AT_RUN_TIME <= imported()


def test_nothing_is_imported_that_the_project_does_not_name() -> None:
    through = {"requests", "click", "markupsafe"}  # what is named brings these along
    found = {name for name in imported() if not name.startswith(("boots", "opentelemetry-"))}
    assert set() == found - through - set(needed.wanted())
