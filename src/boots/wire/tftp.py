"""TFTP: RFC 1350 (the six packets), 2347 (options, OACK), 2348, 2349 and 7440 (the options)."""

import enum
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from boots.wire.malformed import Malformed

PORT = 69
DEFAULT_BLKSIZE = 512

# Option names of the RFCs, lower-case: they are compared without case (RFC 2347).
BLKSIZE = "blksize"
TIMEOUT = "timeout"
TSIZE = "tsize"
WINDOWSIZE = "windowsize"


class Opcode(enum.IntEnum):
    """The first two bytes of every packet."""

    RRQ = 1
    WRQ = 2
    DATA = 3
    ACK = 4
    ERROR = 5
    OACK = 6


class ErrorCode(enum.IntEnum):
    """RFC 1350 appendix I, RFC 2347 for 8."""

    UNDEFINED = 0
    NOT_FOUND = 1
    ACCESS_VIOLATION = 2
    DISK_FULL = 3
    ILLEGAL_OPERATION = 4
    UNKNOWN_TRANSFER = 5
    FILE_EXISTS = 6
    NO_SUCH_USER = 7
    OPTION_REFUSED = 8


_HEAD = struct.Struct("!HH").pack
_NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Request:
    """RRQ, or WRQ when `write`: a file name, a mode in lower case, options by lower-case name."""

    name: str
    mode: str = "octet"
    options: Mapping[str, str] = field(default_factory=lambda: _NO_OPTIONS)
    write: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """One block; one shorter than the block size is the last."""

    block: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """Blocks up to this one have arrived (RFC 7440: of the window); 0 answers an OACK."""

    block: int


@dataclass(frozen=True, slots=True)
class Error:
    """The end of a transfer; `message` is what the client shows on its screen."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class OptionAck:
    """OACK: the options the server takes, by lower-case name."""

    options: Mapping[str, str]


Packet = Request | Data | Ack | Error | OptionAck


def decode(data: bytes) -> Packet:
    """Read one packet.

    Raises:
        Malformed: unknown opcode, a missing NUL, text that is not UTF-8, a short packet.
    """
    if len(data) < 4:
        raise Malformed(f"{len(data)} bytes are too few for a TFTP packet")
    opcode, number = int.from_bytes(data[:2]), int.from_bytes(data[2:4])
    if opcode == Opcode.ACK:
        return Ack(number)  # bytes behind it are padding of tunnels and short frames
    if opcode in {Opcode.RRQ, Opcode.WRQ}:
        return _request(data[2:], write=opcode == Opcode.WRQ)
    rest = data[4:]
    if opcode == Opcode.DATA:
        return Data(number, rest)
    if opcode == Opcode.ERROR:
        # Some clients leave out the NUL at the end; the message is clear all the same.
        return Error(number, rest.partition(b"\0")[0].decode(errors="replace"))
    if opcode == Opcode.OACK:
        return OptionAck(MappingProxyType(_options(_strings(data[2:]))))
    raise Malformed(f"no TFTP packet has opcode {opcode}")


def _request(body: bytes, *, write: bool) -> Request:
    named, *rest = body.split(b"\0", 2)
    if len(rest) < 2:
        raise Malformed("a request without a name or a mode")
    # ROMs that read option 67 past its end take the END of the options, 255, for a letter.
    name, mode = _strings(named.rstrip(b"\xff") + b"\0" + rest[0] + b"\0")
    if not name or not mode:
        raise Malformed("a request without a name or a mode")
    # Behind the mode stand options or padding, and nobody asks for what is not UTF-8.
    options = [part.decode(errors="replace") for part in rest[1].split(b"\0")[:-1]]
    return Request(name, mode.lower(), MappingProxyType(_options(options)), write)


def _strings(body: bytes) -> list[str]:
    """The NUL-terminated strings of a packet; what follows the last NUL is padding."""
    try:
        return [part.decode() for part in body.split(b"\0")[:-1]]
    except UnicodeDecodeError:
        raise Malformed("text is not UTF-8") from None


def _options(strings: list[str]) -> dict[str, str]:
    # RFC 2347: an option may come once; of a repeated one the first counts.  An odd string at
    # the end, or empty names (zero padding read as strings), are no options.
    found: dict[str, str] = {}
    for name, value in zip(strings[::2], strings[1::2], strict=False):
        if name:
            found.setdefault(name.lower(), value)
    return found


def encode(packet: Packet) -> bytes:
    """Write one packet.

    Raises:
        ValueError: a text holds a NUL.
    """
    match packet:
        case Request(name, mode, options, write):
            opcode = Opcode.WRQ if write else Opcode.RRQ
            return opcode.to_bytes(2) + _texts(name, mode, *_flat(options))
        case Data(block, data):
            return Opcode.DATA.to_bytes(2) + block.to_bytes(2) + data
        case Ack(block):
            return Opcode.ACK.to_bytes(2) + block.to_bytes(2)
        case Error(code, message):
            return Opcode.ERROR.to_bytes(2) + code.to_bytes(2) + _texts(message)
        case OptionAck(options):
            return Opcode.OACK.to_bytes(2) + _texts(*_flat(options))


def ack(block: int) -> bytes:
    """The ACK of a block, numbered as those of `data_packets`.

    What `encode` writes, for a fifth of its cost: an enum is slow to look up.
    """
    return _HEAD(4, block & 0xFFFF)


def data_packets(block: int, content: bytes | memoryview, blksize: int, count: int) -> bytes:
    """The DATA packets of `count` blocks, one after another, the first of them numbered `block`.

    Numbers wrap to 0 (what RFC 1350 leaves open, every client of large files expects).
    """
    parts: list[bytes | memoryview] = []
    for number in range(block, block + count):
        at = (number - block) * blksize
        parts += (_HEAD(3, number & 0xFFFF), content[at : at + blksize])
    return b"".join(parts)


def _flat(options: Mapping[str, str]) -> list[str]:
    return [text for item in options.items() for text in item]


def _texts(*texts: str) -> bytes:
    if any("\0" in text for text in texts):
        raise ValueError("a TFTP text cannot hold a NUL")
    return b"".join(text.encode() + b"\0" for text in texts)
