"""The words of image writing: what is asked for, how it goes, how it ended, and why not."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from boots_agent.images.armed import Armed

MIB = 1 << 20
BLOCK = 4 * MIB  # what is decoded, hashed and written in one piece
_LENGTHS = {"sha256": 64, "sha512": 128}


class State(Enum):
    """What a failed run left on the disk."""

    UNTOUCHED = "untouched"
    PARTIAL = "partial"  # no partition table, so nothing boots
    DOUBTFUL = "doubtful"  # all was written, but what was read back is not it


class ImageError(Exception):
    """Why an image was not written; the text is for people."""

    def __init__(self, why: str, state: State = State.UNTOUCHED) -> None:
        super().__init__(why)
        self.state = state


class Damaged(ImageError):
    """The image is not what it should be: cut short, broken, another digest."""


class Unreachable(ImageError):
    """The image cannot be had, or not within the patience."""


class Unsuitable(ImageError):
    """The image is whole as far as is known, but cannot go on this disk, or not this way."""


class DiskFailed(ImageError):
    """The disk did not do what it was told."""


class Of(Enum):
    """What a digest is of."""

    SENT = "sent"  # the file at the URL as it travels; of a framed image that is the index
    IMAGE = "image"  # what the disk shall hold


@dataclass(frozen=True, slots=True)
class Digest:
    """What bytes must hash to.

    Attributes:
        algorithm: ``sha256`` or ``sha512``.
        value: Lower-case hexadecimal.
    """

    of: Of
    algorithm: str
    value: str


def read_digest(text: str, of: Of) -> Digest:
    """A digest as people write it: ``sha256:…``, ``sha512:…``, or the bare number.

    Raises:
        ValueError: It is none.
    """
    algorithm, colon, value = text.strip().lower().rpartition(":")
    if not colon:
        by_length = {length: name for name, length in _LENGTHS.items()}
        algorithm = by_length.get(len(value), "")
    if _LENGTHS.get(algorithm) != len(value) or not re.fullmatch("[0-9a-f]+", value):
        raise ValueError(f"{text!r} is no digest; write sha256: or sha512: and its hexadecimal")
    return Digest(of, algorithm, value)


class Form(Enum):
    """How an image is packed, as its first bytes say."""

    RAW = "raw"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"
    QCOW2 = "qcow2"
    FRAMED = "framed"  # the index that `boots image add` writes
    TAR = "tar"


@dataclass(frozen=True, slots=True)
class Job:
    """One image for one disk.

    Attributes:
        url: ``http://``, ``https://``, ``file://`` or a path.
        disk: The device's path.
        armed: What allows the disk to be written.
        digests: All must hold.
        form: What the image must be; None takes what its first bytes say.
        verify: Read all back before the partition table is written.
        reuse: Frames that are on the disk already are not fetched (framed images).
    """

    url: str
    disk: str
    armed: Armed
    digests: tuple[Digest, ...] = ()
    form: Form | None = None
    verify: bool = False
    reuse: bool = True


class Progress(NamedTuple):
    """How far a run is.

    Attributes:
        phase: ``write`` or ``verify``.
        done: Bytes of the image that are dealt with.
        total: Bytes of the image; None as long as it is not known.
        sent: Bytes that travelled.
        rate: Bytes of the image a second, lately.
        eta: Seconds to the end of this phase; None where nobody can say.
    """

    phase: str
    done: int
    total: int | None
    sent: int
    rate: float
    eta: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """An image that is on its disk, flushed, with its partition table.

    Attributes:
        size: Bytes of the image.
        written: Bytes written to the disk as data.
        zeroed: Bytes that are zero in the image, and were made so without being written out.
        reused: Bytes that were on the disk already.
        sent: Bytes that travelled.
        digests: Those that were asked for, and held.
        verified: All was read back.
        seconds: How long it took.
    """

    form: Form
    size: int
    written: int
    zeroed: int
    reused: int
    sent: int
    digests: tuple[Digest, ...]
    verified: bool
    seconds: float
