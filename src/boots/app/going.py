"""What goes on beside the answers goes on for good: a fault of ours ends one round of it only.

A task that ends with an error says so to nobody before the server ends: records would not be read
again, a worker would not be replaced, and all would look well.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

_AGAIN = 1.0  # seconds
_log = structlog.get_logger()


async def for_good(
    what: str, go_on: Callable[[], Awaitable[None]], *, again: float = _AGAIN
) -> None:
    """Do it, and again `again` seconds after an error, until it returns or is cancelled.

    No thread, no memory, no descriptor was left: in a moment there may be.
    """
    while True:
        try:
            return await go_on()
        except (OSError, MemoryError) as error:
            _log.error("what should go on ended, and begins anew", what=what, error=str(error))
        except Exception:  # noqa: BLE001  # whatever it is, it is told
            _log.exception("what should go on ended, and begins anew", what=what)
        await asyncio.sleep(again)
