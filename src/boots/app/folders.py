"""Where we keep what can be made again, and what must last."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """A service has the CacheDirectory= of its unit, anybody else the user's cache."""
    given = os.environ.get("CACHE_DIRECTORY")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "boots"


def state_folder() -> Path:
    """A service has the StateDirectory= of its unit, anybody else the user's state."""
    given = os.environ.get("STATE_DIRECTORY")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "boots"
