"""Records of armed disks: what an agent must be shown before it writes one, signed.

The fields are those of the agent's protocol (``docs/reference/agent.md``).
"""

import hashlib
import hmac
import json
from collections.abc import Collection, Iterable
from typing import Any

from msgspec.structs import asdict

from boots.model.arming import Policy
from boots.model.word import Word
from boots.workflow.actions import kind_of, touches
from boots.workflow.arming import Resolved
from boots.workflow.disks import is_stacked
from boots.workflow.native import Use
from boots.workflow.words import Action


class NotArmed(Exception):
    """An action would write a disk that nobody armed; the text says which and why."""


class Record(Word, frozen=True):
    """One disk that one hand-out may write, once, and not after `expires`.

    `taken` says that the run had the disk before: what it holds is its own.
    """

    machine: str
    run: str
    step: int
    attempt: int
    path: str
    serial: str
    size: int
    policy: Policy
    known: tuple[str, ...] = ()
    taken: bool = False
    expires: float = 0.0

    def fields(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {**asdict(self), "policy": self.policy.value, "known": list(self.known)}

    def canonical(self) -> bytes:
        """What is signed: JSON with sorted keys, without blanks, in ASCII."""
        return json.dumps(self.fields(), sort_keys=True, separators=(",", ":")).encode()

    def signed(self, key: bytes) -> dict[str, Any]:
        """What is handed out; `key` is the session's, 32 bytes."""
        signature = hmac.new(key, self.canonical(), hashlib.sha256).hexdigest()
        return {**self.fields(), "signature": signature}


class Terms(Word, frozen=True):
    """Whose records these are, and until when they are good."""

    machine: str
    run: str
    step: int
    attempt: int
    policy: Policy
    expires: float
    taken: Collection[str] = ()


def records(
    terms: Terms,
    action: Action,
    worker: str,
    resolved: Iterable[Resolved],
    storage: Any = None,
) -> tuple[Record, ...]:
    """The records of an action: of each disk that it writes, and of no other.

    What writes to an array or a volume gets those of the disks that were armed as a whole, on
    which it stands.

    Raises:
        NotArmed: it writes a disk that may not be written, or a run without arming has none.
    """
    own = [each for each in resolved if each.worker == worker]
    if kind_of(action) is None:
        return tuple(_record(terms, each) for each in _all(action.name, own))
    found: dict[str, Resolved] = {}
    for touch in touches(action, storage):
        if touch.use is not Use.READS:
            # One disk by two names is one record: the agent takes it by its serial number.
            found |= {each.serial: each for each in _meant(touch.disk, action.name, own)}
    return tuple(_record(terms, each) for each in found.values())


def _all(action: str, own: list[Resolved]) -> list[Resolved]:
    """Every disk of the run: a container may write them all, whichever it was written for."""
    found = {each.serial: each for each in own for _ in _meant(each.path, action, own)}
    return list(found.values())


def _meant(path: str, action: str, own: list[Resolved]) -> list[Resolved]:
    if is_stacked(path):
        below = [each for each in own if each.whole and not is_stacked(each.path)]
    else:
        below = [each for each in own if each.path == path]
    for each in below:
        if not each.armed:
            why = each.problem or "the machine has not told its disks yet"
            raise NotArmed(f"{action} would write {each.path}: {why}")
    if not below:
        raise NotArmed(f"{action} would write {path}, and nobody armed it")
    return below


def _record(terms: Terms, disk: Resolved) -> Record:
    return Record(
        machine=terms.machine,
        run=terms.run,
        step=terms.step,
        attempt=terms.attempt,
        path=disk.path,
        serial=disk.serial,
        size=disk.size,
        policy=terms.policy,
        known=disk.known,
        taken=disk.serial in terms.taken,
        expires=terms.expires,
    )
