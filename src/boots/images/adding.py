"""``boots image add``: an image into the folder that is published."""

import contextlib
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from boots.images.frames import Cut, cut, index_of
from boots_agent.images.feeds import Hashed
from boots_agent.images.http import Net
from boots_agent.images.reading import form_of_feed, head_of, known_size, open_feed, reader_of
from boots_agent.images.words import Damaged, Digest, Form, Unsuitable

INDEX = "index.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_PATIENCE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be added.

    Attributes:
        source: A path or URL.
        name: What it is published as.
        folder: What is published as ``images/``.
        digest: Of the source as it is there.
        level: How hard zstd works.
    """

    source: str
    name: str
    folder: Path
    digest: Digest | None = None
    level: int = 9


@dataclass(frozen=True, slots=True)
class Added:
    """What was made of it.

    Attributes:
        image: What was cut.
        form: What the source was.
        index_sha256: Of the index, which proves all the rest.
    """

    image: Cut
    form: Form
    index: Path
    index_sha256: str


def add(wanted: Wanted, tell: Callable[[int, int | None], None]) -> Added:
    """Make frames and an index; an earlier image of the name is replaced when all is there.

    `tell` hears how many bytes of the image are done, and of how many.

    Raises:
        ImageError: The image cannot be had, is broken, or is none; nothing has changed then.
        OSError: The folder cannot be written.
    """
    if not _NAME.fullmatch(wanted.name):
        raise Unsuitable(
            f"{wanted.name!r} is no name for an image; write lower-case letters, digits, . _ -"
        )
    algorithms = {wanted.digest.algorithm} if wanted.digest else set()
    net = Net(time.sleep, _PATIENCE)
    feed = Hashed(open_feed(wanted.source, net, proved=bool(algorithms)), frozenset(algorithms))
    with contextlib.closing(feed):
        head = head_of(feed)
        form = form_of_feed(head, feed, wanted.source, proved=bool(algorithms))
        if form is Form.FRAMED:
            raise Unsuitable(f"{wanted.source} is the index of an image that was added already")
        size = known_size(feed, form, head)
        wanted.folder.mkdir(parents=True, exist_ok=True)
        # Hidden folders are neither published nor watched.
        with (
            tempfile.TemporaryDirectory(dir=wanted.folder, prefix=".adding-") as work,
            (Path(work) / "frames").open("wb") as file,
        ):
            reader = reader_of(feed, form, head)
            sure = bool(algorithms) or form is not Form.RAW
            image = cut(reader, file, wanted.level, lambda done: tell(done, size), sure=sure)
            _prove(wanted, feed.digests())
            if not image.packed:
                raise Unsuitable(f"{wanted.source} holds nothing but zeros")
            _settled(file)
            return _publish(wanted, image, form, Path(work))


def _prove(wanted: Wanted, found: dict[str, str]) -> None:
    digest = wanted.digest
    if digest is not None and found[digest.algorithm] != digest.value:
        raise Damaged(
            f"{wanted.source} has {digest.algorithm}:{found[digest.algorithm]},"
            f" and should have {digest.value}"
        )


def _settled(file: IO[bytes]) -> None:
    """All of a file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def _named_for_good(folder: Path) -> None:
    """The names in a folder are on the disk; a share's may know of no such thing."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(opened)
    finally:
        os.close(opened)


def _publish(wanted: Wanted, image: Cut, form: Form, work: Path) -> Added:
    """Frames under a name that their content gives, then the index that names them."""
    place = wanted.folder / wanted.name
    place.mkdir(exist_ok=True)
    _named_for_good(wanted.folder)
    before = _named(place / INDEX)
    packed = f"{image.packed_sha256[:16]}.frames"
    index = index_of(image, wanted.name, packed)
    (work / "frames").replace(place / packed)
    _named_for_good(place)  # whoever loses power has no index without its frames
    with (work / INDEX).open("wb") as file:
        file.write(index)
        _settled(file)
    (work / INDEX).replace(place / INDEX)
    _named_for_good(place)
    # Machines that are under way with the last index still find its frames; older ones go.
    for old in place.glob("*.frames"):
        if old.name not in {packed, before}:
            old.unlink()
    return Added(image, form, place / INDEX, hashlib.sha256(index).hexdigest())


def _named(index: Path) -> str:
    """The frames that an index names, or nothing."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(index.read_bytes())["file"])
    return ""
