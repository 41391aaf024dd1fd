"""A server and a client at the two ends of a link that can become as bad as one likes."""

import contextlib
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.peers.conftest import CLIENT, LAN, MAC, NIC, SERVER, space

from boots.lab import said
from boots.lab.emulator import Carried, End, linked
from boots.lab.link import PERFECT


@dataclass
class Bad:
    """Where the two are, and the link between them."""

    server: str
    client: str
    carried: Carried

    def become(self, text: str) -> None:
        """Be another link from now on, as `boots link` reads it."""
        self.carried.become(*said.links(text))

    def mend(self) -> None:
        """Be a good one again."""
        self.carried.become(PERFECT)


@contextlib.contextmanager
def bad(text: str = "", *, seed: int = 0) -> Iterator[Bad]:
    """`there` is from the client to the server."""
    near = End(NIC, CLIENT, mac=MAC)
    with space() as server, space() as client:
        ends = End(near.tap, near.address, client, mac=MAC), End(LAN, SERVER, server)
        with linked(*ends, *said.links(text), seed=seed) as carried:
            yield Bad(server, client, carried)


@dataclass
class Figures:
    """What was measured of one fault; printed, so that the table can be written from it."""

    name: str
    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def timed(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds.append(time.monotonic() - began)

    def print(self) -> None:
        middle = statistics.median(self.seconds) if self.seconds else float("nan")
        longest = max(self.seconds, default=float("nan"))
        times = f"{len(self.seconds) + len(self.failed)} times"
        reasons = "; ".join(f"{self.failed.count(why)} x {why}" for why in sorted(set(self.failed)))
        more = "; ".join([*self.notes, *([f"failed: {reasons}"] if reasons else [])])
        print(f"\n  {self.name}: {times}, median {middle:.2f} s, longest {longest:.2f} s  {more}")


ALL = os.environ.get("FAULTS") == "all"
"""Whether each fault is made as often as the table says: hours."""


def rounds(short: int, long: int) -> Sequence[object]:
    """How often: as CI has time for; and as the table says, or a fifth of it."""
    many = long if ALL else max(short, long // 5)
    return [
        pytest.param(short, id="short"),
        pytest.param(many, id="long", marks=[pytest.mark.wide, pytest.mark.timeout(1800)]),
    ]


def files_in(folder: Path, **contents: bytes) -> Path:
    files = folder / "files"
    files.mkdir()
    for name, content in contents.items():
        (files / name).write_bytes(content)
    return files
