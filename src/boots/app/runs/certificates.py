"""Proof that disks were erased: what the agent said of it (`signing` has it signed)."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from boots.app.runs.words import Kept
from boots.store.certificates import Line
from boots.store.run_lines import Line as Said
from boots.workflow.actions import kind_of

_SAYS = "certificate: "
_ERASES = frozenset({"wipe"})


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
            yield Line(kept.run.id, each.step, each.attempt, own.name, serial, now, plain(body))


def _read(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def plain(value: Any) -> str:
    """A value as one text: JSON with sorted keys, without blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
