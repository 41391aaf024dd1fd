"""Images that tests make, packed in every way, and disks to write them to."""

import bz2
import gzip
import hashlib
import lzma
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from boots_agent.images.armed import Armed, Policy
from boots_agent.images.pack import Packer
from boots_agent.images.words import Digest, Job, Of, Progress, Result
from boots_agent.images.writer import World, write_image

MIB = 1 << 20
PAGE = 4096


def pattern(pages: int, seed: str = "") -> bytes:
    """Pages of zeros, of noise, and of text, in turn; the first has the mark of an MBR."""
    made = [_page(number, seed) for number in range(pages)]
    made[0] = made[0][:510] + b"\x55\xaa" + made[0][512:]
    return b"".join(made[:-1]) + b"end of the image".rjust(PAGE, b".")


def _page(number: int, seed: str) -> bytes:
    if number % 5 == 3 or 300 <= number % 1000 < 700:
        return bytes(PAGE)
    first = hashlib.sha256(f"{seed}{number}".encode()).digest()
    if number % 5 == 1:
        return b"".join(hashlib.sha256(first + bytes([n])).digest() for n in range(PAGE // 32))
    return (f"page {number} " + first.hex()).encode().ljust(PAGE, b" ")


def zstd(content: bytes, pieces: int = 3) -> bytes:
    packer = Packer(3)
    return b"".join(packer.frame(memoryview(bytearray(each))) for each in split(content, pieces))


def split(content: bytes, pieces: int) -> list[bytes]:
    step = -(-len(content) // pieces) or 1
    return [content[at : at + step] for at in range(0, len(content), step)] or [b""]


def members(pack: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Packed in two members, as `cat a.gz b.gz` makes them."""
    return lambda content: b"".join(pack(each) for each in split(content, 2))


def qcow2(
    content: bytes, *, bits: int = 12, packed: bool = False, backwards: bool = False
) -> bytes:
    """A qcow2 image of version 3; its clusters in the order of the disk, or in the other one."""
    cluster = 1 << bits
    parts = [content[at : at + cluster] for at in range(0, len(content), cluster)]
    entries = cluster // 8
    tables = -(-len(parts) // entries)
    l1_clusters = -(-tables * 8 // cluster)
    first_table = 1 + l1_clusters
    l2 = [[0] * entries for _ in range(tables)]
    body = bytearray()
    start = (first_table + tables) * cluster
    order = list(enumerate(parts))
    for number, part in reversed(order) if backwards else order:
        if not part.strip(b"\0"):
            l2[number // entries][number % entries] = 1 if number % 2 else 0
            continue
        whole = part.ljust(cluster, b"\0")
        place = start + len(body)
        small = _deflated(whole) if packed else whole
        if len(small) < cluster:
            split_at = 62 - (bits - 8)
            sectors = (place % 512 + len(small) - 1) // 512
            l2[number // entries][number % entries] = 1 << 62 | sectors << split_at | place
            body += small
        else:
            body += bytes(-len(body) % cluster)
            place = start + len(body)
            l2[number // entries][number % entries] = 1 << 63 | place
            body += whole
    l1 = [1 << 63 | (first_table + number) * cluster for number in range(tables)]
    head = struct.pack(
        ">4sIQIIQIIQQIIQQQQII", b"QFI\xfb", 3, 0, 0, bits, len(content), 0, tables, cluster,
        0, 0, 0, 0, 0, 0, 0, 4, 104,
    )  # fmt: skip
    tables_bytes = b"".join(struct.pack(f">{entries}Q", *table) for table in l2)
    l1_bytes = struct.pack(f">{tables}Q", *l1).ljust(l1_clusters * cluster, b"\0")
    return head.ljust(cluster, b"\0") + l1_bytes + tables_bytes + bytes(body)


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -12)
    return packer.compress(content) + packer.flush()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "raw": bytes,
    "gzip": members(lambda content: gzip.compress(content, 1, mtime=0)),
    "bzip2": members(lambda content: bz2.compress(content, 1)),
    "xz": members(lambda content: lzma.compress(content, preset=0)),
    "zstd": zstd,
    "qcow2": qcow2,
    "qcow2 packed": lambda content: qcow2(content, packed=True),
    "qcow2 backwards": lambda content: qcow2(content, backwards=True),
}


def disk(path: Path, size: int, fill: bytes = b"") -> Path:
    """A file that stands for a disk; `fill` is all over it."""
    with path.open("wb") as file:
        if fill:
            file.write((fill * (size // len(fill) + 1))[:size])
        else:
            file.truncate(size)
    return path


def armed(path: Path, policy: Policy = Policy.FORCE, run: str = "run-1") -> Armed:
    size = path.stat().st_size
    return Armed("52:54:00:12:34:56", run, f"file:{path.resolve()}", size, policy)


def of_image(content: bytes) -> Digest:
    return Digest(Of.IMAGE, "sha256", hashlib.sha256(content).hexdigest())


def of_sent(content: bytes) -> Digest:
    return Digest(Of.SENT, "sha512", hashlib.sha512(content).hexdigest())


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def world(self, patience: float = 10) -> World:
        return World(clock=self, sleep=self.sleep, patience=patience)


def ignore(_progress: Progress) -> None:
    """Nobody looks."""


def write(url: str | Path, path: Path, *digests: Digest, **more: object) -> Result:
    """Write an image with everything else as it mostly is."""
    clock = more.pop("clock", None) or Clock()
    assert isinstance(clock, Clock)
    permission = more.pop("armed", None) or armed(path)
    job = Job(str(url), str(path), permission, digests, **more)  # type: ignore[arg-type]
    return write_image(job, ignore, clock.world())


def table_of(path: Path) -> bytes:
    """The first sector, which a partition table would be in."""
    return path.read_bytes()[:512]
