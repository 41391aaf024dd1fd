"""Fetching from servers that misbehave, on loopback."""

import contextlib
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Interface

import pytest
from tests.policy.made import SITE

from boots.doctor import fetching
from boots.doctor.fetching import Fetched, Outcome, fetch
from boots.doctor.place import Place
from boots.doctor.transfers import answering, judge
from boots.wire import tftp

Answer = Callable[[tftp.Packet], tftp.Packet | None]


@contextlib.contextmanager
def tftp_server(answer: Answer) -> Iterator[str]:
    """The URL of a file on a server that says what `answer` makes of each packet."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            data, peer = sock.recvfrom(2000)
            if data == b"stop":
                return
            said = answer(tftp.decode(data))
            if said is not None:
                sock.sendto(tftp.encode(said), peer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"tftp://127.0.0.1:{sock.getsockname()[1]}/boot.efi"
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"stop", sock.getsockname())
        thread.join()
        sock.close()


def giving(content: bytes, *, largest: int = 65_464, lost: int = 65_465) -> Answer:
    """A server of one file, that loses blocks of `lost` bytes and more."""
    agreed = {"blksize": tftp.DEFAULT_BLKSIZE}

    def answer(packet: tftp.Packet) -> tftp.Packet | None:
        match packet:
            case tftp.Request(_, _, options):
                agreed["blksize"] = min(int(options["blksize"]), largest)
                values = {"blksize": str(agreed["blksize"]), "tsize": str(len(content))}
                return tftp.OptionAck(values)
            case tftp.Ack(block):
                size = agreed["blksize"]
                part = content[block * size : (block + 1) * size]
                over = block * size > len(content)
                return None if over or len(part) >= lost else tftp.Data(block + 1, part)
        return None

    return answer


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_WAIT", 0.05)
    monkeypatch.setattr(fetching, "_HTTP_WAIT", 0.3)


def outcome(answer: Answer) -> Fetched:
    with tftp_server(answer) as url:
        return fetch(url, time.monotonic)


@pytest.mark.parametrize("size", [1, 1468, 1469, 10_000])
def test_a_file_that_is_there_is_read_whole(size: int) -> None:
    found = outcome(giving(b"x" * size))
    assert (Outcome.THERE, size) == (found.outcome, found.size)


def test_a_server_without_options_is_read_from_too() -> None:
    def answer(packet: tftp.Packet) -> tftp.Packet | None:
        match packet:
            case tftp.Request():
                return tftp.Data(1, b"x" * 512)
            case tftp.Ack(1):
                return tftp.Data(2, b"x")
        return None

    assert (Outcome.THERE, 513) == (outcome(answer).outcome, outcome(answer).size)


def test_an_empty_file_is_told() -> None:
    assert Outcome.EMPTY is outcome(giving(b"")).outcome


def test_large_blocks_that_are_lost_where_small_ones_arrive_are_told() -> None:
    found = outcome(giving(b"x" * 5000, lost=1000))
    assert Outcome.LARGE_LOST is found.outcome


def test_a_server_that_keeps_blocks_small_is_no_loss() -> None:
    assert Outcome.THERE is outcome(giving(b"x" * 5000, largest=900, lost=1000)).outcome


def test_blocks_that_never_arrive_are_another_loss() -> None:
    assert Outcome.BROKEN is outcome(giving(b"x" * 5000, lost=100)).outcome


def test_a_refusal_is_told_in_the_server_s_words() -> None:
    found = outcome(lambda _: tftp.Error(1, "no such file"))
    assert (Outcome.REFUSED, "error 1: no such file") == (found.outcome, found.detail)


def test_silence_is_told() -> None:
    assert Outcome.SILENT is outcome(lambda _: None).outcome


def test_a_file_that_ends_too_soon_is_told() -> None:
    def answer(packet: tftp.Packet) -> tftp.Packet | None:
        match packet:
            case tftp.Request():
                return tftp.OptionAck({"tsize": "9000", "blksize": "1468"})
            case tftp.Ack(0):
                return tftp.Data(1, b"x")
        return None

    found = outcome(answer)
    assert (Outcome.BROKEN, "1 of 9000 bytes came") == (found.outcome, found.detail)


def test_a_closed_port_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    assert Outcome.CLOSED is fetch(f"tftp://127.0.0.1:{port}/x", time.monotonic).outcome


def test_a_protocol_that_nobody_speaks_is_told() -> None:
    assert Outcome.BROKEN is fetch("nfs://127.0.0.1/x", time.monotonic).outcome


# --- HTTP


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:  # the name that http.server looks for
        status, headers = {
            "/there": (200, {"Content-Length": "5"}),
            "/empty": (200, {"Content-Length": "0"}),
            "/chunked": (200, {"Transfer-Encoding": "chunked"}),
            "/moved": (301, {"Location": "/there"}),
            "/forbidden": (403, {"Content-Length": "9"}),
        }.get(self.path, (404, {}))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(name="base", scope="module")
def _base() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "expected", "detail"),
    [
        ("/there", Outcome.THERE, "200 OK"),
        ("/chunked", Outcome.THERE, "200 OK"),
        ("/empty", Outcome.EMPTY, "200 OK"),
        ("/moved", Outcome.MOVED, "301 Moved Permanently, to /there"),
        ("/forbidden", Outcome.REFUSED, "403 Forbidden"),
        ("/gone", Outcome.REFUSED, "404 Not Found"),
    ],
)
def test_what_a_server_says_of_a_url(base: str, path: str, expected: Outcome, detail: str) -> None:
    found = fetch(f"{base}{path}", time.monotonic)
    assert (expected, detail) == (found.outcome, found.detail)


def test_a_closed_http_port_and_a_silent_one_are_told_apart() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
        assert Outcome.CLOSED is fetch(url, time.monotonic).outcome
        sock.listen()
        assert Outcome.SILENT is fetch(url, time.monotonic).outcome


def test_what_is_no_http_is_broken() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()

        def answer() -> None:
            client, _ = sock.accept()
            with client:
                client.recv(1000)
                client.sendall(b"SSH-2.0-nonsense\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        found = fetch(f"http://127.0.0.1:{sock.getsockname()[1]}/", time.monotonic)
        thread.join()
    assert Outcome.BROKEN is found.outcome


# --- what is said of it

PLACE = Place("eth1", IPv4Interface("192.168.1.1/24"), SITE, here=True)


def test_what_is_there_is_no_finding() -> None:
    assert [] == list(judge(PLACE, [Fetched("tftp://x/a", Outcome.THERE)]))


def test_the_same_of_several_files_is_one_finding() -> None:
    gone = [Fetched(f"http://x/{name}", Outcome.REFUSED, "404 Not Found") for name in "ab"]
    (finding,) = judge(PLACE, gone)
    assert ("http://x/a: 404 Not Found", "http://x/b: 404 Not Found") == finding.seen


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.THERE])
def test_every_other_outcome_is_a_finding_with_advice(outcome: Outcome) -> None:
    (finding,) = judge(PLACE, [Fetched("tftp://x/a", outcome)])
    assert finding.advice
    assert "{" not in finding.title + finding.advice


def test_who_refuses_answers_and_who_is_silent_does_not() -> None:
    assert ("HTTP",) == answering(
        [Fetched("http://x/a", Outcome.REFUSED), Fetched("tftp://x/a", Outcome.SILENT)]
    )
