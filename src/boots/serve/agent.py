"""What OSIE's agent tells over HTTP."""

import asyncio
import re
import time
from collections.abc import Awaitable
from typing import Any

import msgspec
from aiohttp import web

from boots.journal import events
from boots.journal.limited import Limited
from boots.model.budget import Budget
from boots.model.decoding import DECODER
from boots.model.limits import HTTP_INVENTORIES, MIB
from boots.policy.token import hidden
from boots.serve.agent_words import Waiting
from boots.serve.bodies import Bodies, too_much
from boots.serve.doors import Fetch, Given, Record, impostor
from boots.serve.forwarded import Peer

_REPORT = re.compile(r"/(?P<mac>[^/{}]+)/agent/v1/(?P<what>progress|inventory)")
# A server's inventory has some hundreds, one with 500 disks 8,000; all others wait meanwhile.
_MOST_PARTS, _MOST_VALUES = 4_000, 10_000
_DEEPEST = 32  # levels: what is shown of it is moved in by each
_LARGEST_NUMBER = 1 << 64  # to write one of thousands of digits takes as many times as long
_PATIENCE = 30.0  # seconds that the body of a report may take


class AgentReports:
    """Takes the agents' reports to the journal; `waiting` knows of runs, where there are any.

    `bodies` has room for so many of them at once.
    """

    def __init__(
        self,
        fetch: Fetch,
        record: Record,
        waiting: Waiting | None = None,
        *,
        limited: Limited | None = None,
        bodies: Bodies | None = None,
    ) -> None:
        self._limited = limited or Limited(record)
        self._bodies = bodies or Bodies(self._limited)
        self._budget = Budget(HTTP_INVENTORIES.most * MIB, HTTP_INVENTORIES.burst * MIB)
        self._fetch = fetch
        self._record = record
        self._waiting = waiting

    def answer(self, request: web.BaseRequest, peer: Peer) -> Awaitable[web.StreamResponse] | None:
        """The answer to a report; None where the path is of none."""
        found = _REPORT.fullmatch(request.path)
        if found is None:
            return None
        take = self._progress if found["what"] == "progress" else self._inventory
        return take(request, found["mac"], peer)

    async def _report(self, request: web.BaseRequest, mac: str, peer: Peer) -> tuple[Given, Any]:
        """The machine that reports, and what it says.

        Raises:
            web.HTTPException: it is no machine of ours, or does not speak JSON objects.
        """
        given = self._fetch(f"/{mac}/agent", peer.ipv4)
        if given.known is None:
            raise web.HTTPForbidden(text="no machine of ours reports\n")
        if given.elsewhere:
            self._record(impostor(given, str(peer), "http"))
            raise web.HTTPForbidden(text=f"{given.elsewhere}\n")
        try:
            with self._bodies.taking(request):
                async with asyncio.timeout(_PATIENCE):
                    body = await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout(text=f"no body within {_PATIENCE:.0f} s\n") from None
        except web.RequestPayloadError as error:
            raise web.HTTPBadRequest(text=f"an unreadable body: {error.__cause__}\n") from None
        if not self._budget.spend(time.monotonic(), len(body)):
            self._limited.reached(HTTP_INVENTORIES, peer=str(peer), mac=given.mac)
            raise too_much()
        if body.count(b"[") + body.count(b"{") > _MOST_PARTS or body.count(b",") > _MOST_VALUES:
            raise web.HTTPRequestEntityTooLarge(len(body), len(body), text="too many parts\n")
        try:
            said = DECODER.decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise web.HTTPBadRequest(text=f"not JSON: {error}\n") from None
        why = _unfit(said) if isinstance(said, dict) else "a JSON object is wanted"
        if why:
            raise web.HTTPBadRequest(text=f"{why}\n")
        return given, said

    async def _progress(self, request: web.BaseRequest, mac: str, peer: Peer) -> web.StreamResponse:
        given, said = await self._report(request, mac, peer)
        stage = str(said.get("stage", ""))[:64]
        self._record(
            events.AgentProgressed(
                mac=given.mac,
                peer=str(peer),
                stage=stage,
                message=hidden(str(said.get("message", "")))[:1024],
            )
        )
        known, waiting = given.known, self._waiting
        then = waiting.after_progress(known, stage) if known and waiting else ""
        return web.json_response({"next": then}) if then else web.Response(status=204)

    async def _inventory(
        self, request: web.BaseRequest, mac: str, peer: Peer
    ) -> web.StreamResponse:
        given, said = await self._report(request, mac, peer)
        known, waiting = given.known, self._waiting
        then = known.machine.then.value if known else "idle"
        if known is not None and waiting is not None:
            then = waiting.after_inventory(known) or then
        self._record(
            events.InventoryReported(mac=given.mac, peer=str(peer), inventory=said, next=then)
        )
        return web.json_response({"next": then})


def _unfit(value: object) -> str:
    """Why a value is no inventory: it is nested too deeply, or a number is too large.

    Without calling itself, for that is the point.
    """
    layer = [value]
    for _ in range(_DEEPEST):
        if any(isinstance(each, int) and abs(each) >= _LARGEST_NUMBER for each in layer):
            return "a number is larger than anything there is"
        layer = [
            below
            for each in layer
            if isinstance(each, dict | list)
            for below in (each.values() if isinstance(each, dict) else each)
        ]
        if not layer:
            return ""
    return f"a JSON object is wanted, {_DEEPEST} levels at most"
