"""The headers of every answer that an operator can get, in one table."""

import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from tests.app.certificates import issue
from tests.web.fleet import NOW, Fleet

from boots.api.listener import Listener, Rules, Secure
from boots.web.pages import OperatorPages
from boots.web.static import Shelf

PAGES = {"Accept": "text/html"}
DATA = {"Accept": "application/json"}
OF_ALL = {
    "Server": "Boots",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OF_DATA = "default-src 'none'; frame-ancestors 'none'"
OF_PAGES = (
    "default-src 'self'; script-src 'self' 'nonce-…'; style-src 'self' 'nonce-…';"
    " img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
NOT_KEPT, FOR_EVER = "no-store", "public, max-age=31536000, immutable"

# What is asked, how, what comes of it, its policy of content, and how long it may be kept.
TABLE = (
    ("/", PAGES, 200, OF_PAGES, NOT_KEPT),
    ("/machines/rack-0001", PAGES, 200, OF_PAGES, NOT_KEPT),
    ("/events", PAGES, 200, OF_PAGES, NOT_KEPT),
    ("/nothing", PAGES, 404, OF_PAGES, NOT_KEPT),
    ("/machines/nobody", PAGES, 404, OF_PAGES, NOT_KEPT),
    ("/login", PAGES, 200, OF_PAGES, NOT_KEPT),
    *((path, PAGES, 200, OF_DATA, FOR_EVER) for path in Shelf().addresses.values()),
    ("/v1/me", DATA, 200, OF_DATA, NOT_KEPT),
    ("/v1/health", DATA, 200, OF_DATA, NOT_KEPT),
    ("/v1/machines", DATA, 200, OF_DATA, NOT_KEPT),
    ("/v1/openapi.json", DATA, 200, OF_DATA, NOT_KEPT),
    ("/v1/nothing", DATA, 404, OF_DATA, NOT_KEPT),
    ("/v1/me", {**DATA, "Host": "attacker.example"}, 421, OF_DATA, NOT_KEPT),
    ("/v1/me", {**DATA, "Authorization": "Bearer x"}, 401, OF_DATA, NOT_KEPT),
)


def speaks(context: ssl.SSLContext | None) -> Secure | None:
    if context is None:
        return None
    return lambda runner, sock, _told: web.SockSite(runner, sock, ssl_context=context)


async def answered(url: str, asked: Mapping[str, str], tls: ssl.SSLContext | None) -> object:
    sock = socket.create_server(("127.0.0.1", 0))
    fleet = Fleet()
    pages = OperatorPages(fleet, clock=lambda: NOW)
    listener = Listener(sock, fleet, lambda _: None, Rules(secure=speaks(tls)), pages)
    await listener.open()
    try:
        async with (
            ClientSession(headers=asked) as session,
            session.get(listener.url + url, allow_redirects=False, ssl=False) as got,
        ):
            return got.status, got.headers.copy()
    finally:
        await listener.close()


def plain(policy: str) -> str:
    """A policy with its nonces, which are others each time, left out."""
    words = policy.split("'")
    return "'".join("nonce-…" if each.startswith("nonce-") else each for each in words)


@pytest.mark.parametrize(("url", "asked", "status", "policy", "kept"), TABLE)
async def test_every_answer_has_its_headers(
    url: str, asked: dict[str, str], status: int, policy: str, kept: str
) -> None:
    found, headers = await answered(url, asked, None)  # type: ignore[misc]

    assert found == status
    assert {name: headers.get(name) for name in OF_ALL} == OF_ALL
    assert plain(headers["Content-Security-Policy"]) == policy
    assert headers["Cache-Control"] == kept
    assert "Strict-Transport-Security" not in headers


async def test_over_tls_browsers_are_told_to_ask_no_other_way(tmp_path: Path) -> None:
    own = issue()
    (tmp_path / "both.pem").write_bytes(own.key_pem + own.pem)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "both.pem")

    for url, asked in (("/", PAGES), ("/v1/me", DATA), ("/v1/nothing", DATA)):
        _, headers = await answered(url, asked, tls)  # type: ignore[misc]
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
