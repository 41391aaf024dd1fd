"""What somebody changes, or tries to, is written down before it is answered.

What the store changes takes its row along, in one transaction.  What is done elsewhere is written
down as begun before, and what came of it after; so are those that came to nothing.
"""

import enum
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from boots.api.asked import Asked, PageRoute
from boots.api.auth import NOBODY, peer
from boots.api.desk import DONE, Attempt, Desk, Refused
from boots.api.once import REPLAYED
from boots.api.origin import SAFE
from boots.api.route import Route
from boots.journal.limited import Limited
from boots.model.budget import Budget
from boots.model.limits import OPERATOR_REFUSALS

_NOTED: web.RequestKey[dict[str, Any]] = web.RequestKey("noted", dict)
_TOLD = frozenset(
    {
        *("machine", "name", "role", "seconds", "netboot", "profile", "action", "what", "step"),
        *("disk", "arm", "policy", "hours", "why", "frozen", "map", "of", "wipe", "machines"),
        *("edges", "serial", "power", "again", "first"),
    }
)
"""Fields of bodies and forms that are told: none of them can hold a secret."""

CHANGE_NOTHING = frozenset(
    {
        *("plan", "plan_run", "POST /logout"),
        *("POST /machines/{name}/provision", "POST /machines/{name}/provision/change"),
    }
)
"""What is asked by POST for its body's sake: previews, and forms that are shown again."""

REPEATED = "repeated"
"""The outcome of what was done before, and is answered once more by its ``Idempotency-Key``."""

_LONGEST = 300  # characters of what is told of a field
_DAY = 86_400.0


def note(request: web.BaseRequest, said: Any) -> None:
    """Have what a body or form says told with the change, as far as it may be."""
    fields = said if isinstance(said, Mapping) else msgspec.structs.asdict(said)
    request[_NOTED] = {
        name: _short(value)
        for name, value in fields.items()
        if name in _TOLD and value not in (None, "", [], {}, ())
    }


def _short(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    plain = value.value if isinstance(value, enum.Enum) else value
    text = plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()
    return text[:_LONGEST]


class Auditing:
    """Stands between the listener and what answers; `clock` is monotonic, in seconds.

    Rows stay for years, so of refusals, which anybody can bring about, only so many are written.
    """

    def __init__(self, desk: Desk, clock: Callable[[], float], limited: Limited) -> None:
        self._desk = desk
        self._clock = clock
        self._limited = limited
        self._of_nobody, self._of_known = _refusals(), _refusals()

    async def around(
        self, route: Route | PageRoute, asked: Asked, answer: Callable[[], Awaitable[Any]]
    ) -> Any:
        """The answer, with what was changed written down.

        Raises:
            Refused: it could not be changed; or was, and that could not be written down.
        """
        what = _name(route)
        if asked.request.method in SAFE or what in CHANGE_NOTHING:
            return await answer()
        with self._desk.witnessed(lambda: _attempt(asked, what, DONE)) as witness:
            try:
                response = await answer()
            except Refused as refused:
                await self._note(asked, what, f"refused: {refused.status} {refused.title}")
                raise
            except web.HTTPException as error:
                refusal = f"refused: {error.status} {error.reason}"
                outcome = DONE if error.status < 400 else refusal
                if witness.stands != outcome:
                    await self._note(asked, what, outcome)
                raise
            except Exception:  # something may be changed by now
                await self._note(asked, what, "failed")
                raise
            outcome = DONE if response.status < 400 else f"refused: {response.status}"
            outcome = REPEATED if REPLAYED in response.headers else outcome
            if witness.stands != outcome:
                await self._note(asked, what, outcome)
            return response

    async def turned_away(
        self, request: web.BaseRequest, route: Route | PageRoute, by: str, refused: Refused
    ) -> None:
        """Somebody tried to change something who may not; of many in a day some are told."""
        room = self._of_known if by else self._of_nobody
        if request.method in SAFE or not self._has_room(room, request):
            return
        outcome = f"refused: {refused.status} {refused.title}"
        await self._desk.write_down(
            Attempt(
                by=by, role="", peer=_from(request), what=_name(route), machine="", outcome=outcome
            )
        )

    def _has_room(self, room: Budget, request: web.BaseRequest) -> bool:
        if room.spend(self._clock()):
            return True
        self._limited.reached(OPERATOR_REFUSALS, peer=peer(request))
        return False

    async def _note(self, asked: Asked, what: str, outcome: str) -> None:
        tried = asked.me is NOBODY and outcome != DONE  # a login, with whatever token
        if tried and not self._has_room(self._of_nobody, asked.request):
            return
        written = await self._desk.write_down(_attempt(asked, what, outcome))
        if not written and outcome == DONE:
            raise Refused(
                503,
                "it is done, but nobody could write down who did it",
                "the store does not answer; look at what is there before you ask again",
            )


def _attempt(asked: Asked, what: str, outcome: str) -> Attempt:
    noted: dict[str, Any] = {**asked.keys, **asked.request.get(_NOTED, {})}
    noted.pop("key", "")
    keys = (asked.keys.get(each, "") for each in ("key", "name", "mac"))
    return Attempt(
        by=asked.me.name,
        role=asked.me.role.value,
        peer=_from(asked.request),
        what=what,
        machine=str(next(filter(None, keys), "") or noted.get("machine", "")),
        outcome=outcome,
        details=noted,
    )


def _refusals() -> Budget:
    return Budget(OPERATOR_REFUSALS.most / _DAY, OPERATOR_REFUSALS.burst)


def _name(route: Route | PageRoute) -> str:
    return route.name if isinstance(route, Route) else f"{route.method} {route.path}"


def _from(request: web.BaseRequest) -> str:
    """The address that asks; behind a proxy also whom that says it asks for."""
    said = request.headers.get("X-Forwarded-For", "")
    return f"{peer(request)} for {said[:100]}" if said else peer(request)
