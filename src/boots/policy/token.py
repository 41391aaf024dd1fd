"""Tokens: the part of a URL that opens one machine's metadata, and no other's.

A token is the machine's first MAC, and a seal of it that only the site's key makes: it need not
be kept, and is checked without looking anything up.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import ticket

_LENGTH = 43
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_RUN = re.compile(r"[A-Za-z0-9_-]{43,}")
_CODED = re.compile(r"(?:25)*[0-9A-Fa-f]{2}")  # a slash in a URL within a URL, once or twice
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
    """A text as it may be told to anybody, without tickets and what has the form of a token."""
    told, at = "", 0
    for start, end in _forms(text):
        told, at = f"{told}{text[at:start]}(a-token)", end
    return ticket.hidden(told + text[at:])


def told(text: str) -> tuple[str, ...]:
    """What `hidden` leaves out of a text, but for tickets."""
    return tuple(text[start:end] for start, end in _forms(text))


def stands_in(text: str, key: bytes) -> bool:
    """Whether a token of this key is anywhere in a text."""
    return any(mac_of(text[start:end], key) is not None for start, end in _forms(text))


def _forms(text: str) -> Iterator[tuple[int, int]]:
    """Where something stands that has the form of a token, in a URL or by itself."""
    for run in _RUN.finditer(text):
        start, end = run.span()
        coded = _CODED.match(text, start) if text[start - 1 : start] == "%" else None
        start = coded.end() if coded else start
        # What ssh tells of a key has the same form, and a person compares it.
        if end - start == _LENGTH and not text.endswith("SHA256:", 0, start):
            yield start, end


def url(known: Known, site: Site) -> str:
    """Below which URL a machine finds its metadata; empty where there is none.

    Strangers have no metadata.
    """
    if not site.token_key or known.stranger or not known.machine.interfaces:
        return ""
    return f"{site.http_url}/{of(known.machine.interfaces[0].mac, site.token_key)}"
