"""Time goes by for runs: their deadlines, at the moment that each is due."""

import asyncio
import contextlib

import structlog

from boots.app.runs.keeper import Keeper, NoRun
from boots.store.engine import StoreAway
from boots.workflow.due import deadline
from boots.workflow.happened import Ticked

_LONGEST = 30.0  # seconds without a look: clocks are set, too
_SHORTEST = 0.05
_AWAY = 5.0  # seconds until the store is asked again
_log = structlog.get_logger()


async def pass_time(keeper: Keeper) -> None:
    """Tell runs of time that went by, until cancelled."""
    while True:
        keeper.due.clear()
        wait = min(_LONGEST, max(_SHORTEST, next_deadline(keeper) - keeper.clock()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await keeper.due.wait()
        try:
            await tick(keeper)
        except StoreAway:
            await asyncio.sleep(_AWAY)
        except Exception:  # noqa: BLE001  # a fault of ours must not end this for good
            _log.exception("time cannot be told to runs")
            await asyncio.sleep(_AWAY)


def next_deadline(keeper: Keeper) -> float:
    """When the next one is due; far away where none is."""
    found = [at for kept in keeper.live.values() if (at := deadline(kept.run)) is not None]
    return min(found, default=float("inf"))


async def tick(keeper: Keeper) -> None:
    """Tell each run whose deadline is over.  Raises `StoreAway`."""
    now = keeper.clock()
    for id_, kept in list(keeper.live.items()):
        at = deadline(kept.run)
        if at is not None and at <= now:
            with contextlib.suppress(NoRun):
                await keeper.happen(id_, Ticked())
