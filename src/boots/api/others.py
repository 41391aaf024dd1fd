"""Handlers: the server itself, profiles, what else is on the network, tokens, plans."""

from urllib.parse import quote

import msgspec
from aiohttp import hdrs

from boots.api.asked import Answer, Asked
from boots.api.auth import may
from boots.api.desk import Desk, Refused
from boots.api.veil import veiled
from boots.client.words import Role


async def health(desk: Desk, _asked: Asked) -> Answer:
    """``GET /v1/health``."""
    return Answer(body=await desk.health())


async def me(_desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/me``."""
    return Answer(body=asked.me)


async def profiles(desk: Desk, _asked: Asked) -> Answer:
    """``GET /v1/profiles``."""
    return Answer(body=await desk.profiles())


async def discovered(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/discovered``."""
    found = await desk.discovered()
    if not may(asked.me, Role.OPERATOR):
        seen = [
            msgspec.structs.replace(each, record=veiled(msgspec.to_builtins(each.record)))
            for each in found.discovered
        ]
        found = msgspec.structs.replace(found, discovered=tuple(seen))
    return Answer(body=found)


async def foreign(desk: Desk, _asked: Asked) -> Answer:
    """``GET /v1/foreign``."""
    return Answer(body=await desk.foreign())


async def leases(desk: Desk, _asked: Asked) -> Answer:
    """``GET /v1/leases``."""
    return Answer(body=await desk.leases())


async def plan(desk: Desk, asked: Asked) -> Answer:
    """``POST /v1/plan``."""
    return Answer(body=await desk.plan(asked.body))


async def audit(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/audit``."""
    return Answer(body=await desk.audit(**asked.query))


async def audit_proof(desk: Desk, asked: Asked) -> Answer:
    """``GET /v1/audit/proof``."""
    return Answer(body=await desk.audit_proof(**asked.query))


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
