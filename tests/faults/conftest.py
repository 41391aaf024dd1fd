"""A network for the tests of a module; OSIE and the namespace of whole boots as in `tests/e2e`.

Folders are not pytest's own, which it closes to others: the server becomes another user, as it
does where it is installed, and keeps what root gave up.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.conftest import namespace, osie
from tests.peers.conftest import Lan, lan_with, tmp_path

__all__ = ["lan", "namespace", "osie", "tmp_path"]


class Folders:
    """Makes folders that others may go through."""

    def __init__(self) -> None:
        self._made: list[Path] = []

    def mktemp(self, name: str) -> Path:
        """Another one."""
        made = Path(tempfile.mkdtemp(prefix=f"boots-{name}-"))
        made.chmod(0o711)
        self._made.append(made)
        return made

    def remove(self) -> None:
        """All of them."""
        for each in self._made:
            shutil.rmtree(each, ignore_errors=True)


@pytest.fixture(scope="session")
def tmp_path_factory() -> Iterator[Folders]:
    made = Folders()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    with lan_with() as made:
        yield made
