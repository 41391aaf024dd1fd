"""Each test of the store is about both engines."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.store.postgres import Cluster, cluster

from boots.store import engine as engines
from boots.store.migrate import bring_up

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """One PostgreSQL for all of them."""
    with cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.peers)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store may be."""
    if request.param == "sqlite":
        return engines.sqlite_url(tmp_path / "boots.db")
    running: Cluster = request.getfixturevalue("postgres")
    name = f"store{next(_numbers)}"
    running.create(name)
    return running.url(name)


@pytest.fixture
def another(url: str) -> Iterator[Callable[[], Engine]]:
    """Makes engines, each as another server's."""
    made: list[Engine] = []

    def make() -> Engine:
        made.append(engines.make(url))
        return made[-1]

    yield make
    for each in made:
        each.dispose()


@pytest.fixture
def engine(another: Callable[[], Engine]) -> Engine:
    """A store with the newest schema."""
    made = another()
    bring_up(made)
    return made
