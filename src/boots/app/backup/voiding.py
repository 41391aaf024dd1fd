"""What a backup must not bring back to life: permissions that were good when it was made.

A run that was armed then may be over by now, and its disk in use; so may an order of *once* be
used up, that had a system installed.
"""

from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Engine

from boots.app.backup.postgres import HOLDER
from boots.app.runs import words
from boots.model.order import Netboot
from boots.store import freezes, orders, runs, tokens
from boots.store.engine import transaction
from boots.store.freezes import Freeze
from boots.workflow.advancing import advance
from boots.workflow.happened import Cancelled

_BY = "the restore of a backup"


class Voided(NamedTuple):
    """The runs that were ended, the machines whose orders were used up, and who has tokens."""

    runs: tuple[str, ...]
    orders: tuple[str, ...]
    tokens: tuple[str, ...]


def void(engine: Engine, server: str, now: float) -> Voided:
    """End every run that was on its way, and use up every order of ``once``, in one transaction.

    Raises:
        StoreAway: the database does not answer; nothing was changed.
    """
    with transaction(engine) as connection:
        ended = []
        for found in runs.alive(connection):
            kept = words.read(found)
            over = advance(kept.run, Cancelled(by=_BY), now)
            row = words.row(replace(kept, run=over, revision=kept.revision + 1))
            runs.replace(connection, row, at=now, server=server)
            ended.append(f"{row.id} of {row.machine}")
        used = []
        for name, order in orders.every(connection).items():
            if order.netboot is Netboot.ONCE and not order.spent:
                orders.spend(connection, name, order.at, now, at=now, server=server)
                used.append(name)
        if freezes.read(connection).by == HOLDER:
            freezes.give(connection, Freeze(by=HOLDER, at=now), server=server)
        bearers = tuple(each.name for each in tokens.every(connection))
    return Voided(tuple(ended), tuple(used), bearers)
