"""Handlers: the server itself, profiles, what else is on the network, tokens, plans."""

from urllib.parse import quote

from aiohttp import hdrs

from boots.api.asked import Answer, Asked
from boots.api.desk import Desk, Refused


async def health(desk: Desk, _asked: Asked) -> Answer:
    """``GET /v1/health``."""
    return Answer(body=await desk.health())


async def me(_desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/me``."""
    return Answer(body=asked.me)


async def profiles(desk: Desk, _asked: Asked) -> Answer:
    """``GET /v1/profiles``."""
    return Answer(body=await desk.profiles())


async def discovered(desk: Desk, _asked: Asked) -> Answer:
    """``GET /v1/discovered``."""
    return Answer(body=await desk.discovered())


async def foreign(desk: Desk, _asked: Asked) -> Answer:
    """``GET /v1/foreign``."""
    return Answer(body=await desk.foreign())


async def leases(desk: Desk, _asked: Asked) -> Answer:
    """``GET /v1/leases``."""
    return Answer(body=await desk.leases())


async def plan(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/plan``."""
    return Answer(body=await desk.plan(asked.body))


async def tokens(desk: Desk, _asked: Asked) -> Answer:
    """``GET /v1/tokens``."""
    return Answer(body=await desk.tokens())


async def token(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/tokens``."""
    made = await desk.make_token(asked.body, asked.me.name)
    where = f"/v1/tokens/{quote(str(made.token.id))}"
    return Answer(body=made, status=201, headers={hdrs.LOCATION: where})


async def token_dropped(desk: Desk, asked: Asked) -> Answer:
    """``DELETE /v1/tokens/{id}``."""
    identity = asked.keys["id"]
    if not (identity.isascii() and identity.isdigit() and len(identity) <= 18):
        raise Refused(404, "Not Found", "a token's id is a number; GET /v1/tokens lists them")
    await desk.drop_token(int(identity), asked.me.name)
    return Answer(status=204)
