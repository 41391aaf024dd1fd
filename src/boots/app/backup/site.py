"""What of a server is backed up, by its settings."""

import socket
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from boots.app.backup.words import Site
from boots.settings import Settings
from boots.store import engine as engines


def site_of(settings: Settings, state: Path) -> Site:
    """Where a server keeps what lasts.  A URL that is none is left to who opens it."""
    url = settings.store.url or engines.sqlite_url(state / "boots.db")
    try:
        parsed = make_url(url)
    except ArgumentError:
        database = None
    else:
        is_file = parsed.get_backend_name() == "sqlite" and parsed.database != ":memory:"
        database = Path(parsed.database) if is_file and parsed.database else None
    return Site(state, url, database, settings.store.server or socket.gethostname())
