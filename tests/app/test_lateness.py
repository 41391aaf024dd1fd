"""Nothing that operators ask or order holds up the answers, with many machines and boots."""

import asyncio
import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.app import lateness

from boots.app.process import leave_what_is_there

MOST = 25.0  # milliseconds; with 2,000 machines 1 to 5 of them are usual


@pytest.fixture(autouse=True)
def turns() -> Iterator[None]:
    """Threads take turns as they do in a server, and the collector leaves alone what was there."""
    before = sys.getswitchinterval()
    gc.collect()
    leave_what_is_there()
    yield
    gc.unfreeze()
    sys.setswitchinterval(before)


def test_no_route_page_order_or_look_holds_the_loop_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lateness, "WATCHED", 0.1)
    monkeypatch.setattr(lateness, "TIMES", 2)
    found = asyncio.run(asyncio.wait_for(lateness.measure(tmp_path, 2_000), 60))
    late = {each.what: round(each.late, 1) for each in found if each.late > MOST}
    assert {} == late


def test_what_does_hold_it_up_is_found() -> None:
    async def main() -> float:
        watch = lateness.Lateness()
        ticking = asyncio.create_task(watch.run())
        try:

            async def block() -> None:
                sum(range(3_000_000))

            return await lateness.lateness_of(watch, block)
        finally:
            ticking.cancel()

    assert asyncio.run(main()) > MOST / 2
