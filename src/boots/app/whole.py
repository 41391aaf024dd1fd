"""A file that is there whole or not at all, for its owner alone."""

import os
from pathlib import Path

from boots.store.copying import sync

_MODE = 0o600


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in the place of an earlier one; it is on the disk before it has its name.

    The name is on the disk too in the end: a key that is used must not change.

    Raises:
        OSError: it cannot be written, or its folder is gone.  The earlier one stays, unless only
            the name cannot be brought to the disk.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync(path.parent)
    except OSError:
        fresh.unlink(missing_ok=True)  # a full disk is not to be kept full by it
        raise
