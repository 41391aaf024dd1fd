"""References to OCI images: ``registry/path/name:tag@digest``."""

import re

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:{_HOST}(?::[0-9]{{1,5}})?/)?{_PART}(?:/{_PART})*"
    r"(?::[\w][\w.-]{0,127})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)


def is_reference(text: str) -> bool:
    """Whether a text can be the name of an image."""
    return len(text) <= 512 and _REFERENCE.fullmatch(text) is not None


def short_name(reference: str) -> str:
    """The last part of its path, without tag and digest: ``image2disk``."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
