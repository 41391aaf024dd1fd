"""`slurp`: a disk uploaded, packed or not, to a server that may not want it."""

import contextlib
import gzip
import hashlib
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.agent.actions.stage import MIB, Stage
from tests.agent.images.made import pattern
from tests.peers.conftest import need

from boots_agent.actions import slurp
from boots_agent.actions.context import ActionFailed

CONTENT = pattern(1500) + bytes(9 * MIB) + b"end".rjust(4096)


@dataclass
class Store:
    """What takes uploads."""

    status: int = 201
    reads: bool = True
    url: str = ""
    took: dict[str, bytes] = field(default_factory=dict)
    said: list[tuple[str, str, str]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Not a word."""

    def do_PUT(self) -> None:
        headers = self.headers
        self.store.said.append(
            (self.command, headers.get("Content-Length", ""), headers.get("Authorization", ""))
        )
        if self.store.reads:
            self.store.took[self.path] = self._body()
        self.send_response(self.store.status)
        self.send_header("Content-Length", "9")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"no room\n\n")
        self.close_connection = True

    do_POST = do_PUT  # noqa: N815  # the name that http.server asks for

    def _body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        pieces = []
        while length := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)


@contextlib.contextmanager
def taking(store: Store) -> Iterator[Store]:
    handler = type("Handler", (_Handler,), {"store": store})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "disk"
    made.write_bytes(CONTENT)
    return made


def unzstd(content: bytes) -> bytes:
    return subprocess.run(
        [need("zstd"), "-dc"], input=content, capture_output=True, check=True
    ).stdout


@pytest.mark.parametrize(
    ("packed", "unpack"),
    [("false", bytes), ("", bytes), ("true", unzstd), ("zstd", unzstd), ("gzip", gzip.decompress)],
)
def test_what_arrives_is_the_disk(packed: str, unpack: object, stage: Stage, path: Path) -> None:
    with taking(Store()) as store:
        slurp.upload(
            stage.context(
                "slurp",
                SOURCE_DISK=str(path),
                DEST_URL=f"{store.url}/images/",
                IMG_NAME="my disk",
                COMPRESSED=packed,
            )
        )
    (took,) = store.took.values()
    assert ["/images/my%20disk"] == list(store.took)
    assert CONTENT == unpack(took)  # type: ignore[operator]
    length = "" if packed not in {"", "false"} else str(len(CONTENT))
    assert [("PUT", length, "")] == store.said
    assert f"{len(CONTENT)} bytes, sha256:{hashlib.sha256(CONTENT).hexdigest()}" in stage.said()
    assert f"{len(took)} bytes, sha256:{hashlib.sha256(took).hexdigest()}" in stage.said()
    assert [] == stage.armed


def test_who_asks_is_told_to_the_server_and_to_nobody_else(stage: Stage, path: Path) -> None:
    with taking(Store()) as store:
        url = store.url.replace("//", "//me:hush%21@") + "/x"
        slurp.upload(
            stage.context("slurp", SOURCE_DISK=str(path), DEST_URL=url, HTTP_METHOD="post")
        )
    assert [("POST", str(len(CONTENT)), "Basic bWU6aHVzaCE=")] == store.said
    assert "hush" not in stage.said()


@pytest.mark.parametrize("reads", [True, False])
def test_a_server_that_says_no_is_heard(reads: bool, stage: Stage, path: Path) -> None:
    with taking(Store(507, reads)) as store, pytest.raises(ActionFailed) as caught:
        slurp.upload(stage.context("slurp", SOURCE_DISK=str(path), DEST_URL=f"{store.url}/x"))
    text = str(caught.value)
    assert "the server answers 507 no room" in text or (not reads and "nothing is kept" in text)


def test_a_server_that_is_not_there_is_told(stage: Stage, path: Path) -> None:
    with taking(Store()) as store:
        url = store.url
    with pytest.raises(ActionFailed, match="Connection refused"):
        slurp.upload(stage.context("slurp", SOURCE_DISK=str(path), DEST_URL=url))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"COMPRESSED": "rar"}, "write false, zstd or gzip"),
        ({"HTTP_METHOD": "GET"}, "write PUT or POST"),
        ({"DEST_URL": "ftp://x/y"}, "is no http:// or https:// URL"),
    ],
)
def test_a_mistake_is_told(words: dict[str, str], why: str, stage: Stage, path: Path) -> None:
    given = {"SOURCE_DISK": str(path), "DEST_URL": "http://x/y", **words}
    with pytest.raises(ActionFailed, match=why):
        slurp.upload(stage.context("slurp", **given))
