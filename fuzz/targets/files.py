"""What asks for files by name: TFTP from the request to the last ACK, and names alone."""

from collections.abc import Callable, Iterator
from typing import Any

from boots.policy.got import File, Refusal, Rendered, Script
from boots.serve.tftp import TftpDoor
from boots.transfer import LARGEST_WINDOW
from boots.wire import tftp
from fuzz import seeds
from fuzz.choices import Choices
from fuzz.house import ASKER, HIDDEN, INTERFACE, MACS, house
from fuzz.target import Target
from fuzz.told import Told

NAMES = (
    b"undionly.kpxe",
    b"//undionly.kpxe",
    b"\\undionly.kpxe\xff",
    b"../hidden",
    b"/../../hidden",
    b"..\\..\\hidden",
    b"published/../../hidden",
    b"%2e%2e/hidden",
    b"....//hidden",
    b"/etc/passwd",
    b"file:///etc/passwd",
    b"auto.ipxe",
    b"autoexec.ipxe",
    MACS[0].encode() + b"/auto.ipxe",
    MACS[0].encode() + b"/snponly.efi",
    MACS[0].replace(":", "-").encode() + b"/../hidden",
    b"pxelinux.cfg/01-52-54-00-00-00-01",
    b"pxelinux.cfg/default",
    b"grub/grub.cfg-01-52-54-00-00-00-01",
    b"10000001/config.txt",
    b"10000001/../hidden",
    b"nocloud/user-data",
    b"2009-04-04/user-data",
    b"2009-04-04/meta-data/public-keys/0/openssh-key",
    b"latest/meta-data/",
    b"tootles/instanceID/i-0/2009-04-04/user-data",
    b"tootles/instanceID/" + MACS[0].encode() + b"/2009-04-04/user-data",
    b"metadata",
    b"A" * 43 + b"/nocloud/user-data",
    MACS[0].encode() + b"/nocloud/user-data",
    b"iso/" + MACS[0].encode() + b"/disc.iso",
    b"undionly.kpxe-00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01",
    b"/".join([b"a"] * 2000),
    b"/" * 4000,
    b"a-" * 1000,
    b"ipxe/" * 400,
)
WORDS = (
    b"..",
    b"/",
    b"\\",
    b"%2e",
    b"hidden",
    b"auto.ipxe",
    b"nocloud/",
    b"latest/",
    b"\0",
    b"\xff",
)


def _name(data: bytes) -> None:
    """Nothing but published files and what was made for who asks; nothing of another machine."""
    there = house()
    text = data.decode(errors="surrogateescape")
    for over_tftp in (True, False):
        given = there.answers.fetch(INTERFACE, tftp=over_tftp)(text, ASKER)
        match given.what:
            case File(_, path):
                assert path in there.site.files.values(), path
            case Refusal(_, why):
                assert why
            case Script(script, _, _):
                assert HIDDEN.decode() not in script
            case Rendered(_, content, _, _):
                assert HIDDEN not in content
    there.answers.images(INTERFACE)(text, ASKER)


class _Box:
    """In place of a socket: what comes is put in, what leaves is kept."""

    def __init__(self) -> None:
        self.waiting: list[tuple[bytes, tuple[str, int]]] = []
        self.sent: list[tuple[bytes, tuple[str, int]]] = []

    def getsockname(self) -> tuple[str, int]:
        return "192.168.1.1", 69

    def setsockopt(self, *_: Any) -> None:
        raise OSError  # the kernel cuts nothing, each packet leaves by itself

    def recvfrom(self, _: int) -> tuple[bytes, tuple[str, int]]:
        if not self.waiting:
            raise BlockingIOError
        return self.waiting.pop(0)

    def sendto(self, data: bytes | memoryview, to: tuple[str, int]) -> int:
        self.sent.append((bytes(data), to))
        return len(data)

    def recv(self, _: int) -> bytes:
        raise BlockingIOError

    send = sendto


_PEERS = tuple((f"192.168.1.{7 + at}", 2000 + at) for at in range(3))
_MOST_STEPS = 32  # each asks, answers or lets time pass: what they take is taken together
_MODES = (b"octet", b"netascii", b"mail", b"OCTET")
_VALUES = (b"0", b"1", b"8", b"512", b"1428", b"65464", b"99999999999", b"-1", b"x", b"64", b"16")
_OPTIONS = (b"blksize", b"tsize", b"timeout", b"windowsize", b"BLKSIZE", b"multicast", b"")


def _transfers(data: bytes) -> None:
    """Clients that do anything: what leaves for each packet that came is bounded, and no secret."""
    choices, box, told = Choices(data), _Box(), Told()
    now = [1000.0]
    fetch = house().answers.fetch(INTERFACE, tftp=True)
    door = TftpDoor(box, fetch, told.record, lambda: now[0], 1500, single_port=True)  # type: ignore[arg-type]
    try:
        for _ in range(_MOST_STEPS):
            if choices.is_over:
                break
            before = len(box.sent)
            _STEPS[choices.number() % len(_STEPS)](choices, box, door, now)
            now[0] += 0.001
            _heard(box, door)
            assert len(box.sent) - before <= len(_PEERS) * LARGEST_WINDOW
        assert door.transfers <= len(_PEERS)
        assert not any(HIDDEN in packet for packet, _ in box.sent)
    finally:
        door._epoll.close()
    told.check()


def _heard(box: _Box, door: TftpDoor) -> None:
    """Let the door take what came; its clock stands still, and it takes all."""
    while box.waiting:
        door._requests()


def _any_packet(choices: Choices, box: _Box, _door: TftpDoor, _now: list[float]) -> None:
    box.waiting.append((choices.piece(), choices.pick(_PEERS)))


def _request(choices: Choices, box: _Box, _door: TftpDoor, _now: list[float]) -> None:
    peer, name = choices.pick(_PEERS), choices.pick(NAMES)[:400]
    parts = [name, choices.pick(_MODES)]
    for _ in range(choices.number() % 5):
        parts += (choices.pick(_OPTIONS), choices.pick(_VALUES))
    code = b"\0\2" if choices.number() == 7 else b"\0\1"
    box.waiting.append((code + b"\0".join(parts) + b"\0", peer))


def _ack(choices: Choices, box: _Box, _door: TftpDoor, _now: list[float]) -> None:
    """Of what was sent last to who answers, or of a block near it."""
    peer = choices.pick(_PEERS)
    off = choices.pick((0, 0, 0, 0, 1, -1, 5, -60, 0x8000))
    last = next((packet for packet, to in reversed(box.sent) if to == peer), b"\0\3\0\0")
    block = 0 if last[:2] == b"\0\6" else int.from_bytes(last[2:4])
    box.waiting.append((tftp.ack(block + off), peer))


def _error(choices: Choices, box: _Box, _door: TftpDoor, _now: list[float]) -> None:
    box.waiting.append((b"\0\5" + choices.take(2).ljust(2, b"\0") + choices.piece(), _PEERS[0]))


def _later(choices: Choices, _box: _Box, door: TftpDoor, now: list[float]) -> None:
    now[0] += choices.pick((0.05, 0.2, 0.5, 1.0, 6.0, 60.0))
    door._tick()


_STEPS: tuple[Callable[[Choices, _Box, TftpDoor, list[float]], None], ...] = (
    _request,
    _ack,
    _any_packet,
    _later,
    _error,
    _ack,
)


def _talks() -> Iterator[bytes]:
    """A request and some answers, of each peer; then what real clients sent."""
    for name in range(len(NAMES)):
        for options in (b"\0", b"\1\0\4", b"\4\0\4\1\1\2\1\3\5"):
            yield bytes([0, name % 3, name, 0]) + options + b"\0" + bytes([1, name % 3, 0]) * 12
    yield bytes([0, 0, 0, 0, 1, 0, 4, 0]) + bytes([3, 2]) * 30
    for data in seeds.tftp_packets():
        yield bytes([2, len(data) & 0xFF]) + data[:255] + bytes([0, 1, 0, 0, 3, 0])


TARGETS = (
    Target("names", _name, lambda: NAMES, on_loop=True, words=WORDS, longest=8192),
    Target("tftp.door", _transfers, _talks, on_loop=True, words=NAMES[:12], longest=1024),
)
