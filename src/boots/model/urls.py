"""URLs as they may be told: what opens a server in them is nobody's to read."""

import re

_USER = re.compile(r"://[^/?#]+@")
_GIVEN = re.compile(r"([?&][^?=&#]+=)[^&#]+")


def without_user(url: str) -> str:
    """A URL without its user and password."""
    return _USER.sub("://…@", url)


def hidden(url: str) -> str:
    """The same without what its query gives."""
    return _GIVEN.sub(r"\1…", without_user(url))
