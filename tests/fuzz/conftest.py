"""Targets hear what the program logs of itself; other tests must not."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)
