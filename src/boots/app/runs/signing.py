"""Certificates of erased disks, signed by this server."""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from boots.app.runs.certificates import plain
from boots.client.workflows import Certificate
from boots.store.certificates import Line

_LABEL = b"boots: certificates of erased disks"


class Signer:
    """Signs with a key of Ed25519 that is made of the server's own."""

    def __init__(self, key: bytes) -> None:
        seed = hmac.new(key, _LABEL, hashlib.sha256).digest()
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> str:
        """By which everybody can tell what this server signed, as PEM."""
        return (
            self._key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )

    def signed(self, line: Line, server: str) -> Certificate:
        """A certificate with its signature."""
        said = {"certificate": json.loads(line.body), "kept": line.at, "server": server}
        text = plain(said)
        return Certificate(
            step=line.step + 1,
            attempt=line.attempt,
            machine=line.machine,
            serial=line.serial,
            at=line.at,
            text=text,
            signature=base64.b64encode(self._key.sign(text.encode())).decode(),
        )
