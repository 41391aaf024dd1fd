"""What aiohttp complains of: bytes that are no HTTP are for the journal, faults of ours for us."""

import logging
import re
from collections.abc import Callable

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

_QUOTED = re.compile(r"(?<!\w)(?:bytearray\()?b?['\"].*", re.DOTALL)
_log = structlog.get_logger()


class Complaints(logging.Logger):
    """The logger that aiohttp is given; `told` hears whose bytes were no HTTP, and what was wrong.

    Connections that end are no news.
    """

    def __init__(self, told: Callable[[str, str], None]) -> None:
        super().__init__("boots.http")
        self._told = told

    def handle(self, record: logging.LogRecord) -> None:
        """Take one complaint."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, web.RequestPayloadError):  # the body of a request that was answered
            error = error.__cause__
        if isinstance(error, HttpProcessingError):
            peer = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
            self._told(peer, without_bytes(error.message))
        elif record.levelno >= logging.WARNING and not isinstance(error, ConnectionError):
            _log.error(record.getMessage(), exc_info=error)


def without_bytes(complaint: str) -> str:
    """What is wrong with a request, without what is quoted of it: a token may stand there.

    A complaint of one word is nothing but a quote.
    """
    line = complaint.strip().partition("\n")[0]
    said = _QUOTED.sub("", line).rstrip(" :(")
    return said if " " in said else "it cannot be read"
