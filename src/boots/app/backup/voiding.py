"""What a backup must not bring back to life: permissions that were good when it was made.

A run that was armed then may be over by now, and its disk in use; so may an order of *once* be
used up, that had a system installed.
"""

import getpass
import json
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection, Engine

from boots.app.backup.postgres import HOLDER
from boots.app.backup.words import Manifest
from boots.app.runs import words
from boots.model.order import Netboot
from boots.store import audit, freezes, orders, runs, tokens
from boots.store.audit import Deed
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


def void(engine: Engine, server: str, now: float, manifest: Manifest, key: bytes) -> Voided:
    """End every run that was on its way, and use up every order of ``once``, in one transaction.

    The audit log says so, sealed by the restored `key`; without one it says nothing.

    Raises:
        StoreAway: the database does not answer; nothing was changed.
    """
    with transaction(engine) as connection:
        found = Voided(
            _ended(connection, server, now),
            _used_up(connection, server, now),
            tuple(each.name for each in tokens.every(connection)),
        )
        if freezes.read(connection).by == HOLDER:
            freezes.give(connection, Freeze(by=HOLDER, at=now), server=server)
        if key:
            audit.keep(connection, _deed(found, server, now, manifest), key)
    return found


def _ended(connection: Connection, server: str, now: float) -> tuple[str, ...]:
    ended = []
    for found in runs.alive(connection):
        kept = words.read(found)
        over = advance(kept.run, Cancelled(by=_BY), now)
        row = words.row(replace(kept, run=over, revision=kept.revision + 1))
        runs.replace(connection, row, at=now, server=server)
        ended.append(f"{row.id} of {row.machine}")
    return tuple(ended)


def _used_up(connection: Connection, server: str, now: float) -> tuple[str, ...]:
    used = []
    for name, order in orders.every(connection).items():
        if order.netboot is Netboot.ONCE and not order.spent:
            orders.spend(connection, name, order.at, now, at=now, server=server)
            used.append(name)
    return tuple(used)


def _deed(found: Voided, server: str, now: float, manifest: Manifest) -> Deed:
    """What stands in the audit log: whoever may do this may do all on this host."""
    said = {"of": manifest.server, "made": manifest.made, "runs": found.runs, "once": found.orders}
    return Deed(
        at=now,
        server=server,
        by=getpass.getuser(),
        role="admin",
        peer="",
        what="restore-backup",
        machine="",
        outcome="done",
        details=json.dumps(said, sort_keys=True),
    )
