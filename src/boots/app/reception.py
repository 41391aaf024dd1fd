"""Opening the operators' listener.  Machines boot without it: where it cannot be, that is said."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from ipaddress import IPv4Address

import structlog
from aiohttp import web

from boots.api.asked import Pages
from boots.api.listener import Listener, Rules, Secure
from boots.app.desk.desk import Desk
from boots.client.words import Me, Role
from boots.http.handshakes import SecureSite
from boots.journal.events import AnyEvent
from boots.journal.limited import Limited
from boots.model.limits import OPERATOR_HANDSHAKES, OPERATOR_PAGES
from boots.serve import sockets
from boots.serve.sockets import StartError
from boots.settings import Settings, clients

_BACKLOG = 128
_log = structlog.get_logger()


def bound(settings: Settings, *, keeps_tokens: bool) -> socket.socket | None:
    """The socket of the listener that the settings want.

    There is none where they want none, or where its port cannot be had.

    Raises:
        StartError: it would be open to all.
    """
    operator = settings.operator
    if not operator.enabled:
        return None
    address = IPv4Address(operator.address)
    if not address.is_loopback and not keeps_tokens:
        raise StartError(
            f"operator.address = {operator.address} needs tokens, and store.enabled is false:"
            " there is nowhere to keep them; enable the store, or serve operators at 127.0.0.1"
        )
    try:
        sock = sockets.tcp(address, operator.port)
    except StartError as error:
        _log.error(
            "operators are not served, machines are: choose another operator.port,"
            " or switch it off (operator.enabled)",
            error=str(error),
        )
        return None
    if address.is_loopback:
        sockets.keep_to_this_machine(sock)
    return sock


async def open_at(
    settings: Settings,
    sock: socket.socket,
    desk: Desk,
    tell: Callable[[AnyEvent], None],
    context: ssl.SSLContext | None,
    *,
    revoked: Callable[[bytes], str] | None = None,
) -> tuple[Listener, str]:
    """The listener behind a socket, answering, and where it is, for people.

    `revoked` says why a client's certificate opens nothing.
    """
    operator = settings.operator
    # What makes the pages is loaded beside the answers: the doors are open by now.
    limited = Limited(tell)
    pages = await asyncio.to_thread(_pages, desk, lambda: limited.reached(OPERATOR_PAGES))
    rules = Rules(
        tokens_required=operator.tokens_required,
        hosts=tuple(operator.hosts),
        clients=tuple(
            Me(name=name, role=Role(role), machines=machines)
            for name, role, machines in clients(settings)
        ),
        revoked=revoked,
        secure=_secure(context, tell) if context else None,
    )
    listener = Listener(sock, desk, tell, rules, pages)
    await listener.open()
    host, port = sock.getsockname()[:2]
    return listener, f"operator {'https' if context else 'http'} {host}:{port}"


def _secure(context: ssl.SSLContext, tell: Callable[[AnyEvent], None]) -> Secure:
    """What speaks TLS with operators: with so many at once, and who fails is told."""
    limited = Limited(tell)

    def made(
        runner: web.ServerRunner, sock: socket.socket, told: Callable[[str, str], None]
    ) -> web.BaseSite:
        return SecureSite(
            runner,
            sock,
            context,
            lambda address, port, why: told(f"{address}:{port}", why),
            _BACKLOG,
            gave_way=lambda address: limited.reached(OPERATOR_HANDSHAKES, peer=address),
            most=OPERATOR_HANDSHAKES.most,
        )

    return made


def _pages(desk: Desk, full: Callable[[], None]) -> Pages:
    from boots.web.pages import OperatorPages  # noqa: PLC0415

    return OperatorPages(desk, full=full)
