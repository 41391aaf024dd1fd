"""A copy of what the store holds of records, orders and tokens: for a start without the store."""

from pathlib import Path

import msgspec
import structlog

from boots.model.order import Order
from boots.store.tokens import Token

_MODE = 0o600
_log = structlog.get_logger()


class Copied(msgspec.Struct, frozen=True):
    """What is copied: name, record and revision; orders by name; tokens by their digest."""

    records: list[tuple[str, str, int]] = []
    orders: dict[str, Order] = {}
    tokens: dict[str, Token] = {}


def write(path: Path, copied: Copied) -> None:
    """Put a copy in the place of an earlier one; one that cannot be written is only missed."""
    beside = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside.touch(mode=_MODE)
        beside.write_bytes(msgspec.json.encode(copied))
        beside.replace(path)
    except OSError as error:
        _log.warning("the store's copy cannot be written", path=str(path), error=str(error))


def read(path: Path) -> Copied:
    """The copy; an empty one where there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Copied)
    except FileNotFoundError:
        return Copied()
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        _log.warning("the store's copy cannot be read", path=str(path), error=str(error))
        return Copied()
