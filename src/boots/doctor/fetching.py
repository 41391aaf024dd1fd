"""Fetches what machines are told to fetch, as far as it takes to see that it can be had."""

import contextlib
import enum
import errno
import http.client
import select
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from boots.wire import tftp
from boots.wire.malformed import Malformed

BLKSIZE = 1468
"""Bytes of a block, as EDK2 asks for them: the most that fits an Ethernet frame."""

_TRIES, _WAIT = 3, 1.0
_HTTP_WAIT = 4.0
_MOST = 8 << 20  # bytes of a file that are read
_ERRORS_TOO = 11  # IP_RECVERR (linux/in.h): ICMP's word that a port is closed

Clock = Callable[[], float]


class Outcome(enum.Enum):
    """How it went."""

    THERE = "there"
    EMPTY = "empty"
    SILENT = "no answer"
    CLOSED = "closed"
    REFUSED = "refused"
    MOVED = "redirected"
    ELSEWHERE = "answered from another address"
    LARGE_LOST = "large blocks lost"
    BROKEN = "broken off"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of a URL; `detail` says it in words."""

    url: str
    outcome: Outcome
    detail: str = ""
    size: int = -1
    certificate: bytes = b""


def fetch(url: str, clock: Clock) -> Fetched:
    """Try a URL: TFTP reads the file, HTTP asks for its headers.

    Scripts are asked for by HEAD, which counts as no boot of the machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "tftp":
        return read(url, clock)
    if parts.scheme in {"http", "https"}:
        return head(url)
    return Fetched(url, Outcome.BROKEN, f"nobody here speaks {parts.scheme}")


def _failed(url: str, error: OSError) -> Fetched:
    """What the kernel has to say."""
    said = error.strerror or str(error)
    if error.errno == errno.ECONNREFUSED:
        return Fetched(url, Outcome.CLOSED, said)
    unreachable = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN}
    return Fetched(url, Outcome.SILENT if error.errno in unreachable else Outcome.BROKEN, said)


# --- TFTP


def read(url: str, clock: Clock) -> Fetched:
    """Read a file by TFTP with large blocks, and with small ones where those do not arrive."""
    found = _Reading(url, BLKSIZE, clock).run()
    if found.outcome is not Outcome.LARGE_LOST:
        return found
    small = _Reading(url, tftp.DEFAULT_BLKSIZE, clock).run()
    if small.outcome is Outcome.THERE:
        return found
    return Fetched(url, Outcome.BROKEN, f"no block arrives, large or small; {small.detail}")


class _Reading:
    def __init__(self, url: str, blksize: int, clock: Clock) -> None:
        parts = urlsplit(url)
        self._url, self._clock = url, clock
        self._server = (parts.hostname or "", parts.port or tftp.PORT)
        wanted = {tftp.TSIZE: "0", tftp.BLKSIZE: str(blksize)}
        self._last = tftp.encode(tftp.Request(unquote(parts.path[1:]), "octet", wanted))
        self._blksize = tftp.DEFAULT_BLKSIZE
        self._size = -1
        self._next = 1
        self._received = 0
        self._peer: tuple[str, int] | None = None

    def run(self) -> Fetched:
        """Read to the end, or to what is in the way."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.IPPROTO_IP, _ERRORS_TOO, 1)
            try:
                return self._to_the_end(sock)
            except _Stranger as stranger:
                self._abort(sock)
                detail = f"asked {self._server[0]}, answered by {stranger}"
                return Fetched(self._url, Outcome.ELSEWHERE, detail)
            except OSError as error:
                return _failed(self._url, error)

    def _to_the_end(self, sock: socket.socket) -> Fetched:
        while True:
            packet = self._exchange(sock)
            done = self._silence() if packet is None else self._take(packet)
            if done is None:
                continue
            if isinstance(packet, tftp.Data) and len(packet.data) < self._blksize:
                sock.sendto(self._last, self._peer or self._server)
            elif not isinstance(packet, tftp.Error):
                self._abort(sock)
            return done

    def _exchange(self, sock: socket.socket) -> tftp.Packet | None:
        """Say the last word until something new comes."""
        for _ in range(_TRIES):
            sock.sendto(self._last, self._peer or self._server)
            deadline = self._clock() + _WAIT
            while (left := deadline - self._clock()) > 0:
                if not select.select([sock], [], [], left)[0]:
                    break
                data, peer = sock.recvfrom(0xFFFF)
                if peer[0] != self._server[0]:
                    raise _Stranger(peer[0])
                with contextlib.suppress(Malformed):
                    packet = tftp.decode(data)
                    if self._is_new(packet):
                        self._peer = peer
                        return packet
        return None

    def _is_new(self, packet: tftp.Packet) -> bool:
        match packet:
            case tftp.Data(block):
                return block == self._next & 0xFFFF
            case tftp.OptionAck():
                return self._peer is None
        return isinstance(packet, tftp.Error)

    def _take(self, packet: tftp.Packet) -> Fetched | None:
        """Go on, or the end."""
        match packet:
            case tftp.OptionAck(accepted):
                self._blksize = _number(accepted, tftp.BLKSIZE, tftp.DEFAULT_BLKSIZE)
                self._size = _number(accepted, tftp.TSIZE, -1)
                self._last = tftp.encode(tftp.Ack(0))
            case tftp.Data(block, data):
                self._next += 1
                self._received += len(data)
                self._last = tftp.encode(tftp.Ack(block))
                if len(data) < self._blksize or self._received > _MOST:
                    return self._end()
            case tftp.Error(code, message):
                return Fetched(self._url, Outcome.REFUSED, f"error {code}: {message}")
        return None

    def _end(self) -> Fetched:
        if not self._received:
            return Fetched(self._url, Outcome.EMPTY, size=0)
        short = 0 <= self._received < self._size and self._received <= _MOST
        if short:
            detail = f"{self._received} of {self._size} bytes came"
            return Fetched(self._url, Outcome.BROKEN, detail)
        return Fetched(self._url, Outcome.THERE, size=self._received)

    def _silence(self) -> Fetched:
        if self._peer is None:
            return Fetched(self._url, Outcome.SILENT, f"no answer to {_TRIES} requests")
        if self._next == 1 and self._blksize > tftp.DEFAULT_BLKSIZE:
            detail = f"the first block of {self._blksize} bytes never came, blocks of 512 do"
            return Fetched(self._url, Outcome.LARGE_LOST, detail)
        return Fetched(self._url, Outcome.BROKEN, f"nothing more came after block {self._next - 1}")

    def _abort(self, sock: socket.socket) -> None:
        """Tell the server, so that it does not go on for nobody."""
        word = tftp.Error(tftp.ErrorCode.UNDEFINED, "boots doctor has seen enough")
        with contextlib.suppress(OSError):
            sock.sendto(tftp.encode(word), self._peer or self._server)


class _Stranger(Exception):
    """Somebody answered who was not asked."""


def _number(accepted: Mapping[str, str], name: str, otherwise: int) -> int:
    text = accepted.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else otherwise


# --- HTTP


def head(url: str) -> Fetched:
    """Ask for the headers of a URL."""
    parts = urlsplit(url)
    connection = _connection(url)
    certificate = b""
    try:
        connection.connect()
        if isinstance(connection.sock, ssl.SSLSocket):
            certificate = connection.sock.getpeercert(binary_form=True) or b""
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("HEAD", target, headers={"User-Agent": "boots doctor"})
        response = connection.getresponse()
        return _judged(url, response, certificate)
    except TimeoutError:
        return Fetched(url, Outcome.SILENT, f"no answer in {_HTTP_WAIT:.0f} s")
    except http.client.HTTPException as error:
        return Fetched(url, Outcome.BROKEN, str(error) or type(error).__name__)
    except OSError as error:
        return _failed(url, error)
    finally:
        connection.close()


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=_HTTP_WAIT)
    # Whether clients would trust it is said of the certificate itself: their roots are not ours.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, parts.port, timeout=_HTTP_WAIT, context=context)


def _judged(url: str, response: http.client.HTTPResponse, certificate: bytes) -> Fetched:
    length = response.getheader("Content-Length", "")
    size = int(length) if length.isascii() and length.isdigit() else -1
    said = f"{response.status} {response.reason}"
    if 300 <= response.status < 400:
        where = response.getheader("Location", "")
        return Fetched(url, Outcome.MOVED, f"{said}, to {where}", size, certificate)
    if response.status >= 400:
        return Fetched(url, Outcome.REFUSED, said, size, certificate)
    outcome = Outcome.THERE if size else Outcome.EMPTY
    return Fetched(url, outcome, said, size, certificate)
