"""What somebody gets who asks for a file: a file, a script, something rendered, or a refusal."""

import enum
from dataclasses import dataclass


class Ground(enum.Enum):
    """The grounds for refusing a file; each door has its own code for them."""

    STRANGER = "stranger"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    BROKEN = "broken"
    GARBLED = "garbled"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class File:
    """Give the file at this path on the server."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Script:
    """Give this text, rendered from a profile.

    Where no script can be made, `problem` says why and the text shows that on the screen.  One
    that stands in a record is `private`: a person wrote it for one machine.
    """

    text: str
    profile: str
    problem: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """Give this text or these bytes, made for this machine alone.

    `source` says from what: a profile's name, ``metadata``, ``record``.  It may hold passwords: no
    log has any of it.  What is `private` may hold some that nobody but a person knows of.
    """

    name: str
    content: bytes
    source: str
    media: str = "text/plain"
    private: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Give nothing; `why` goes to the client's screen and into the journal."""

    ground: Ground
    why: str


Got = File | Script | Rendered | Refusal
