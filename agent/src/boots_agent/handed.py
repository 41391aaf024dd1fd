"""What the server hands out: one action, and the disks that it may write."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Strange(ValueError):
    """What was handed out makes no sense to this agent."""


class Record(NamedTuple):
    """What arms one disk for one hand-out, as the server signed it."""

    said: Mapping[str, Any]

    @property
    def serial(self) -> str:
        """The serial number or WWN of the disk."""
        return str(self.said.get("serial", ""))

    def is_signed(self, key: str) -> bool:
        """Whether the server said this in the session of that key."""
        fields = {name: value for name, value in self.said.items() if name != "signature"}
        plain = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
        made = hmac.new(bytes.fromhex(key), plain, hashlib.sha256).hexdigest()
        return hmac.compare_digest(made, str(self.said.get("signature", "")))


class HandOut(NamedTuple):
    """One action, named by step and attempt.

    Attributes:
        timeout: Seconds; 0 for no limit.
        image: The container that is run, where the kind is that.
        volumes: And what of OSIE it sees.
    """

    step: int
    attempt: int
    part: str
    name: str
    kind: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    timeout: float
    terminal: bool
    machine: Mapping[str, Any]
    armed: tuple[Record, ...]
    image: str = ""
    volumes: tuple[str, ...] = ()


def read(said: Mapping[str, Any]) -> HandOut:
    """What was handed out.

    Raises:
        Strange: it makes no sense.
    """
    try:
        return HandOut(
            step=int(said["step"]),
            attempt=int(said["attempt"]),
            part=str(said.get("part", "action")),
            name=str(said["name"]),
            kind=str(said.get("kind", "")),
            command=tuple(map(str, said.get("command", ()))),
            environment={str(key): str(value) for key, value in said["environment"].items()},
            timeout=float(said.get("timeout", 0)),
            terminal=bool(said.get("terminal", False)),
            machine=dict(said.get("machine", {})),
            armed=tuple(Record(dict(each)) for each in said.get("armed", ())),
            image=str(said.get("image", "")),
            volumes=tuple(map(str, said.get("volumes", ()))),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Strange(f"the server hands out what makes no sense: {error!r}") from error
