"""How far an action is, told at most once a second."""

import time
from collections.abc import Callable

from boots_agent.actions.context import Context, Progress
from boots_agent.images.meter import Meter
from boots_agent.images.words import Progress as Measured


def metered(
    context: Context, phase: str, total: int | None, clock: Callable[[], float] = time.monotonic
) -> Meter:
    """What counts bytes; whoever adds to it has it tick."""

    def tell(far: Measured) -> None:
        context.tell(Progress(far.phase, far.done, far.total, far.rate, far.eta))

    meter = Meter(clock, tell)
    meter.begin(phase)
    meter.total = total
    return meter
