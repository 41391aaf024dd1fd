"""One request to a server, with the standard library: what it says, or why it says nothing."""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from boots.client.words import Problem

_LARGEST = 256 * 1024 * 1024  # bytes of an answer


class ApiError(Exception):
    """What the server refused, and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(": ".join(filter(None, [problem.title, problem.detail])))
        self.problem = problem


class NoServer(Exception):
    """There is no server at this URL, or none that can be talked to; `why` says so."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"no server at {url}: {why}")
        self.url = url
        self.why = why


class BadUrl(Exception):
    """What is no URL of a server."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connecting:
    """Asks one server; each request has a connection of its own.

    `ca` is a PEM file of certificates to trust besides the system's.  `own` is a PEM file that
    begins with the server's own certificate: then that one alone will do, whatever names are in
    it.  Proxies of the environment are not used: the server is near.

    Raises:
        BadUrl: the URL is none.
        OSError: `ca` or `own` cannot be read.
        ValueError: `own` has no certificate.
    """

    def __init__(self, url: str, token: str, ca: str, own: str, timeout: float) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if host is None or parts.scheme not in {"http", "https"} or parts.query or parts.username:
            raise BadUrl(f"{url!r} will not do; write it like http://127.0.0.1:8081")
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": "boots"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._own = b""
        self._make: Callable[[], http.client.HTTPConnection]
        if parts.scheme == "https":
            self._own = _certificate(own) if own else b""
            context = _context(ca, check=not own)
            self._make = partial(
                http.client.HTTPSConnection, host, port or 443, timeout=timeout, context=context
            )
        else:
            self._make = partial(http.client.HTTPConnection, host, port or 80, timeout=timeout)

    def ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answered:
        """The answer to one request.

        Raises:
            ApiError: the server refused it.
            NoServer: there is none.
        """
        with self._asked(method, path, body, headers, self._timeout) as response:
            raw = response.read(_LARGEST + 1)
            if len(raw) > _LARGEST:
                raise NoServer(self.url, "its answer is too large")
            if response.length:
                raise NoServer(self.url, "its answer broke off")
            return Answered(response.status, _headers(response), raw)

    @contextmanager
    def lines(
        self, path: str, headers: Mapping[str, str], silence: float
    ) -> Iterator[Iterator[bytes]]:
        """The lines of an answer that goes on; `silence` is the longest in it, in seconds.

        Raises:
            ApiError: the server refused it.
            NoServer: there is none, or it went silent.
        """
        with self._asked("GET", path, None, headers, silence) as response:
            yield iter(response.readline, b"")

    @contextmanager
    def _asked(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        silence: float,
    ) -> Iterator[http.client.HTTPResponse]:
        connection = self._make()
        sent = {**self._headers, **headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            connection.connect()
            connection.sock.settimeout(silence)
            if self._own and _shown(connection.sock) != self._own:  # before any token is sent
                raise NoServer(self.url, "its certificate is not that of operator.certificate")
            connection.request(method, self._prefix + path, body, sent)
            response = connection.getresponse()
            if response.status >= 300:
                raise ApiError(_problem(response))
            yield response
        except (OSError, http.client.HTTPException) as error:
            raise NoServer(self.url, _why(error)) from None
        finally:
            connection.close()


def _context(ca: str, *, check: bool) -> ssl.SSLContext:
    """What TLS checks: chain and name, or nothing, where the certificate itself is compared."""
    context = ssl.create_default_context(cafile=ca or None)
    if ca:
        context.load_default_certs()
    if not check:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _shown(sock: socket.socket) -> bytes | None:
    """The certificate that the server showed."""
    return sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None


def _certificate(file: str) -> bytes:
    """The first certificate of a PEM file."""
    end = "-----END CERTIFICATE-----"
    text, found, _ = Path(file).read_text(encoding="ascii").partition(end)
    return ssl.PEM_cert_to_DER_cert(text[text.rfind("-----BEGIN") :] + found)


def _headers(response: http.client.HTTPResponse) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _problem(response: http.client.HTTPResponse) -> Problem:
    """What is wrong, as the server says it, or as well as can be told."""
    raw = response.read(1 << 20)
    if response.getheader("Content-Type", "").startswith("application/problem+json"):
        try:
            return msgspec.json.decode(raw, type=Problem)
        except ValueError:
            pass
    return Problem(
        title=response.reason or "no reason",
        status=response.status,
        detail="this is not what a Boots server says; is the URL that of its operator's listener?",
    )


def _why(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message}); name its CA"
        case ssl.SSLError():
            return "it does not speak TLS as we do; is it http?"
        case ConnectionRefusedError():
            return "nothing listens there"
        case TimeoutError():
            return "it does not answer in time"
        case http.client.RemoteDisconnected() | http.client.BadStatusLine():
            return "what answers there does not speak HTTP; is it https?"
        case OSError():
            return error.strerror or str(error)
        case _:
            return str(error) or type(error).__name__
