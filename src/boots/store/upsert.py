"""Rows that are put in the place of those with the same key, in either engine."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put these rows, each whole; of two with one key the last counts."""
    keys = [column.name for column in table.primary_key]
    last = {tuple(row[key] for key in keys): dict(row) for row in rows}
    if not last:
        return
    # The other engine's dialect, with its drivers, need not be loaded.
    dialect: Any = importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}")
    put = dialect.insert(table)
    others = [column.name for column in table.columns if column.name not in keys]
    put = put.on_conflict_do_update(
        index_elements=keys, set_={name: put.excluded[name] for name in others}
    )
    connection.execute(put, list(last.values()))
