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


VECTORS = [load(path) for path in sorted(FOLDER.glob("*.json"))]
