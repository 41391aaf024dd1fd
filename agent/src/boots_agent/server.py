"""Talking to the server: JSON over HTTP, tried again for as long as it takes.

How bytes travel and how time passes are arguments, so that tests need neither.
"""

import json
from collections.abc import Callable, Iterator

# URL and body in; status and body out.  Raises OSError when there is no whole answer.
Send = Callable[[str, bytes], tuple[int, bytes]]

_FIRST_PAUSE, _LONGEST_PAUSE = 1, 30
_LATER = frozenset({408, 425, 429})


class RefusedError(Exception):
    """The server understood and said no; the text is its own."""


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

    def post(self, path: str, content: dict[str, object]) -> dict[str, object]:
        """Send JSON and return the answer's; no body is an empty answer.

        Network errors and a server in trouble are tried again for ever, so that a restart of the
        server loses nothing.

        Raises:
            RefusedError: The server answered 4xx, or with something that is no JSON object.
        """
        url = f"{self._base}/agent/v1/{path}"
        body = json.dumps(content).encode()
        for pause in pauses():
            try:
                status, answer = self._send(url, body)
            except OSError as error:
                trouble = error.strerror or str(error)
            else:
                if status < 500 and status not in _LATER:
                    return _read(status, answer)
                trouble = f"it answered {status} {_first_line(answer)}".rstrip()
            self._say(f"cannot tell {url}: {trouble}; trying again in {pause} s")
            self._sleep(pause)
        raise AssertionError("pauses never end")


def pauses() -> Iterator[int]:
    """How long to wait before each next try, in seconds: doubling, then steady, without end."""
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)


def _read(status: int, body: bytes) -> dict[str, object]:
    if not 200 <= status < 300:
        raise RefusedError(f"{status} {_first_line(body)}".rstrip())
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
