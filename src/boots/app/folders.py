"""Where we keep what can be made again."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """A service has the CacheDirectory= of its unit, anybody else the user's cache."""
    given = os.environ.get("CACHE_DIRECTORY")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "boots"
