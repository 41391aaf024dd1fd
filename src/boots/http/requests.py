"""Requests as both listeners take them from aiohttp's parser."""

import asyncio
import encodings.idna  # noqa: F401  # yarl would load it amid the first odd host, for 4 to 7 ms
from collections.abc import Callable

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from yarl import URL

from boots.http.connection import Connection


def requests(loop: asyncio.AbstractEventLoop, largest: int) -> Callable[..., web.BaseRequest]:
    """What makes the requests; their bodies have `largest` bytes at most.

    One that has no target ("CONNECT" alone) is given one: aiohttp's parser lets it pass and its
    request class breaks on it, which leaves the connection without anybody to answer or close it.
    """

    def made(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        if isinstance(protocol, Connection):
            protocol.asks()
        if not message.url:
            message = message._replace(url=URL("/"))
        return web.BaseRequest(
            message, payload, protocol, writer, task, loop, client_max_size=largest
        )

    return made
