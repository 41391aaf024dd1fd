"""What viewers do not see: of records passwords, keys, and texts of a machine's own."""

import re
from typing import Any

VEILED = "(not for viewers)"
_SECRET = re.compile(
    r"pass|.*(password|passwd|passphrase|pwd|rootpw|psk|secret|token)|.*password_?hash"
    r"|(.*_)?(key|api_?key|private_?key)|(user|vendor|custom)_?data|crypted.*|.*_?credentials?"
    r"|script|contents|pxelinux|config(_?txt)?"
)
_OF_TEMPLATES = "values"
"""What templates may name: whatever it is called, it may be a secret."""


def veiled(value: Any) -> Any:
    """A record without the values of those names, at any depth."""
    match value:
        case dict():
            return {
                key: VEILED if each and _is_secret(key) else _inside(key, each)
                for key, each in value.items()
            }
        case list() | tuple():
            return [veiled(each) for each in value]
        case _:
            return value


def _inside(key: object, value: Any) -> Any:
    if key == _OF_TEMPLATES and isinstance(value, dict):
        return dict.fromkeys(value, VEILED)
    return veiled(value)


def _is_secret(key: object) -> bool:
    return isinstance(key, str) and _SECRET.fullmatch(key.lower().replace("-", "_")) is not None
