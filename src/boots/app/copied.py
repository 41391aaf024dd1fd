"""A copy of what the store holds of records, orders and tokens: for a start without the store."""

from pathlib import Path

import msgspec
import structlog

from boots.app.whole import write_whole
from boots.model.order import Order
from boots.store.tokens import Token

_log = structlog.get_logger()


class Copied(msgspec.Struct, frozen=True):
    """What is copied: name, record and revision; orders by name; tokens by their digest."""

    records: list[tuple[str, str, int]] = []
    orders: dict[str, Order] = {}
    tokens: dict[str, Token] = {}


def write(path: Path, copied: Copied) -> None:
    """Put a copy in the place of an earlier one; one that cannot be written is only missed."""
    try:
        write_whole(path, msgspec.json.encode(copied))
    except OSError as error:
        _log.warning("the store's copy cannot be written", path=str(path), error=str(error))


def read(path: Path) -> Copied:
    """The copy; an empty one where there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Copied)
    except FileNotFoundError:
        return Copied()
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        _log.warning("the store's copy cannot be read", path=str(path), error=str(error))
        return Copied()
