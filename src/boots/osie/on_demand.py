"""Modules beside the image: one archive, and an index of it that is within the image.

The agent finds a device without a driver, looks its modalias up in the index, and fetches the few
bytes of the archive that it needs.  Everything there has its SHA-256 in the index, so whoever has
the right image gets the right modules.
"""

import gzip
import hashlib
import json
import lzma
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from boots.osie.cpio import Entry, regular
from boots.osie.drivers import module_name, needs_of
from boots.osie.firmware import FOLDER, files, named_by, plain
from boots.osie.packing import write
from boots.osie.selecting import Chosen

INDEX = "usr/share/osie/modules.json.gz"
VERSION = 1

Pack = Callable[[bytes], bytes]


@dataclass(slots=True)
class _Archive:
    data: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, content: bytes, packed: bytes) -> dict[str, object]:
        """Where it is, and what it must hash to as it travels."""
        place = {
            "at": self.size,
            "packed": len(packed),
            "size": len(content),
            "sha256": hashlib.sha256(packed).hexdigest(),
        }
        self.data.append(packed)
        self.size += len(packed)
        return place


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside an image: the archive, its index as it goes into the image, its numbers."""

    archive: bytes
    index: Entry
    modules: int
    firmware: int


def parse_aliases(text: str) -> dict[str, list[str]]:
    """Read ``modules.alias``: each module's name, and the patterns of devices that it drives."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        words = line.split()
        # A pattern may hold blanks, and the module's name is the last word.
        if len(words) > 2 and words[0] == "alias":
            found.setdefault(words[-1].replace("-", "_"), []).append(" ".join(words[1:-1]))
    return found


def gather(chosen: Chosen, root: Path, pack: Pack) -> Beside:
    """Make the archive of the modules beside the image.

    Args:
        chosen: Which they are.
        root: The unpacked packages: what firmware of theirs these modules name goes along.
        pack: Compresses one file.
    """
    contents = [plain((chosen.tree / path).read_bytes()) for path in chosen.beside]
    with ThreadPoolExecutor() as pool:
        packed = list(pool.map(pack, contents))
    archive = _Archive()
    aliases = parse_aliases((chosen.tree / "modules.alias").read_text())
    by_name = {module_name(path): path for path in chosen.hard}
    modules: dict[str, object] = {}
    blobs: set[str] = set()
    for path, content, small in zip(chosen.beside, contents, packed, strict=True):
        needs = needs_of(path, chosen.hard, chosen.soft, by_name)
        wanted = named_by(content)
        blobs.update(wanted)
        modules[module_name(path)] = {
            **archive.add(content, small),
            "needs": [module_name(each) for each in needs],
            "firmware": list(wanted),
            "aliases": aliases.get(module_name(path), []),
        }
    loaded = {
        entry.path.removeprefix(f"{FOLDER}/"): archive.add(entry.data, pack(entry.data))
        for entry in files(root, blobs)
    }
    return _beside(archive, modules, loaded)


def _beside(
    archive: _Archive, modules: Mapping[str, object], firmware: Mapping[str, object]
) -> Beside:
    text = json.dumps(
        {"version": VERSION, "modules": modules, "firmware": firmware},
        sort_keys=True,
        separators=(",", ":"),
    )
    index = regular(INDEX, gzip.compress(text.encode(), mtime=0))
    return Beside(b"".join(archive.data), index, len(modules), len(firmware))


def packer(folder: Path, preset: int) -> Pack:
    """Compresses, and keeps what it compressed in a folder, by content."""

    def pack(content: bytes) -> bytes:
        kept = folder / f"{hashlib.sha256(content).hexdigest()}-{preset}.xz"
        if not kept.exists():
            folder.mkdir(parents=True, exist_ok=True)
            # No integrity check of its own: the index has a better one.
            write(kept, lzma.compress(content, check=lzma.CHECK_NONE, preset=preset))
        return kept.read_bytes()

    return pack
