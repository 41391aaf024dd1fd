"""Tokens: the part of a URL that opens one machine's metadata, and no other's.

A token is the machine's first MAC, and a seal of it that only the site's key makes: it need not
be kept, and is checked without looking anything up.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import ticket

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_IN_URL = re.compile(r"(?<=/)[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
_SEAL = 26  # bytes of HMAC-SHA256; with those of the MAC they are 32


def of(mac: Mac, key: bytes) -> str:
    """The token of the machine whose first MAC this is."""
    head = macs.to_bytes(mac)
    return urlsafe_b64encode(head + _seal(head, key)).rstrip(b"=").decode()


def mac_of(text: str, key: bytes) -> Mac | None:
    """The MAC that a token is for; None if it is none of this key's."""
    if not key or not is_one(text):
        return None
    raw = urlsafe_b64decode(f"{text}=")
    if not hmac.compare_digest(raw[6:], _seal(raw[:6], key)):
        return None
    return macs.from_bytes(raw[:6])


def _seal(head: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"metadata of " + head, "sha256")[:_SEAL]


def is_one(text: str) -> bool:
    """Whether a text has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def hidden(text: str) -> str:
    """A script as it may be told to anybody, without tickets and what looks like a URL's token."""
    return ticket.hidden(_IN_URL.sub("(a-token)", text))


def is_within(path: str, key: bytes) -> bool:
    """Whether a token of this key is anywhere in a path, which then must be in no log."""
    return any(mac_of(part, key) is not None for part in path.split("/"))


def stands_in(text: str, key: bytes) -> bool:
    """Whether a token of this key is anywhere in a text."""
    return any(mac_of(found, key) is not None for found in _IN_URL.findall(text))


def url(known: Known, site: Site) -> str:
    """Below which URL a machine finds its metadata; empty where there is none.

    Strangers have no metadata.
    """
    if not site.token_key or known.stranger or not known.machine.interfaces:
        return ""
    return f"{site.http_url}/{of(known.machine.interfaces[0].mac, site.token_key)}"
