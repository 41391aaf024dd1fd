"""HTTPS with a server that is known by its certificate's fingerprint; without, nothing is sent."""

import hashlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.app.certificates import NOW, YEAR, Issued, issue

from boots_agent.__main__ import misdirected
from boots_agent.server import Asked
from boots_agent.transport import is_pin, sending


@contextmanager
def answering(
    shown: Issued | None = None, folder: Path | None = None
) -> Iterator[tuple[str, list[bytes]]]:
    """A server's URL, and the bodies it was sent."""
    heard: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            said = f"{self.path} {self.headers.get('Authorization', '-')}".encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        scheme = "http"
        if shown is not None and folder is not None:
            (folder / "both.pem").write_bytes(shown.key_pem + shown.pem)
            scheme, context = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / "both.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"{scheme}://127.0.0.1:{server.server_port}/mac", heard
        finally:
            server.shutdown()
            thread.join()


def test_the_server_with_that_certificate_is_told_whatever_its_name_and_dates(
    tmp_path: Path,
) -> None:
    shown = issue("another.name", kind="p256", start=NOW - 2 * YEAR, end=NOW - YEAR)
    pin = hashlib.sha256(shown.der).hexdigest()
    with answering(shown, tmp_path) as (url, heard):
        asked = Asked(f"{url}/agent/v1/edges?run=1", b"body", key="secret")
        assert (200, b"/mac/agent/v1/edges?run=1 Bearer secret") == sending(pin)(asked)
        in_colons = ":".join(pin[at : at + 2] for at in range(0, 64, 2)).upper()
        assert is_pin(in_colons)
        assert 200 == sending(in_colons)(asked)[0]
    assert [b"body", b"body"] == heard


def test_one_with_another_certificate_is_told_nothing(tmp_path: Path) -> None:
    with answering(issue(kind="p256"), tmp_path) as (url, heard):
        for pin in ("00" * 32, ""):
            with pytest.raises(OSError, match="its certificate has SHA-256"):
                sending(pin)(Asked(url, b"secret"))
    assert [] == heard


def test_plain_http_needs_no_pin() -> None:
    with answering() as (url, heard):
        assert (200, b"/mac -") == sending()(Asked(url, b"body"))
    assert [b"body"] == heard


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"boots.url": "http://10.0.0.1/mac"}, ""),
        ({"boots.url": "https://10.0.0.1/mac", "boots.pin": "ab" * 32}, ""),
        ({}, "boots.url is '' on the kernel command line"),
        ({"boots.url": "ftp://10.0.0.1/mac"}, "there is no server to talk to"),
        ({"boots.url": "https://10.0.0.1/mac"}, "nobody could say who answers"),
        ({"boots.url": "https://10.0.0.1/mac", "boots.pin": "xy" * 32}, "nobody could say"),
    ],
)
def test_the_kernel_command_line_says_where_the_server_is(
    arguments: dict[str, str], why: str
) -> None:
    said = misdirected(arguments)
    assert why in said
    assert bool(why) == bool(said)
