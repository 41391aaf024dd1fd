"""What an image of a container says of how it is started.  Pure."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from boots_agent.images.words import Damaged

_NOBODY, _DIGITS = 0xFFFFFFFF, 10
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Start(NamedTuple):
    """How it is started.

    Attributes:
        user: As the image says it: a name or a number, perhaps a colon and a group.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str
    user: str


def start_of(config: bytes, command: tuple[str, ...], environment: Mapping[str, str]) -> Start:
    """The image's configuration, with what the action says: its command is for the entrypoint.

    Raises:
        Damaged: It makes no sense, or starts nothing.
    """
    try:
        said = json.loads(config)
        own = said.get("config") or {}
        before = _texts(own.get("Entrypoint"))
        words = (*before, *(command or _texts(own.get("Cmd"))))
        pairs = dict(each.split("=", 1) for each in _texts(own.get("Env")))
        folder, user = str(own.get("WorkingDir") or "/"), str(own.get("User") or "")
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise Damaged(f"the image's configuration makes no sense: {error}") from error
    if not words:
        raise Damaged("the image starts nothing by itself: write a command")
    return Start(words, {"PATH": _PATH, **pairs, **environment}, folder, user)


def user_of(text: str, passwd: str, groups: str) -> tuple[int, int]:
    """The numbers of a user and a group, by the image's own files.

    Raises:
        Damaged: There is no such user or group.
    """
    name, _, group = text.partition(":")
    user, own = _user(name or "0", passwd)
    if not group:
        return user, own
    found = _fields(group, groups)
    if not _is_number(group) and found is None:
        raise Damaged(f"the image has no group {group!r}")
    return user, int(group) if found is None else int(found[2])


def _user(name: str, passwd: str) -> tuple[int, int]:
    found = _fields(name, passwd)
    if found is not None:
        return int(found[2]), int(found[3]) if _is_number(found[3]) else 0
    if not _is_number(name):
        raise Damaged(f"the image has no user {name!r}")
    return int(name), 0


def _fields(name: str, text: str) -> list[str] | None:
    """The line of a name or a number, in passwd or group."""
    for line in text.splitlines():
        fields = [*line.split(":"), "", "", ""]
        if name in {fields[0], fields[2]} and _is_number(fields[2]):
            return fields
    return None


def _is_number(text: str) -> bool:
    """Whether Linux could know somebody by it."""
    return text.isdecimal() and len(text) <= _DIGITS and int(text) < _NOBODY


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return tuple(map(str, value))
