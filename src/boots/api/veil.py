"""What viewers do not see of a record: passwords, keys, and what an installer is told."""

import re
from typing import Any

VEILED = "(not for viewers)"
_SECRET = re.compile(
    r"pass(word|wd|phrase)?|.*(password|passwd|secret|token)|(private|ssh_host)_?key"
    r"|user_?data|vendor_?data|crypted.*|.*_?credentials?"
)


def veiled(value: Any) -> Any:
    """A record without the values of those names, at any depth."""
    match value:
        case dict():
            return {
                key: VEILED if each and _is_secret(key) else veiled(each)
                for key, each in value.items()
            }
        case list() | tuple():
            return [veiled(each) for each in value]
        case _:
            return value


def _is_secret(key: object) -> bool:
    return isinstance(key, str) and _SECRET.fullmatch(key.lower().replace("-", "_")) is not None
