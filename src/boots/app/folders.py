"""Where we keep what can be made again, and what must last; the name of each file of that."""

import os
from pathlib import Path

from boots.settings import Settings

STORE = "boots.db"
"""The store, where the settings name no other."""
COPY, TOLD = "store-copy.json", "store-copy.told"
"""What is copied of the store, and who was told what to run under an order of ``once``."""
BESIDE_SQLITE = ("-wal", "-shm", "-journal")
"""How the files are called, behind its name, that SQLite keeps beside one in use."""
LEASES, KEY, LOCK = "leases", "key", "lock"

OF_THE_SYSTEM = {"state": Path("/var/lib/boots"), "cache": Path("/var/cache/boots")}
"""Where a server has them that root started: another user cannot go into root's home."""


def cache_of(settings: Settings) -> Path:
    """Where a server keeps what can be made again."""
    return Path(settings.cache) if settings.cache else cache_folder()


def records_of(settings: Settings) -> Path:
    """Where parsed records are kept: the very folder that the settings name, or one of ours."""
    return Path(settings.cache) if settings.cache else cache_folder() / "records"


def patched_of(settings: Settings) -> Path:
    """Where patched boot files are kept."""
    return cache_of(settings) / "patched"


def state_of(settings: Settings) -> Path:
    """Where a server keeps what must last."""
    return Path(settings.state) if settings.state else state_folder()


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
    home = home_state()
    of_root = os.geteuid() == 0 and not os.environ.get("XDG_STATE_HOME") and not home.exists()
    return OF_THE_SYSTEM["state"] if of_root and OF_THE_SYSTEM["state"].exists() else home


def home_state() -> Path:
    """Where the user's own state is."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "boots"
