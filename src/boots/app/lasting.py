"""Where a server keeps what lasts: the folder of `state`, and the store."""

import socket
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from boots.app.folders import STORE
from boots.settings import Settings
from boots.store import engine as engines


class Lasting(NamedTuple):
    """The folder of `state`, and the `url` of the store; `database` is its file if it is SQLite.

    `server` is how the server is called in the store.
    """

    state: Path
    url: str
    database: Path | None
    server: str

    def place(self, name: str) -> Path:
        """Where the file of this name belongs, as a backup calls it: the store may be elsewhere."""
        if self.database is not None and name.startswith(STORE):
            return self.database.with_name(self.database.name + name.removeprefix(STORE))
        return self.state / name


def lasting_of(settings: Settings, state: Path) -> Lasting:
    """Where it is by the settings.  A URL that is none is left to who opens it."""
    url = settings.store.url or engines.sqlite_url(state / STORE)
    try:
        parsed = make_url(url)
    except ArgumentError:
        database = None
    else:
        is_file = parsed.get_backend_name() == "sqlite" and parsed.database != ":memory:"
        database = Path(parsed.database) if is_file and parsed.database else None
    return Lasting(state, url, database, settings.store.server or socket.gethostname())
