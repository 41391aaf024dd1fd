"""Time goes by for runs: their deadlines, at the moment that each is due."""

import asyncio
import contextlib

import structlog

from boots.app.runs.keeper import Keeper, NoRun
from boots.store.engine import StoreAway
from boots.workflow.happened import Ticked

_LONGEST = 30.0  # seconds without a look: clocks are set, too
_SHORTEST = 0.05
_AWAY = 5.0  # seconds until the store is asked again
_log = structlog.get_logger()


async def pass_time(keeper: Keeper) -> None:
    """Tell runs of time that went by, until cancelled."""
    while True:
        keeper.due.clear()
        sooner = min(keeper.deadlines.values(), default=float("inf")) - keeper.clock()
        wait = min(_LONGEST, max(_SHORTEST, sooner))
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


async def tick(keeper: Keeper) -> None:
    """Tell each run whose deadline is over.  Raises `StoreAway`."""
    now = keeper.clock()
    for id_, at in list(keeper.deadlines.items()):
        if at <= now:
            with contextlib.suppress(NoRun):
                await keeper.happen(id_, Ticked())
