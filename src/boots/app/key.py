"""The key that makes the tokens of metadata URLs: made once, kept for good."""

import secrets
from pathlib import Path

import structlog

from boots.app.folders import KEY
from boots.app.whole import write_whole

_SIZE = 32
_log = structlog.get_logger()


def token_key(folder: Path) -> bytes:
    """The key in the folder of `state`; it is made if there is none.

    Where it cannot be kept one is made up for this run: tokens then change with a restart, which
    is said.  Servers that are to give out the same URLs need the same file.
    """
    path = folder / KEY
    try:
        return _kept(path) or _made(path)
    except OSError as error:
        _log.warning(
            "the key of metadata URLs cannot be kept: they change with every start",
            file=str(path),
            why=error.strerror,
        )
        return secrets.token_bytes(_SIZE)


def _kept(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return b""
    return key if len(key) >= _SIZE else b""


def _made(path: Path) -> bytes:
    """A new key, whole or not at all, that nobody else may read."""
    key = secrets.token_bytes(_SIZE)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, key)
    return key
