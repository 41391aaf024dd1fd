"""What a file system calls itself: its UUID and its label, as udev writes them."""

import re
import struct
import uuid
from collections.abc import Callable
from typing import NamedTuple

_UNSAFE = re.compile(r"[^0-9A-Za-z#+\-.:=@_\u0080-\U0010ffff]")
_NO_NAME = "NO NAME"
LOOKED_AT = 66_091  # bytes from the start: up to the label of btrfs


class Names(NamedTuple):
    """A file system's UUID and label; empty where it has none."""

    uuid: str = ""
    label: str = ""


def names_of(start: bytes) -> Names:
    """What stands in the first `LOOKED_AT` bytes of a device."""
    for offset, magic, read in _FORMS:
        if start[offset : offset + len(magic)] == magic:
            return read(start)
    return Names()


def encoded(label: str) -> str:
    r"""A label as a name: a slash is ``_``, all else that is not safe ``\x20`` and so on."""
    return _UNSAFE.sub(
        lambda match: "".join(rf"\x{byte:02x}" for byte in match[0].encode()),
        label.replace("/", "_"),
    )


def _ext(start: bytes) -> Names:
    return Names(_guid(start[1128:1144]), _text(start[1144:1160]))


def _xfs(start: bytes) -> Names:
    return Names(_guid(start[32:48]), _text(start[108:120]))


def _btrfs(start: bytes) -> Names:
    return Names(_guid(start[65568:65584]), _text(start[65835:66091]))


def _swap(start: bytes) -> Names:
    return Names(_guid(start[1036:1052]), _text(start[1052:1068]))


def _luks(start: bytes) -> Names:
    label = _text(start[24:72]) if start[7:8] == b"\x02" else ""
    return Names(_text(start[168:208]), label)


def _fat(at: int) -> Callable[[bytes], Names]:
    def read(start: bytes) -> Names:
        (number,) = struct.unpack_from("<I", start, at)
        label = start[at + 4 : at + 15].decode("latin-1").strip("\0 ")
        told = f"{number >> 16:04X}-{number & 0xFFFF:04X}" if number else ""
        return Names(told, "" if label == _NO_NAME else label)

    return read


_FORMS: tuple[tuple[int, bytes, Callable[[bytes], Names]], ...] = (
    (0, b"LUKS\xba\xbe", _luks),
    (0, b"XFSB", _xfs),
    (1080, b"\x53\xef", _ext),
    (65600, b"_BHRfS_M", _btrfs),
    (4086, b"SWAPSPACE2", _swap),
    (82, b"FAT32   ", _fat(67)),
    (54, b"FAT1", _fat(39)),
)


def _guid(raw: bytes) -> str:
    return str(uuid.UUID(bytes=raw)) if len(raw) == 16 and raw.strip(b"\0") else ""


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode(errors="replace").strip()
