"""Domain names in the label form of RFC 1035 §4.1.4, as options 81 and 119 hold them."""

from boots.wire.malformed import Malformed

_LONGEST_NAME = 255  # RFC 1035 §2.3.4, with the root label at its end
_ROOT = 1
_MOST_LABELS = 127
_MOST_NAMES = 256  # a compressed name costs two bytes to send and 127 labels to read


def read(value: bytes, at: int) -> tuple[str, int]:
    """One domain name in the label form of RFC 1035 §4.1.4, and where the next one starts.

    Raises:
        Malformed: a label runs past the end, the name is too long, or its pointers do not lead
            backwards.
    """
    labels: list[str] = []
    follow, after, length, pointers = at, -1, _ROOT, 0
    while True:
        if follow >= len(value):
            raise Malformed("a domain name runs past the end of the option")
        size = value[follow]
        if size >= 0xC0:
            if follow + 1 >= len(value):
                raise Malformed("a domain name ends within a pointer")
            after = follow + 2 if after < 0 else after
            target = (size & 0x3F) << 8 | value[follow + 1]
            pointers += 1
            # Only backwards, and no more of them than a name can have labels: pointers that lead
            # to pointers would make a long option cost the square of its length.
            if target >= follow or pointers > _MOST_LABELS:
                raise Malformed("a domain name points forward, or points too often")
            follow = target
            continue
        if size > 63 or follow + 1 + size > len(value):
            raise Malformed("a label runs past the end of the option")
        if size == 0:
            break
        length += size + 1
        if length > _LONGEST_NAME:
            raise Malformed(f"a domain name is longer than {_LONGEST_NAME} bytes")
        labels.append(_label(value[follow + 1 : follow + 1 + size]))
        follow += 1 + size
    return ".".join(labels), (follow + 1 if after < 0 else after)


def _label(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Malformed("a domain name is not UTF-8") from None
    if "." in text:
        raise Malformed("a label holds a dot")
    return text


def write(name: str) -> bytes:
    """A domain name in label form, without compression.

    Raises:
        ValueError: a label is empty or longer than 63 bytes, or the whole longer than 255.
    """
    labels = [label.encode() for label in name.rstrip(".").split(".")]
    if any(not 0 < len(label) < 64 for label in labels):
        raise ValueError(f"{name!r} is not a domain name")
    raw = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(raw) > _LONGEST_NAME:
        raise ValueError(f"{name!r} is longer than a domain name can be")
    return raw


def read_all(value: bytes) -> tuple[str, ...]:
    """Domain names one behind the other, as those of option 119.

    Raises:
        Malformed: as `read`, or they are too many.
    """
    names: list[str] = []
    at = 0
    while at < len(value):
        if len(names) == _MOST_NAMES:
            raise Malformed(f"there are more than {_MOST_NAMES} domain names")
        name, at = read(value, at)
        names.append(name)
    return tuple(names)


def write_all(names: tuple[str, ...]) -> bytes:
    """Domain names one behind the other.

    Raises:
        ValueError: as `write`, for any of them.
    """
    return b"".join(map(write, names))
