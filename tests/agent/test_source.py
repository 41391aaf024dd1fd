"""What the agent reads of the server: ranges of its files, and what time it is."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from boots_agent.transport import Source

CONTENT = bytes(range(256))


class Door(http.server.BaseHTTPRequestHandler):
    """A server with one file that knows ranges."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        if self.path != "/52:54:00:77:00:01/osie/modules-x86_64":
            self.send_error(404)
            return
        first, last = self.headers["Range"].removeprefix("bytes=").split("-")
        data = CONTENT[int(first) : int(last) + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002
        return "Mon, 30 Nov 2026 11:08:00 GMT"

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def source() -> Iterator[Source]:
    with http.server.HTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Source(f"http://127.0.0.1:{server.server_port}/52:54:00:77:00:01")
        server.shutdown()
        thread.join()


def test_a_piece_is_a_range_of_a_file_below_the_machines_own_url(source: Source) -> None:
    assert CONTENT[3:13] == source.piece("osie/modules-x86_64", 3, 10)


def test_a_server_without_the_file_says_so(source: Source) -> None:
    with pytest.raises(OSError, match="the server answers 404 for osie/modules-aarch64"):
        source.piece("osie/modules-aarch64", 0, 1)


def test_the_time_is_the_servers(source: Source) -> None:
    assert "Mon, 30 Nov 2026 11:08:00 GMT" == source.date()
