"""Tokens: what opens the API.  Only a digest of each is kept."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from boots.store import changes
from boots.store.schema import tokens

_PREFIX = "boots_"


class Token(NamedTuple):
    """A token without its secret.  `expires` is 0 for one that is good for ever.

    `machines` are patterns of the names of those that it is limited to; none: it is for all.
    """

    id: int
    name: str
    role: str
    made: float
    expires: float
    used: float
    machines: tuple[str, ...] = ()


def secret() -> str:
    """A new secret: 256 bits that nobody can guess, and that a scanner knows by its beginning."""
    return _PREFIX + secrets.token_urlsafe(32)


def digest(text: str) -> str:
    """What is kept of a secret; it has too many bits to be guessed from that."""
    return hashlib.sha256(text.encode()).hexdigest()


_COLUMNS = (
    tokens.c.id,
    tokens.c.name,
    tokens.c.role,
    tokens.c.made_at,
    tokens.c.expires_at,
    tokens.c.used_at,
    tokens.c.machines,
)


def create(
    connection: Connection,
    name: str,
    role: str,
    text: str,
    *,
    expires: float,
    by: str,
    at: float,
    server: str,
    machines: tuple[str, ...] = (),
) -> Token:
    """Keep a new one."""
    number = connection.execute(
        insert(tokens)
        .values(
            name=name,
            role=role,
            digest=digest(text),
            made_at=at,
            made_by=by,
            expires_at=expires,
            used_at=0.0,
            machines=json.dumps(machines) if machines else "",
        )
        .returning(tokens.c.id)
    ).scalar_one()
    changes.tell(connection, server, changes.TOKEN, str(number), at)
    return Token(number, name, role, at, expires, 0.0, machines)


def every(connection: Connection) -> list[Token]:
    """All of them."""
    return [_token(row) for row in connection.execute(select(*_COLUMNS).order_by(tokens.c.id))]


def by_digest(connection: Connection) -> dict[str, Token]:
    """All of them, by what is kept of their secrets."""
    found = connection.execute(select(tokens.c.digest, *_COLUMNS))
    return {row[0]: _token(row[1:]) for row in found}


def _token(row: Sequence[Any]) -> Token:
    token = Token(*row)
    return token._replace(machines=tuple(json.loads(row[-1])) if row[-1] else ())


def used(connection: Connection, number: int, at: float) -> None:
    """Write down that one was used."""
    connection.execute(update(tokens).where(tokens.c.id == number).values(used_at=at))


def drop(connection: Connection, number: int, *, at: float, server: str) -> bool:
    """Take one away; whether there was one."""
    done = connection.execute(delete(tokens).where(tokens.c.id == number))
    if done.rowcount:
        changes.tell(connection, server, changes.TOKEN, str(number), at)
    return bool(done.rowcount)
