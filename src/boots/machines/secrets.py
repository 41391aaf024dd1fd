"""Records as they may be shown: what a viewer reads holds no password.

What is shown may come back changed, as who edits a record sends the whole of it: `restored` puts
in again what was hidden.
"""

import re
from collections.abc import Mapping
from typing import Any

from boots.model.bmc import HIDDEN

# What the keys of secrets end in, whether they are written api_key, apiKey or api-key.
_ENDINGS = (
    "password",
    "passwd",
    "passphrase",
    "passwordhash",
    "secret",
    "token",
    "apikey",
    "privatekey",
)
_USER = re.compile(r"(?<=://)[^/?#@\s]+@")
# What a secret beside it is told to, as whom, and how that is proved.
_TO_WHOM = ("url", "username", "verify", "authority")
_NOTHING = (None, "", HIDDEN)


def without_secrets(record: Any) -> Any:
    """A record with `HIDDEN` in place of all that must not be shown.

    That is what stands behind keys whose names say so, the data of a Kubernetes Secret, and the
    user names and passwords in URLs.  Other text stays as it is: user data may hold secrets, and
    nothing tells them.
    """
    if isinstance(record, dict):
        inside = {"data", "stringData"} if record.get("kind") == "Secret" else set[str]()
        return {
            key: _hidden(value) if key in inside or _is_secret(key) else without_secrets(value)
            for key, value in record.items()
        }
    if isinstance(record, list):
        return [without_secrets(each) for each in record]
    return _USER.sub(f"{HIDDEN}@", record) if isinstance(record, str) else record


def restored(shown: Any, record: Any) -> Any:
    """What came back, with the secrets of `record` where it still has what stood for them.

    In a list only what did not change itself is known again.  Beside another ``url``, user name or
    way to prove who is there no secret is: it would be told to whoever that is.  Nor is any where
    a ``connection`` changed: of Tinkerbell's objects one says where, and another has the password.
    """
    hidden = without_secrets(record)
    if _connections(shown) != _connections(hidden):
        return shown
    return _restored(shown, record)


def _restored(shown: Any, record: Any) -> Any:
    hidden = without_secrets(record)
    if shown == hidden:
        return record
    if isinstance(shown, dict) and isinstance(record, dict):
        moved = any(shown.get(key) != hidden.get(key) for key in _TO_WHOM)
        return {
            key: record[key]
            if key in record and value == hidden[key] and not moved
            else _restored(value, None if moved else record.get(key))
            for key, value in shown.items()
        }
    if isinstance(shown, list) and isinstance(record, list):
        known = [(without_secrets(each), each) for each in record]
        return [next((own for seen, own in known if seen == one), one) for one in shown]
    return shown


def _connections(value: Any) -> list[Any]:
    """What says in a Machine of Tinkerbell's where a BMC is, wherever it stands in a record."""
    if isinstance(value, list):
        return [found for each in value for found in _connections(each)]
    if not isinstance(value, dict):
        return []
    own = [value["connection"]] if "connection" in value else []
    return own + [found for each in value.values() for found in _connections(each)]


def files_named(record: Mapping[str, Any]) -> list[str]:
    """The keys of a record that name files of the server's own.

    Who may write a record from afar must not have the server read any file it can, and send what
    is in it to a BMC of their own.
    """
    own = record.get("bmc")
    if not isinstance(own, dict):
        return []
    paths = {"password_file": own.get("password_file"), "verify": own.get("verify")}
    return [f"bmc.{key}" for key, path in paths.items() if isinstance(path, str) and "/" in path]


def _is_secret(key: Any) -> bool:
    return isinstance(key, str) and re.sub("[ _-]", "", key.lower()).endswith(_ENDINGS)


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_hidden(each) for each in value]
    return value if value in _NOTHING else HIDDEN
