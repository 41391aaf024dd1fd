"""One HTTP request with the standard library.

Over ``https`` the server is known by the fingerprint of its certificate: OSIE has no certificates
of authorities, and the clock of a bare machine says nothing about whether one is still good.
"""

import hashlib
import hmac
import http.client
import ssl
import string
from urllib.parse import SplitResult, urlsplit

from boots_agent.server import Asked, Send

_TIMEOUT = 20.0  # seconds without a byte


class Imposter(OSError):
    """Whoever answers has another certificate than the server; nothing was sent."""


class _Pinned(http.client.HTTPSConnection):
    def __init__(self, host: str, port: int | None, timeout: float, pin: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the fingerprint says more than a chain could
        super().__init__(host, port, timeout=timeout, context=context)
        self._pin = pin

    def connect(self) -> None:
        """Connect, and look who it is before anything is sent."""
        super().connect()
        shown = self.sock.getpeercert(binary_form=True) if self.sock else None
        found = hashlib.sha256(shown or b"").hexdigest()
        if not hmac.compare_digest(found, self._pin):
            self.close()
            raise Imposter(f"its certificate has SHA-256 {found}, and boots.pin is {self._pin}")


def sending(pin: str = "") -> Send:
    """What sends; with the SHA-256 of the certificate that an ``https`` server must have."""
    wanted = _plain(pin)
    return lambda asked: _send(asked, wanted)


def _plain(pin: str) -> str:
    return pin.replace(":", "").lower()


def _send(asked: Asked, pin: str) -> tuple[int, bytes]:
    """POST and return status and body.

    Raises:
        OSError: There was no whole answer.
    """
    parts = urlsplit(asked.url)
    connection = _connection(parts, asked.timeout, pin)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = {"Content-Type": asked.form}
    if asked.key:
        headers["Authorization"] = f"Bearer {asked.key}"
    try:
        connection.request("POST", path, asked.body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(f"broken HTTP answer ({type(error).__name__})") from error
    finally:
        connection.close()


class Source:
    """What is only read of the server, with nothing kept open in between."""

    def __init__(self, base: str, pin: str = "") -> None:
        self._parts = urlsplit(base)
        self._base = self._parts.path.rstrip("/")
        self._pin = _plain(pin)

    def piece(self, name: str, at: int, length: int) -> bytes:
        """So many bytes of one of the server's files, from there on.

        Raises:
            OSError: They cannot be had.
        """
        wanted = {"Range": f"bytes={at}-{at + length - 1}"}
        status, _, data = self._ask("GET", f"{self._base}/{name}", wanted)
        if status != 206:
            raise ConnectionError(f"the server answers {status} for {name}")
        return data

    def date(self) -> str:
        """What time the server says it is, as HTTP writes it; empty where it does not say.

        Raises:
            OSError: There was no answer.
        """
        return self._ask("HEAD", "/healthz", {})[1]

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        connection = _connection(self._parts, _TIMEOUT, self._pin)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Date", ""), answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"broken HTTP answer ({type(error).__name__})") from error
        finally:
            connection.close()


def _connection(parts: SplitResult, timeout: float, pin: str) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return _Pinned(host, parts.port, timeout, pin)
    return http.client.HTTPConnection(host, parts.port, timeout=timeout)


def is_pin(text: str) -> bool:
    """Whether that is a SHA-256, with or without colons."""
    digits = text.replace(":", "")
    return len(digits) == 64 and all(each in string.hexdigits for each in digits)
