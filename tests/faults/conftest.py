"""A network for the tests of a module; OSIE and the namespace of whole boots as in `tests/e2e`."""

from collections.abc import Iterator

import pytest
from tests.e2e.conftest import namespace, osie
from tests.peers.conftest import Lan, lan_with

__all__ = ["lan", "namespace", "osie"]


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    with lan_with() as made:
        yield made
