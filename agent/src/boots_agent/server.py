"""Talking to the server: JSON over HTTP, tried again for as long as it takes.

How bytes travel and how time passes are arguments, so that tests need neither.
"""

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

TIMEOUT = 20.0  # seconds without a byte
_FIRST_PAUSE, _LONGEST_PAUSE = 1, 30
_LATER = frozenset({408, 425, 429})


class Asked(NamedTuple):
    """One POST.

    Attributes:
        key: Opens what belongs to a session; empty for what needs none.
        timeout: Seconds without a byte after which there is no answer.
    """

    url: str
    body: bytes
    form: str = "application/json"
    key: str = ""
    timeout: float = TIMEOUT


# Status and body.  Raises OSError when there is no whole answer.
Send = Callable[[Asked], tuple[int, bytes]]


class RefusedError(Exception):
    """The server understood and said no; the text is its own."""

    status = 0


class StrangeKeyError(RefusedError):
    """The key opens nothing (any more): the session is over, or another's."""


class TroubleError(Exception):
    """There was no answer that counts; the same may be asked again."""


class Server:
    """The server at a base URL, such as ``http://192.168.77.1:8080/52:54:00:12:34:56``."""

    def __init__(
        self,
        base: str,
        send: Send,
        sleep: Callable[[float], None],
        say: Callable[[str], None],
    ) -> None:
        self._base = base.rstrip("/")
        self._send = send
        self._sleep = sleep
        self._say = say

    def post(
        self, path: str, content: dict[str, object], *, key: str = "", wait: float = 0.0
    ) -> dict[str, object]:
        """Send JSON and return the answer's; no body is an empty answer.

        Network errors and a server in trouble are tried again for ever, so that a restart of the
        server loses nothing.

        Args:
            path: Below ``agent/v1/``.
            content: What is sent.
            key: The session's.
            wait: Seconds that the server may take before it has anything to say.

        Raises:
            RefusedError: The server answered 4xx, or with something that is no JSON object.
        """
        return _object(*self._until_answered(self._asked(path, content, key, wait)))

    def ask_once(self, path: str, content: dict[str, object], key: str) -> dict[str, object]:
        """The same, tried once.

        Raises:
            TroubleError: There was no answer that counts.
            RefusedError: As of `post`.
        """
        return _object(*self._tried(self._asked(path, content, key, 0.0)))

    def send(self, path: str, body: bytes, key: str) -> bytes:
        """Send bytes until they are taken, and return those of the answer.

        Raises:
            RefusedError: The server answered 4xx.
        """
        asked = Asked(self._url(path), body, "application/octet-stream", key)
        status, answer = self._until_answered(asked)
        return _taken(status, answer)

    def fetch(self, path: str, content: dict[str, object], key: str) -> bytes:
        """Send JSON until it is answered, and return the answer's bytes.

        Raises:
            RefusedError: The server answered 4xx.
        """
        return _taken(*self._until_answered(self._asked(path, content, key, 0.0)))

    def _url(self, path: str) -> str:
        return f"{self._base}/agent/v1/{path}"

    def _asked(self, path: str, content: dict[str, object], key: str, wait: float) -> Asked:
        body = json.dumps(content).encode()
        return Asked(self._url(path), body, key=key, timeout=TIMEOUT + wait)

    def _until_answered(self, asked: Asked) -> tuple[int, bytes]:
        for pause in pauses():
            try:
                return self._tried(asked)
            except TroubleError as error:
                self._say(f"cannot tell {asked.url}: {error}; trying again in {pause} s")
            self._sleep(pause)
        raise AssertionError("pauses never end")

    def _tried(self, asked: Asked) -> tuple[int, bytes]:
        try:
            status, answer = self._send(asked)
        except OSError as error:
            raise TroubleError(error.strerror or str(error)) from error
        if status >= 500 or status in _LATER:
            raise TroubleError(f"it answered {status} {_first_line(answer)}".rstrip())
        return status, answer


def pauses() -> Iterator[int]:
    """How long to wait before each next try, in seconds: doubling, then steady, without end."""
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)


def _taken(status: int, body: bytes) -> bytes:
    if 200 <= status < 300:
        return body
    kind = StrangeKeyError if status == 401 else RefusedError
    error = kind(f"{status} {_first_line(body)}".rstrip())
    error.status = status
    raise error


def _object(status: int, body: bytes) -> dict[str, object]:
    _taken(status, body)
    if not body:
        return {}
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise RefusedError(f"{status}, but the answer is no JSON: {_first_line(body)}") from error
    if not isinstance(answer, dict):
        raise RefusedError(f"{status}, but the answer is no JSON object: {_first_line(body)}")
    return answer


def _first_line(body: bytes) -> str:
    lines = body.decode(errors="replace").strip().splitlines()
    return lines[0][:200] if lines else ""
