"""A session with the server, and what is kept of it for an agent that comes after this one."""

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from boots_agent import __version__
from boots_agent.server import RefusedError, Server

_END_OF_TIME = 1e12  # seconds since 1970: what is later is no time


class Session(NamedTuple):
    """Who this agent is to the server.

    Attributes:
        key: Opens the session, and signs what arms disks; in hexadecimal.
    """

    run: str
    number: int
    key: str

    @property
    def words(self) -> dict[str, object]:
        """What all that is told within it begins with."""
        return {"run": self.run, "session": self.number}


class Clock:
    """The server's clock: what it said last, and the time since then."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        own: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._ahead = own() - monotonic()

    def set(self, now: object) -> None:
        """It is that late at the server."""
        if isinstance(now, int | float) and 0 < now < _END_OF_TIME:
            self._ahead = float(now) - self._monotonic()

    def now(self) -> float:
        """How late it is at the server."""
        return self._monotonic() + self._ahead


class Keeper:
    """The folder with what outlives the agent, but not this run of OSIE."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.outbox = folder / "outbox"
        self.used = folder / "used"
        self.child = folder / "child"
        self._session = folder / "session"
        self._spent = folder / "ticket-spent"

    def session(self) -> Session | None:
        """The session that an agent before this one had."""
        try:
            said = json.loads(self._session.read_bytes())
            return Session(str(said["run"]), int(said["number"]), str(said["key"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, session: Session) -> None:
        """Keep a new session; what was told in another is over."""
        self.outbox.unlink(missing_ok=True)
        fresh = self._session.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(session._asdict(), file)
        fresh.replace(self._session)

    def forget(self) -> None:
        """The session is over."""
        self._session.unlink(missing_ok=True)
        self.outbox.unlink(missing_ok=True)

    @property
    def is_ticket_spent(self) -> bool:
        """Whether the ticket of the kernel command line was shown already."""
        return self._spent.exists()

    def spend(self) -> None:
        """The ticket was shown, and is good no more."""
        self._spent.touch()


class Nothing(NamedTuple):
    """There is no session: what to do instead, and why."""

    next: str
    why: str


def hello(server: Server, offer: dict[str, object], clock: Clock) -> Session | Nothing:
    """Say hello with a ticket or with an earlier key."""
    content: dict[str, object] = {**offer, "version": __version__}
    try:
        answer: dict[str, Any] = server.post("hello", content)
    except RefusedError as error:
        return Nothing("idle", f"the server does not take it: {error}")
    clock.set(answer.get("now"))
    run, number, key = answer.get("run"), answer.get("session"), answer.get("key")
    if not run:
        return Nothing(str(answer.get("next", "idle")), "the server has nothing to be done")
    if not isinstance(run, str) or not isinstance(number, int) or not _is_key(key):
        return Nothing("idle", "the server's answer to hello makes no sense")
    return Session(run, number, str(key))


def _is_key(key: object) -> bool:
    if not isinstance(key, str):
        return False
    try:
        return len(bytes.fromhex(key)) >= 16
    except ValueError:
        return False
