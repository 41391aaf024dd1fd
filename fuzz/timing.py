"""How long the processor works on one input."""

import gc
import time
from collections.abc import Callable

ON_LOOP = 0.005  # seconds for which one input may hold up all others
_TIMES = 5


def seconds(run: Callable[[bytes], None], data: bytes, enough: float = ON_LOOP) -> float:
    """The processor's time for an input: the best of some, as what is more was not its doing.

    Once a time is far below `enough` there is no need for another.
    """
    best = float("inf")
    gc.disable()  # what others left lying about is not this input's work
    try:
        for _ in range(_TIMES):
            begin = time.thread_time()
            run(data)
            best = min(best, time.thread_time() - begin)
            if best < enough / 2:
                break
    finally:
        gc.enable()
    return best
