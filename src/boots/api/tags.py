"""ETags: whether an answer is the one that somebody has, and a record the one that they saw."""

import hashlib
import re

from boots.api.desk import Refused

_TAG = re.compile(r'\s*((?:W/)?"[\x21\x23-\x7e]*")\s*(?:,|$)')
_REVISION = re.compile(r'"(\d{1,18})(?:\.[0-9a-f]+)?"')


def weak(body: bytes) -> str:
    """The tag of a list, or anything else that is made anew each time."""
    return f'W/"{_digest(body)}"'


def of_machine(revision: int, body: bytes) -> str:
    """The tag of a machine: its record's revision, and a digest of all that is said of it.

    The digest is for ``If-None-Match``: state and orders change where the record does not.
    ``If-Match`` looks at the revision alone.
    """
    return f'"{revision}.{_digest(body)}"'


def is_had(header: str, tag: str) -> bool:
    """Whether ``If-None-Match`` says that this answer is there already."""
    if not header:
        return False
    bare = tag.removeprefix("W/")
    return header.strip() == "*" or bare in {each.removeprefix("W/") for each in _tags(header)}


def revision(header: str | None) -> int | None:
    """The revision that ``If-Match`` names; None for any.

    Raises:
        Refused: it names none that a record here can have, or several.
    """
    if header is None or header.strip() == "*":
        return None
    tags = _tags(header)
    if len(tags) != 1:
        raise Refused(400, "Bad Request", "If-Match will not do; give the one ETag you have")
    found = _REVISION.fullmatch(tags[0])
    if found is None:
        raise Refused(412, "Precondition Failed", f"no record here has the ETag {tags[0][:80]}")
    return int(found[1])


def _tags(header: str) -> list[str]:
    """All tags of a header; none where it is not written as it should be."""
    found, at = [], 0
    while at < len(header):
        match = _TAG.match(header, at)
        if match is None:
            return []
        found.append(match[1])
        at = match.end()
    return found


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=8).hexdigest()
