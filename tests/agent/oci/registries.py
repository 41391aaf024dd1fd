"""A small registry on loopback, with all that keeps people out of real ones."""

import base64
import contextlib
import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Shelf:
    """What a registry has, and whom it lets in.

    `auth` is nothing, ``basic`` or ``bearer``; `login` is who may; `elsewhere` is where blobs
    really are; a token is good for `uses` requests.
    """

    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    auth: str = ""
    login: tuple[str, str] | None = None
    realm: str = ""
    elsewhere: str = ""
    expires: int = 300
    troubled: int = 0
    cut_after: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def add(self, content: bytes) -> str:
        digest = digest_of(content)
        self.blobs[digest] = content
        return digest

    def image(self, *layers: bytes, titles: tuple[str, ...] = ()) -> str:
        """A manifest's digest."""
        rows: list[dict[str, Any]] = []
        for number, content in enumerate(layers):
            row: dict[str, Any] = {"digest": self.add(content), "size": len(content)}
            if titles:
                row["annotations"] = {"org.opencontainers.image.title": titles[number]}
            rows.append(row)
        said = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {}, "layers": rows}
        return self.add(json.dumps(said).encode())

    def index(self, **images: str) -> str:
        rows = [
            {"digest": digest, "platform": {"os": "linux", "architecture": cpu}}
            for cpu, digest in images.items()
        ]
        said = {"schemaVersion": 2, "mediaType": INDEX, "manifests": rows}
        return self.add(json.dumps(said).encode())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shelf: Shelf

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Not a word."""

    def do_GET(self) -> None:
        shelf, parts = self.shelf, urlsplit(self.path)
        allowed = self.headers.get("Authorization", "")
        shelf.asked.append((self.path, allowed))
        if shelf.troubled:
            shelf.troubled -= 1
            self._say(503, b"")
        elif parts.path == "/token":
            self._token(allowed, parse_qs(parts.query))
        elif not self._may(allowed):
            self._challenge()
        elif "/manifests/" in parts.path:
            self._manifest(parts.path.rpartition("/")[2])
        elif "/blobs/" in parts.path:
            self._blob(parts.path.rpartition("/")[2])
        else:
            self._say(404, b"")

    def _token(self, allowed: str, query: dict[str, list[str]]) -> None:
        shelf = self.shelf
        if shelf.login and allowed != basic(*shelf.login):
            self._say(401, b'{"errors": [{"message": "who are you"}]}')
            return
        assert ["repository:images/debian:pull"] == query["scope"]
        shelf.tokens.append(f"token-{len(shelf.tokens)}")
        said = {"token": shelf.tokens[-1], "expires_in": shelf.expires}
        self._say(200, json.dumps(said).encode())

    def _may(self, allowed: str) -> bool:
        match self.shelf.auth:
            case "basic":
                assert self.shelf.login
                return allowed == basic(*self.shelf.login)
            case "bearer":
                return bool(self.shelf.tokens) and allowed == f"Bearer {self.shelf.tokens[-1]}"
        return True

    def _challenge(self) -> None:
        shelf = self.shelf
        realm = shelf.realm or f"{shelf.url}/token"
        words = {
            "basic": 'Basic realm="registry"',
            "bearer": f'Bearer realm="{realm}",service="registry, here"'
            ',scope="repository:images/debian:pull"',
        }
        self._say(401, b"{}", {"WWW-Authenticate": words[shelf.auth]})

    def _manifest(self, reference: str) -> None:
        digest = self.shelf.tags.get(reference, reference)
        if digest not in self.shelf.blobs:
            self._say(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
            return
        assert MANIFEST in self.headers["Accept"]
        assert INDEX in self.headers["Accept"]
        self._say(200, self.shelf.blobs[digest])

    def _blob(self, digest: str) -> None:
        shelf = self.shelf
        if shelf.elsewhere:
            self._say(307, b"", {"Location": f"{shelf.elsewhere}/v2/x/blobs/{digest}?signed=1"})
            return
        content = shelf.blobs[digest]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        status = 206 if start else 200
        ranged = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        piece = content[start:]
        self.send_response(status)
        self.send_header("Content-Length", str(len(piece)))
        for name, value in (ranged if start else {}).items():
            self.send_header(name, value)
        self.end_headers()
        if shelf.cut_after and len(piece) > shelf.cut_after:
            self.wfile.write(piece[: shelf.cut_after])
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(piece)

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


@contextlib.contextmanager
def opened(shelf: Shelf, certificate: Path | None = None) -> Iterator[Shelf]:
    handler = type("Handler", (_Handler,), {"shelf": shelf})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    shelf.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    try:
        yield shelf
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
