"""One HTTP POST with the standard library."""

import http.client
from urllib.parse import urlsplit

_TIMEOUT = 20  # seconds without a byte


def send(url: str, body: bytes) -> tuple[int, bytes]:
    """POST JSON and return status and body.

    Raises:
        OSError: There was no whole answer.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(f"broken HTTP answer ({type(error).__name__})") from error
    finally:
        connection.close()
