"""Brings a store up to date and is killed at each of its statements in turn; says what is left.

``python -m tests.store.cut_off URL`` prints a line of JSON for each try: at which statement it was
killed (0: it came to its end), and the schema and tables that are there then.
"""

import itertools
import json
import os
import signal
import sys
from typing import Any

from sqlalchemy import event, inspect

from boots.store import engine as engines
from boots.store.engine import reading
from boots.store.migrate import bring_up, revision


def killed_at(url: str, statement: int) -> bool:
    """Bring it up in a process of its own; whether that was killed before this statement."""
    child = os.fork()
    if not child:
        counted = itertools.count(1)

        def count(*_: Any) -> None:
            if next(counted) == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        engine = engines.make(url)
        event.listen(engine, "before_cursor_execute", count)
        event.listen(engine, "commit", count)
        bring_up(engine)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def left(url: str) -> tuple[str | None, list[str]]:
    """The schema and the tables."""
    engine = engines.make(url)
    with reading(engine) as connection:
        found = revision(connection), sorted(inspect(connection).get_table_names())
    engine.dispose()
    return found


def main(url: str) -> None:
    """Kill it at every statement, until it comes to its end."""
    for statement in itertools.count(1):
        killed = killed_at(url, statement)
        schema, tables = left(url)
        print(json.dumps([statement if killed else 0, schema, tables]))
        if not killed:
            return


if __name__ == "__main__":
    main(sys.argv[1])
