"""Something that is done to a store, and killed at each of its statements in turn."""

import itertools
import json
import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, event

from boots.store import engine as engines


def killed_at(url: str, statement: int, do: Callable[[Engine], object]) -> bool:
    """Do it in a process of its own; whether that was killed before this statement."""
    child = os.fork()
    if not child:
        counted = itertools.count(1)

        def count(*_: Any) -> None:
            if next(counted) == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        engine = engines.make(url)
        event.listen(engine, "before_cursor_execute", count)
        event.listen(engine, "commit", count)
        do(engine)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def tell(
    url: str, do: Callable[[Engine, int], object], left: Callable[[str], Sequence[object]]
) -> None:
    """Kill it at every statement, until it comes to its end.

    For each try a line of JSON is printed: at which statement it was killed (0: it came to its
    end), and what was left.  `do` is told the number of the try.
    """
    for statement in itertools.count(1):
        killed = killed_at(url, statement, lambda engine, number=statement: do(engine, number))
        print(json.dumps([statement if killed else 0, *left(url)]))
        if not killed:
            return
