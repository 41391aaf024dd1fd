"""The images of ours that templates may name, and what each needs of a disk."""

from collections.abc import Mapping
from pathlib import Path

import msgspec


class _Index(msgspec.Struct):
    size: int


_decode = msgspec.json.Decoder(_Index).decode


def sizes(folder: Path) -> Mapping[str, int]:
    """The bytes of each image in `boot.images`; 0 of what is no framed image."""
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return {}
    return {each.name: _size(each / "index.json") for each in found if each.name[0] != "."}


def _size(index: Path) -> int:
    try:
        return max(0, _decode(index.read_bytes()).size)
    except (OSError, msgspec.DecodeError):
        return 0
