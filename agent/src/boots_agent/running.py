"""The time of one action: what it says is passed on, and it is ended when it must be."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from boots_agent.courier import Courier
from boots_agent.handed import HandOut
from boots_agent.outbox import Line
from boots_agent.process import GRACE, Process, Work, start, stop

LAST_LINES = 50
MOST_MESSAGE = 16_384  # letters
_LOOK = 5.0  # seconds


class Outcome(NamedTuple):
    """How an action ended."""

    code: int
    message: str
    leave: str = ""
    timed_out: bool = False
    wrote: Mapping[str, str] = MappingProxyType({})


def carry_out(
    handout: HandOut,
    work: Work,
    courier: Courier,
    *,
    now: Callable[[], float],
    woken: int,
    noted: Path,
    grace: float = GRACE,
) -> Outcome:
    """Run an action to its end, in its own process, with the courier beside it.

    Args:
        handout: What is done.
        work: Does it, in that process.
        courier: Who tells the server; its thread begins here, and goes on after it.
        now: How late it is at the server.
        woken: Something to read there says that the courier heard something.
        noted: The file that has the process's number for an agent that comes after this one.
        grace: Seconds to end in, when told to.
    """
    noted.touch()  # before it begins: what it starts is to be found whenever this agent ends
    process = start(work, now, str(noted))
    noted.write_text(str(process.pid))
    courier.start()
    last: deque[str] = deque(maxlen=LAST_LINES)

    def pass_on() -> None:
        _pass_on(process, handout, courier, last)

    try:
        why = _watch(process, handout.timeout, courier, woken, pass_on)
        if why:
            stop(process, pass_on, woken, grace)
            said = Line(now(), handout.step, handout.attempt, why)
            last.append(why)
            courier.lines([said])
        result = process.result
    finally:
        process.close()
        noted.unlink(missing_ok=True)
    message = "\n".join(last)[-MOST_MESSAGE:]
    if not why:
        return Outcome(result.code, message, result.leave, wrote=result.wrote)
    timed_out = not (courier.cancelled or courier.lost)
    return Outcome(result.code or 1, message, timed_out=timed_out)


def _watch(
    process: Process, timeout: float, courier: Courier, woken: int, pass_on: Callable[[], None]
) -> str:
    """Until it is over, or (then the text says why) must be ended."""
    until = time.monotonic() + timeout if timeout > 0 else float("inf")
    while not process.wait(min(_LOOK, until - time.monotonic()), woken):
        pass_on()
        if courier.lost:
            return "stopped: this session is over"
        if courier.cancelled:
            return "stopped: it was cancelled"
        if time.monotonic() >= until:
            return f"stopped: it took longer than {timeout:.0f} s"
    pass_on()
    return ""


def _pass_on(process: Process, handout: HandOut, courier: Courier, last: deque[str]) -> None:
    lines: list[Line] = []
    for message in process.messages():
        if "line" in message:
            at, text = message["line"]
            lines.append(Line(at, handout.step, handout.attempt, text))
            last.append(text)
        elif "progress" in message:
            told = {"step": handout.step, "attempt": handout.attempt, **message["progress"]}
            courier.progress(told)
    if lines:
        courier.lines(lines)
