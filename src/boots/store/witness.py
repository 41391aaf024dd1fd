"""A deed that is under way: its row of the audit log is written together with what it changes.

Whoever answers an operator says what is being done, for the task that does it.  What that writes
takes the row along in its own transaction, so that neither is there without the other.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection

from boots.store import audit
from boots.store.audit import Deed

BEGUN, DONE = "begun", "done"


class Witness:
    """What stands of a deed in the audit log.

    `deed` gives its row as it is known by now, `key` what seals it.
    """

    def __init__(self, deed: Callable[["Witness"], Deed], key: Callable[[], bytes]) -> None:
        self._deed = deed
        self._key = key
        self.machine = ""
        """The name of the machine that it is about, where what was asked does not say so."""
        self.more: dict[str, Any] = {}
        """What else is known of it by now."""
        self.stands = ""
        """The outcome of its last row; empty while there is none."""

    def written(self) -> None:
        """It stands there, with what was changed."""
        self.stands = DONE

    def row(self, outcome: str = DONE) -> Callable[[Connection], None]:
        """What writes its row into a transaction."""
        deed, key = self._deed(self)._replace(outcome=outcome), self._key()
        return lambda connection: audit.keep(connection, deed, key)


_UNDER_WAY: ContextVar[Witness | None] = ContextVar("deed_under_way", default=None)


def present() -> Witness | None:
    """The witness of what this task does; None where nobody asked for it."""
    return _UNDER_WAY.get()


def row() -> tuple[Callable[[Connection], None], Callable[[], None]]:
    """What writes the row of what this task does, and what to call once that is on the disk."""
    witness = _UNDER_WAY.get()
    if witness is None or witness.stands == DONE:
        return _nothing, _nothing
    return witness.row(), witness.written


def about(machine: str, **more: Any) -> None:
    """Say of what is being done which machine it is about, and what else."""
    witness = _UNDER_WAY.get()
    if witness is not None:
        witness.machine = machine or witness.machine
        witness.more.update(more)


@contextmanager
def witnessed(deed: Callable[[Witness], Deed], key: Callable[[], bytes]) -> Iterator[Witness]:
    """Have what this task changes within be witnessed."""
    made = Witness(deed, key)
    before = _UNDER_WAY.set(made)
    try:
        yield made
    finally:
        _UNDER_WAY.reset(before)


def _nothing(*_: object) -> None:
    """Nobody asked for a row, or it is there."""
