"""The vectors that the agent's and the server's tests share: a request and its answer each."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "vectors" / "agent"


@dataclass(frozen=True)
class Vector:
    name: str
    path: str
    content: dict[str, Any]
    status: int
    answer: dict[str, Any] | None
    text: str

    @property
    def body(self) -> bytes:
        return self.text.encode() if self.answer is None else json.dumps(self.answer).encode()


def load(path: Path) -> Vector:
    whole = json.loads(path.read_text())
    asked, answered = whole["request"], whole["response"]
    return Vector(
        path.stem,
        asked["path"],
        asked["content"],
        answered["status"],
        answered.get("content"),
        answered.get("text", ""),
    )


def _is_exchange(path: Path) -> bool:
    return "request" in json.loads(path.read_text())


VECTORS = [load(path) for path in sorted(FOLDER.glob("*.json")) if _is_exchange(path)]


@dataclass(frozen=True)
class Signed:
    """A record of an armed disk as it is handed out, and what of it is signed with which key."""

    key: bytes
    record: dict[str, Any]
    canonical: str


def armed() -> list[Signed]:
    """The vectors of records of armed disks."""
    whole = json.loads((FOLDER / "armed.json").read_text())
    return [Signed(bytes.fromhex(each["key"]), each["record"], each["canonical"]) for each in whole]
