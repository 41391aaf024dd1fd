"""A start imports what it needs, and leaves the rest until it is needed."""

import subprocess
import sys

import pytest

LATER = ["alembic", "cryptography", "jinja2", "psycopg", "pyroute2", "sushy", "watchfiles"]


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The modules that are there once `boots serve` has its server."""
    code = "import sys, boots.cli.serve, boots.app.server; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", LATER)
def test_what_most_servers_never_need_is_not_imported_at_the_start(
    imported: set[str], name: str
) -> None:
    assert "boots.app.server" in imported
    assert name not in imported
