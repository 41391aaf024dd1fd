"""``writefile``: one file on a partition, whole or not at all."""

import re
from collections.abc import Callable

from boots_agent.actions import contents
from boots_agent.actions.confined import Owner, Tree
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.mounts import mounted

_MODE = re.compile(r"(?:0o)?([0-7]{1,5})")
_MOST = 0xFFFFFFFE  # the last number is "nobody asked" to chown


def writefile(context: Context) -> None:
    """Write it, and have it on the disk.

    Raises:
        ActionFailed: Something is missing or wrong; what was there before is still there.
    """
    path = context.required("DEST_PATH")
    content = _content(context)
    owner = Owner(
        _number(context, "UID"),
        _number(context, "GID"),
        _mode(context, "MODE", "0644"),
        _mode(context, "DIRMODE", "0755"),
    )
    device = context.required("DEST_DISK")
    with mounted(context, device, context.environment.get("FS_TYPE", ""), write=True) as root:
        try:
            Tree(root).write(path, content, owner)
        except OSError as error:
            raise ActionFailed(f"{path} on {device} cannot be written: {error.strerror}") from error
    context.say(f"{path} on {device}: {len(content)} bytes")


_SOURCES: tuple[tuple[str, Callable[[Context, str], bytes]], ...] = (
    ("CONTENTS", lambda _, said: said.encode()),
    ("STATIC_NETPLAN", lambda context, _: contents.netplan(context.machine)),
    (
        "STATIC_BOTTLEROCKET",
        lambda context, _: contents.bottlerocket(context.machine, context.required("IFNAME")),
    ),
    ("BOOTCONFIG_CONTENTS", lambda _, said: contents.bootconfig(said)),
    ("HEGEL_URLS", lambda context, _: contents.user_data(context.machine)),
)
_SWITCHES = frozenset({"STATIC_NETPLAN", "STATIC_BOTTLEROCKET"})


def _content(context: Context) -> bytes:
    given = [
        (name, make)
        for name, make in _SOURCES
        if (context.flag(name) if name in _SWITCHES else name in context.environment)
    ]
    if len(given) != 1:
        names = ", ".join(name for name, _ in _SOURCES)
        has = " and ".join(name for name, _ in given) or "none of them"
        raise ActionFailed(f"the file's content is one of {names}; given is {has}")
    ((name, make),) = given
    return make(context, context.environment.get(name, ""))


def _number(context: Context, name: str) -> int:
    said = context.environment.get(name) or "0"
    if not (said.isascii() and said.isdecimal() and int(said) <= _MOST):
        raise ActionFailed(f"{name} is a number like 0 or 1000; it is {said!r}")
    return int(said)


def _mode(context: Context, name: str, otherwise: str) -> int:
    said = context.environment.get(name) or otherwise
    match = _MODE.fullmatch(said)
    if match is None or int(match[1], 8) > 0o7777:
        raise ActionFailed(f"{name} is a mode in octal, like {otherwise}; it is {said!r}")
    return int(match[1], 8)
