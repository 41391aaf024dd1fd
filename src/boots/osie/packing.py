"""Parts of an image compressed, each by itself, and files put in place whole."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from boots.osie.cpio import Entry, archive
from boots.osie.manifest import Output, Part
from boots.osie.programs import Unpacked

_ZSTD = "usr/bin/zstd"


class Packed(NamedTuple):
    """A part as it is sent."""

    part: Part
    data: bytes


class Packer:
    """Compresses parts, and keeps them by what is in them.

    The kernel unpacks archives that follow one another; so a part that did not change is not
    compressed again, and every part's size is known.
    """

    def __init__(self, tools: Unpacked, folder: Path, level: int) -> None:
        self._tools = tools
        self._folder = folder
        self._level = level

    def all(self, content: Mapping[str, list[Entry]]) -> list[Packed]:
        """Every part, as many at a time as there are processors."""
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            jobs = [pool.submit(self._pack, name, entries) for name, entries in content.items()]
            return [job.result() for job in jobs]

    def _pack(self, name: str, entries: list[Entry]) -> Packed:
        plain = b"".join(archive(entries))
        # Another zstd may compress the same bytes to others.
        key = hashlib.sha256(self._tools.content(_ZSTD) + plain).hexdigest()
        kept = self._folder / f"{key}-{self._level}.zst"
        if not kept.exists():
            command = (f"-{self._level}", "--single-thread", "--no-progress", "--stdout", "-")
            packed = self._tools.run(_ZSTD, *command, data=plain)
            self._folder.mkdir(parents=True, exist_ok=True)
            write(kept, packed)
        data = kept.read_bytes()
        return Packed(Part(name, len(entries), len(plain), len(data)), data)


def write(path: Path, data: bytes) -> Output:
    """Replace a file at once, so that nobody ever reads half of it, whoever loses power."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as new:
        fresh = Path(new.name)
        try:
            new.write(data)
            new.flush()
            fresh.chmod(0o644)
            os.fsync(new.fileno())
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)  # a full disk is not to be kept full by it
            raise
    _settle(path.parent)
    return Output(path.name, len(data), hashlib.sha256(data).hexdigest())


def _settle(folder: Path) -> None:
    """Bring the names in a folder to the disk; a share's folders may know of no such thing."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(opened)
    finally:
        os.close(opened)
