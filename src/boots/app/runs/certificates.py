"""Proof that disks were erased: what the agent said of it, signed by this server."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from boots.app.runs.words import Kept
from boots.client.workflows import Certificate
from boots.store.certificates import Line
from boots.store.run_lines import Line as Said
from boots.workflow.actions import kind_of

_SAYS = "certificate: "
_ERASES = frozenset({"wipe"})
_LABEL = b"boots: certificates of erased disks"


def found(kept: Kept, worker: str, lines: Iterable[Said], now: float) -> Iterator[Line]:
    """The certificates among what an agent said: only of actions that erase, and of this run.

    Whatever else prints such a line, a script or another machine's agent, is no certificate.
    """
    own = kept.of(worker)
    for each in lines:
        if not each.text.startswith(_SAYS) or not 0 <= each.step < len(kept.run.steps):
            continue
        step = kept.run.steps[each.step]
        kind = kind_of(step.action)
        if step.worker != worker or kind is None or kind.name not in _ERASES:
            continue
        body = _read(each.text.removeprefix(_SAYS))
        disk = body.get("disk")
        if (body.get("run"), body.get("machine")) != (kept.run.id, own.name):
            continue
        serial = disk.get("serial") if isinstance(disk, dict) else None
        if isinstance(serial, str):
            yield Line(kept.run.id, each.step, each.attempt, own.name, serial, now, _plain(body))


def _read(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


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
        text = _plain(said)
        return Certificate(
            step=line.step + 1,
            attempt=line.attempt,
            machine=line.machine,
            serial=line.serial,
            at=line.at,
            text=text,
            signature=base64.b64encode(self._key.sign(text.encode())).decode(),
        )
