"""The clock of a bare machine: set by the server's, where it is plainly wrong.

TLS finds no certificate valid, and file systems are made in the future, where a battery is empty
or the clock has a time zone's hour.
"""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

WRONG = 60.0  # seconds off


def right(now: float, said: str) -> float | None:
    """What the clock should say, by an HTTP Date; None where it need not be set."""
    try:
        moment = parsedate_to_datetime(said).timestamp()
    except ValueError:
        return None
    return moment if abs(moment - now) > WRONG else None


def settle(
    now: float, said: str, turn: Callable[[float], None], say: Callable[[str], None]
) -> None:
    """Turn the clock where it is wrong; one that cannot be turned is told of."""
    moment = right(now, said)
    if moment is None:
        return
    try:
        turn(moment)
    except OSError as error:
        say(f"the clock cannot be set: {error.strerror}")
        return
    before = time.strftime("%Y-%m-%d %H:%M", time.gmtime(now))
    after = time.strftime("%Y-%m-%d %H:%M", time.gmtime(moment))
    say(f"clock set to the server's: {after} UTC, it said {before}")
