"""Which inputs of a corpus are worth being kept in the tree."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from fuzz import places
from fuzz.target import Target

_ROOM = 16_000  # bytes for each target; what failed once is kept besides
_LARGEST = 4096
_OURS = (str(places.ROOT / "src"), str(places.ROOT / "agent"))
_BY_FUZZER = "found-"

Line = tuple[str, int]


def keep(target: Target) -> int:
    """Keep the smallest inputs that go everywhere that the corpus goes; returns their size.

    What a person named stays.
    """
    for old in places.kept(target.name):
        if old.name.startswith(_BY_FUZZER):
            old.unlink()
    been: set[Line] = set()
    for known in (*target.seeds(), *(path.read_bytes() for path in places.kept(target.name))):
        been |= visited(target.run, known)
    size = 0
    for path in places.inputs(places.corpus(target.name)):
        data = path.read_bytes()
        if len(data) > _LARGEST or size + len(data) > _ROOM:
            continue
        seen = visited(target.run, data)
        if seen - been:
            been |= seen
            size += len(data)
            _write(target.name, data)
    return size


def _write(name: str, data: bytes) -> Path:
    folder = places.KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()[:12]
    path = folder / f"{_BY_FUZZER}{digest}"
    path.write_bytes(data)
    return path


def visited(run: Callable[[bytes], None], data: bytes) -> set[Line]:
    """The lines of ours that an input goes to."""
    been: set[Line] = set()

    def within(frame: FrameType, event: str, _: object) -> object:
        if event == "line":
            been.add((frame.f_code.co_filename, frame.f_lineno))
        return within

    def calls(frame: FrameType, _event: str, _: object) -> object:
        return within if frame.f_code.co_filename.startswith(_OURS) else None

    before = sys.gettrace()
    sys.settrace(calls)  # type: ignore[arg-type]  # a local trace may be any such function
    try:
        run(data)
    finally:
        sys.settrace(before)
    return been
