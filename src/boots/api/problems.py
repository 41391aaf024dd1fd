"""What is wrong with a request, as RFC 9457 has it: the only form of an error of the API."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import hdrs, web

from boots.api.desk import Refused
from boots.client.words import Problem

MEDIA = "application/problem+json"


def of(refused: Refused, path: str) -> Problem:
    """The problem that a refusal is, at a path."""
    return Problem(
        title=_plain(refused.title),
        status=refused.status,
        detail=_plain(refused.detail),
        instance=_plain(path),
        errors=refused.errors,
    )


def of_status(status: int, path: str, detail: str = "") -> Problem:
    """The problem of a bare status."""
    return Problem(
        title=_title(status), status=status, detail=_plain(detail), instance=_plain(path)
    )


def response(problem: Problem, headers: Mapping[str, str] | None = None) -> web.Response:
    """A problem as it is sent."""
    try:
        body = msgspec.json.encode(problem)
    except ValueError:  # errors that quote half a character
        body = msgspec.json.encode(msgspec.structs.replace(problem, errors=()))
    made = web.Response(status=problem.status, body=body, headers=headers)
    made.headers[hdrs.CONTENT_TYPE] = MEDIA
    return made


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Problem"


def _plain(text: str) -> str:
    """Text without halves of characters, which raw bytes of a request line can become."""
    return text.encode(errors="replace").decode()
