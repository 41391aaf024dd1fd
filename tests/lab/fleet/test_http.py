import pytest

from boots.lab.fleet.http import Download

URL = "http://198.51.100.1:8080/a/auto.ipxe?x=1"


def asked(*parts: bytes, keep: bool = True, method: str = "GET", first: int = 0) -> Download:
    download = Download(URL, "iPXE/1.21.1", method=method, keep=keep, first=first)
    download.start(0.0)
    for part in parts:
        if not download.over:
            download.feed(part, 1.0)
    return download


def test_a_request_is_for_the_path_of_the_host() -> None:
    download = asked()

    assert (download.host, download.port) == ("198.51.100.1", 8080)
    assert download.request.startswith(b"GET /a/auto.ipxe?x=1 HTTP/1.1\r\nHost: 198.51.100.1:8080")


@pytest.mark.parametrize(
    "parts",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",),
        (b"HTTP/1.1 200 OK\r\ncontent-length:5\r\n", b"\r\nhel", b"lo"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b""),
    ],
)
def test_a_body_arrives_in_every_form(parts: tuple[bytes, ...]) -> None:
    download = asked(*parts)

    assert (download.over, download.content, download.failure) == (True, b"hello", "")


def test_a_body_that_nobody_looks_at_is_counted() -> None:
    download = asked(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel", keep=False)
    assert download.counting
    download.count(7, 2.0)

    assert (download.over, download.received, download.ended) == (True, 10, 2.0)


def test_the_first_bytes_can_be_enough() -> None:
    download = asked(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel", keep=False, first=3)

    assert (download.over, download.failure) == (True, "")


def test_a_head_has_no_body() -> None:
    download = asked(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", method="HEAD")

    assert (download.over, download.failure) == (True, "")


def test_a_redirect_says_where_to() -> None:
    download = asked(b"HTTP/1.1 302 Found\r\nLocation: http://198.51.100.2/b\r\n\r\n")

    assert (download.over, download.location) == (True, "http://198.51.100.2/b")


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((b"HTTP/1.1 404 Not Found\r\n\r\n",), "status 404"),
        ((b"SSH-2.0-x\r\n\r\n",), "what answers is no HTTP"),
        ((b"",), "the server closed the connection"),
        (
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", b""),
            "the server closed the connection",
        ),
        ((b"x" * 70_000,), "its answer has no end of headers"),
    ],
)
def test_what_goes_wrong_is_told(parts: tuple[bytes, ...], why: str) -> None:
    assert asked(*parts).failure == f"HTTP: {URL}: {why}"


def test_a_server_that_says_nothing_is_given_up() -> None:
    download = asked()
    download.tick(29.9)
    assert not download.over
    download.tick(30.0)

    assert download.failure == f"HTTP: {URL}: nothing came for 30 s"
