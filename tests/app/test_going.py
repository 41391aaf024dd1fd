"""What goes on for good: an error ends a round of it, and is told."""

import asyncio

import pytest
from structlog.testing import capture_logs

from boots.app.going import for_good


class Going:
    """Ends with each of these errors in turn, and then well."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = [*errors]
        self.rounds = 0

    async def __call__(self) -> None:
        self.rounds += 1
        if self.errors:
            raise self.errors.pop(0)


def test_it_begins_anew_whatever_ends_it() -> None:
    going = Going(OSError(24, "Too many open files"), RuntimeError("can't start new thread"))
    with capture_logs() as said:
        asyncio.run(for_good("reloading", going, again=0))
    assert 3 == going.rounds
    assert ["reloading", "reloading"] == [line["what"] for line in said]


def test_it_can_be_cancelled() -> None:
    async def begun() -> None:
        task = asyncio.create_task(for_good("watching", asyncio.Event().wait))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(begun())
