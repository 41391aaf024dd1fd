"""Brings a store up to date and is killed at each of its statements in turn; says what is left.

``python -m tests.store.cut_off URL`` prints a line of JSON for each try: at which statement it was
killed (0: it came to its end), and the schema and tables that are there then.
"""

import sys

from sqlalchemy import inspect
from tests.store.killed import tell

from boots.store import engine as engines
from boots.store.engine import reading
from boots.store.migrate import bring_up, revision


def left(url: str) -> tuple[str | None, list[str]]:
    """The schema and the tables."""
    engine = engines.make(url)
    with reading(engine) as connection:
        found = revision(connection), sorted(inspect(connection).get_table_names())
    engine.dispose()
    return found


if __name__ == "__main__":
    tell(sys.argv[1], lambda engine, _: bring_up(engine), left)
