"""A machine that is switched off after each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.agent.working.fake import FakeServer, listening
from tests.agent.working.machine import Machine


@pytest.fixture
def powered(tmp_path: Path) -> Iterator[Callable[[FakeServer], Machine]]:
    with ExitStack() as stack:

        def on(fake: FakeServer) -> Machine:
            machine = Machine(tmp_path, stack.enter_context(listening(fake)))
            stack.callback(machine.stop)
            return machine

        yield on
