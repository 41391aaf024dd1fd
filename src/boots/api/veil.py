"""What viewers do not see: of records passwords, keys, and texts of a machine's own.

Nor what URLs hold before the ``@``, and what they give behind the ``?``.
"""

import re
from typing import Any

from boots.model.urls import hidden

VEILED = "(not for viewers)"
_SECRET = re.compile(
    r"pass|.*(password|passwd|passphrase|pwd|rootpw|psk|secret|token)|.*password_?hash"
    r"|(.*_)?(key|api_?key|private_?key)|(user|vendor|custom)_?data|crypted.*|.*_?credentials?"
)
_OF_TEMPLATES = frozenset({"values", "custom"})
"""What templates may name: whatever it is called, it may be a secret."""

_TEXTS = {
    "": ("script", "pxelinux"),
    "interfaces": ("script", "pxelinux"),
    "raspberry_pi": ("config",),
    "netboot": ("ipxeScript",),
    "ipxe": ("contents",),
    "pxelinux": ("config",),
    "rpi": ("configTxt",),
}
"""Where texts of a machine's own stand: in a record itself, and below these keys of one."""


def veiled(value: Any, under: object = "") -> Any:
    """A record without the values of those names, at any depth; or what stands `under` a key."""
    match value:
        case dict():
            return {
                key: VEILED if each and _is_secret(key, under) else _inside(key, each)
                for key, each in value.items()
            }
        case list() | tuple():
            return [veiled(each, under) for each in value]
        case str() if "://" in value:
            return hidden(value)
        case _:
            return value


def _inside(key: object, value: Any) -> Any:
    if key in _OF_TEMPLATES and isinstance(value, dict):
        return dict.fromkeys(value, VEILED)
    return veiled(value, key)


def _is_secret(key: object, under: object) -> bool:
    if not isinstance(key, str):
        return False
    named = _SECRET.fullmatch(key.lower().replace("-", "_")) is not None
    return named or (isinstance(under, str) and key in _TEXTS.get(under, ()))
