"""Which part of a file a request gets: all of it, a range, or nothing as it has it already."""

import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate, parsedate

from aiohttp import ETag, hdrs, web

ANY = "*"


@dataclass(frozen=True, slots=True)
class Part:
    """What is sent: `length` bytes from `start`, under this HTTP status."""

    status: int
    start: int = 0
    length: int = 0


def tag(facts: os.stat_result) -> str:
    """The entity tag of a file: another one whenever its content has changed."""
    return f"{facts.st_mtime_ns:x}-{facts.st_size:x}"


def modified(facts: os.stat_result) -> str:
    """When a file was changed last, as HTTP writes it: whole seconds, and never too early."""
    return formatdate(math.ceil(facts.st_mtime), usegmt=True)


def of(request: web.BaseRequest, facts: os.stat_result) -> Part:
    """The part of a file that a request gets, by RFC 9110 §13.2.2.

    The status is 200, 206, 304, 412 or 416.
    """
    if _fails(request, facts):
        return Part(412)
    if _has_it(request, facts):
        return Part(304)
    if hdrs.RANGE not in request.headers or not _is_of_this(request, facts):
        return Part(200, 0, facts.st_size)
    return _ranged(request, facts.st_size)


def _fails(request: web.BaseRequest, facts: os.stat_result) -> bool:
    """Whether the client wants nothing but what the file no longer is."""
    if hdrs.IF_MATCH in request.headers:
        return not _is_among(facts, request.if_match or (), weak=False)
    if hdrs.IF_UNMODIFIED_SINCE in request.headers:
        since = _since(request, hdrs.IF_UNMODIFIED_SINCE)
        return since is not None and facts.st_mtime > since
    return False


def _since(request: web.BaseRequest, header: str) -> float | None:
    """The date in a header, in seconds since 1970; None for what is no date."""
    said = parsedate(request.headers.get(header, ""))
    if said is None:
        return None
    try:
        return datetime(*said[:6], tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):  # a 31st of February, a year of twenty digits
        return None


def _has_it(request: web.BaseRequest, facts: os.stat_result) -> bool:
    if hdrs.IF_NONE_MATCH in request.headers:
        return _is_among(facts, request.if_none_match or (), weak=True)
    if hdrs.IF_MODIFIED_SINCE in request.headers:
        since = _since(request, hdrs.IF_MODIFIED_SINCE)
        return since is not None and facts.st_mtime <= since
    return False


def _is_of_this(request: web.BaseRequest, facts: os.stat_result) -> bool:
    """Whether a range is one of this content: of another, the client has the beginning."""
    named = request.headers.get(hdrs.IF_RANGE, "").strip()
    if not named:
        return True
    since = _since(request, hdrs.IF_RANGE)
    if since is not None:
        return facts.st_mtime <= since
    return named == f'"{tag(facts)}"'


def _ranged(request: web.BaseRequest, size: int) -> Part:
    try:
        wanted = request.http_range
    except ValueError:
        return Part(416)
    start, end = wanted.start, wanted.stop
    if start is None:
        return Part(200, 0, size)
    if start < 0:  # so many bytes of the end
        start = max(0, start + size)
    end = size if end is None else min(end, size)
    return Part(206, start, end - start) if start < end else Part(416)


def _is_among(facts: os.stat_result, tags: tuple[ETag, ...], *, weak: bool) -> bool:
    own = tag(facts)
    return any(
        each.value == ANY or (each.value == own and (weak or not each.is_weak)) for each in tags
    )
