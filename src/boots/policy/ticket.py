"""Tickets: with one an agent begins its session, once, within half an hour.

A ticket is an expiry, a nonce, and a seal over both, the machine's MAC and the run, which only the
site's key makes.  It need not be kept; that it was used is kept with the run.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from boots.model import mac as macs
from boots.model.mac import Mac

LASTS = 1800.0
"""Seconds that a ticket is good for."""

ARGUMENT = "boots.ticket="
"""What stands before it among the kernel arguments."""

NONCE = 12
"""Bytes of chance in each."""

_EXPIRY, _SEAL = 5, 22
_FORM = re.compile(r"[A-Za-z0-9_-]{52}")
_IN_TEXT = re.compile(rf"(?<={re.escape(ARGUMENT)})[A-Za-z0-9_-]+")


class Ticket(NamedTuple):
    """What a good ticket says."""

    expires: int
    nonce: str


def make(mac: Mac, run: str, expires: float, nonce: bytes, key: bytes) -> str:
    """A ticket for a machine's MAC and its run."""
    head = int(expires).to_bytes(_EXPIRY, "big") + nonce[:NONCE]
    return urlsafe_b64encode(head + _seal(mac, run, head, key)).rstrip(b"=").decode()


def read(text: str, mac: Mac, run: str, key: bytes) -> Ticket | None:
    """What a ticket says; None where it is none of this key's for this machine and run."""
    if not key or _FORM.fullmatch(text) is None:
        return None
    raw = urlsafe_b64decode(text)
    head, seal = raw[: _EXPIRY + NONCE], raw[_EXPIRY + NONCE :]
    if not hmac.compare_digest(seal, _seal(mac, run, head, key)):
        return None
    return Ticket(int.from_bytes(head[:_EXPIRY], "big"), head[_EXPIRY:].hex())


def _seal(mac: Mac, run: str, head: bytes, key: bytes) -> bytes:
    said = b"ticket of " + macs.to_bytes(mac) + head + run.encode()
    return hmac.digest(key, said, "sha256")[:_SEAL]


def hidden(text: str) -> str:
    """A text as it may be told to anybody: without the tickets in it."""
    return _IN_TEXT.sub("(a-ticket)", text) if ARGUMENT in text else text
