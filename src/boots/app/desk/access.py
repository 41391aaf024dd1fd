"""The desk: how the server is, and who may ask it."""

from collections.abc import Sequence

from boots import __version__
from boots.api.desk import Refused
from boots.api.discreet import ANSWERS
from boots.app.desk.house import House, asks_store
from boots.app.desk.states import States
from boots.client.words import FieldError, Health, MadeToken, Me, NewToken, Role, TokenLine, Tokens
from boots.journal import events
from boots.store import tokens, witness
from boots.store.tokens import Token

_MOST_PATTERNS = 64
_USED_EVERY = 60.0  # seconds between two times that it is written down that a token was used


class AccessDesk:
    """Answers what `boots.api.desk.Desk` asks of health and tokens."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._states = States(house)
        self._used: dict[int, float] = {}

    async def health(self, among: Sequence[str] = ()) -> Health:
        """How this server is."""
        house = self._house
        states = await self._states.count(tuple(among))
        why = house.unready()
        keeping = house.keeping
        store = "none"
        if keeping is not None:
            store = f"{keeping.store.engine.dialect.name}: {keeping.trouble or ANSWERS}"
        return Health(
            version=__version__,
            server=house.server,
            started=house.started,
            machines=sum(states.values()) if among else len(house.answers.world.index.machines),
            store=store,
            ready=not why,
            why=why,
            waiting=house.history.waiting,
            lost=house.history.lost,
            troubles=tuple(house.troubles()),
            states=states,
        )

    async def whose(self, secret: str) -> Me | None:
        """Who bears this token."""
        house = self._house
        if house.keeping is None:
            return None
        token = house.keeping.tokens.get(tokens.digest(secret))
        now = house.clock()
        if token is None or (token.expires and token.expires <= now):
            return None
        if now - self._used.get(token.id, 0.0) > _USED_EVERY:
            self._used[token.id] = now
            house.keeping.note_use(token.id, now)
        return Me(name=token.name, role=Role(token.role), machines=token.machines)

    @asks_store
    async def tokens(self) -> Tokens:
        """All tokens."""
        found = await self._house.kept().store.read(tokens.every)
        return Tokens(tokens=tuple(map(_line, found)))

    @asks_store
    async def make_token(self, wanted: NewToken, by: str) -> MadeToken:
        """Make one."""
        _refuse_limits(wanted)
        house = self._house
        now = house.clock()
        expires = now + wanted.seconds if wanted.seconds else 0.0
        secret = tokens.secret()
        made = await house.kept().make_token(
            wanted.name, wanted.role.value, secret, expires, by, machines=wanted.machines
        )
        house.tell(
            events.TokenChanged(name=wanted.name, role=wanted.role.value, what="made", by=by)
        )
        return MadeToken(token=_line(made), secret=secret)

    @asks_store
    async def drop_token(self, identity: int, by: str) -> None:
        """Take one away."""
        house = self._house
        known = {each.id: each for each in house.kept().tokens.values()}
        gone = known.get(identity)
        name, role = (gone.name, gone.role) if gone else (str(identity), "")
        witness.about("", name=name)
        if not await house.kept().drop_token(identity):
            raise Refused(404, "no such token", f"none has the number {identity}")
        house.tell(events.TokenChanged(name=name, role=role, what="taken away", by=by))


def _refuse_limits(wanted: NewToken) -> None:
    """Refuse limits that are none.

    Raises:
        Refused: they will not do.
    """
    problem, advice = "", ""
    if wanted.machines and wanted.role is Role.ADMIN:
        problem = "an admin is for all machines"
        advice = "write the role operator or viewer, or leave machines out"
    elif len(wanted.machines) > _MOST_PATTERNS:
        problem, advice = f"more than {_MOST_PATTERNS} patterns", "write fewer, with *"
    elif any(not e.strip() or len(e) > 253 or not e.isprintable() for e in wanted.machines):
        problem, advice = "a pattern is empty, or none of a name", "write one like ci-*"
    if problem:
        field = FieldError(field="machines", problem=problem, advice=advice)
        raise Refused(422, "a token cannot be limited so", f"{problem}; {advice}", [field])


def _line(token: Token) -> TokenLine:
    return TokenLine(
        id=token.id,
        name=token.name,
        role=Role(token.role),
        created=token.made,
        expires=token.expires,
        used=token.used,
        machines=token.machines,
    )
