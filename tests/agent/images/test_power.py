"""The power is cut: whatever is on the disk then, it does not boot half an image."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agent.images.made import MIB, disk, of_image, pattern, write

from boots.images.adding import Wanted, add

ROOT = Path(__file__).parents[3]
_WRITER = """
import sys
from pathlib import Path
from tests.agent.images.made import write
print("go", flush=True)
write(sys.argv[1], Path(sys.argv[2]))
"""


def bootable() -> bytes:
    """An image with the marks of an MBR and a GPT, its spare copy at its end."""
    content = bytearray(pattern(8192))
    content[510:512] = b"\x55\xaa"
    content[512:520] = b"EFI PART"
    content[-512:-504] = b"EFI PART"
    return bytes(content)


IMAGE = bootable()


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sources")
    raw = folder / "image.raw"
    raw.write_bytes(IMAGE)
    framed = add(Wanted(str(raw), "image", folder, level=1), lambda _done, _size: None)
    return {"raw": raw, "framed": framed.index}


def boots(content: bytes) -> bool:
    """Whether firmware finds any table: an MBR, a GPT, or its spare copy at the disk's end."""
    return (
        content[510:512] == b"\x55\xaa"
        or content[512:520] == b"EFI PART"
        or content[-512:-504] == b"EFI PART"
    )


def started(source: Path, goal: Path) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(source), str(goal)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"go\n"
    return child


@pytest.mark.parametrize("form", ["raw", "framed"])
def test_a_writer_that_is_killed_leaves_no_table_until_all_is_there(
    form: str, sources: dict[str, Path], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 48 * MIB, b"x")
    began = time.monotonic()
    with started(sources[form], goal) as child:
        assert 0 == child.wait(60)
    whole = time.monotonic() - began
    chance, halves = random.Random(6), 0
    for number in range(80):
        if halves and number >= 8:
            break
        with goal.open("r+b") as file:  # as another system left it
            file.write(b"x" * 510 + b"\x55\xaaEFI PART")
            file.seek(8 * MIB)
            file.write(b"x" * 8 * MIB)
        with started(sources[form], goal) as child:
            # The first half of the moments are early, where the writing is.
            time.sleep(chance.uniform(0, whole / (4 if number % 2 else 1)))
            child.send_signal(signal.SIGKILL)
        content = goal.read_bytes()
        if content[: len(IMAGE)] != IMAGE and content[510:512] != b"\x55\xaa":
            halves += 1
            assert not boots(content)
    write(sources[form], goal, of_image(IMAGE), verify=True)
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]
    assert halves


class Recorder:
    """A disk that keeps what was written until a flush, and forgets any of it with the power."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[tuple[int, bytes] | None] = []  # None is a flush
        self._write, self._sync = os.pwrite, os.fsync
        monkeypatch.setattr(os, "pwrite", self.write)
        monkeypatch.setattr(os, "fsync", self.sync)

    def write(self, descriptor: int, data: memoryview, offset: int) -> int:
        self.done.append((offset, bytes(data)))
        return self._write(descriptor, data, offset)

    def sync(self, descriptor: int) -> None:
        self.done.append(None)
        self._sync(descriptor)

    def flights(self) -> Iterator[list[tuple[int, bytes]]]:
        """What was under way together: any of it may be lost, and any be there."""
        flight: list[tuple[int, bytes]] = []
        for each in self.done:
            if each is None:
                yield flight
                flight = []
            else:
                flight.append(each)
        yield flight


@pytest.mark.parametrize("form", ["raw", "framed"])
def test_the_first_page_is_under_way_alone_and_after_all_else(
    form: str, sources: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = disk(tmp_path / "disk", 48 * MIB, b"x")
    with monkeypatch.context() as patch:
        recorder = Recorder(patch)
        write(sources[form], goal)
    flights = [flight for flight in recorder.flights() if flight]
    *before, last = flights
    assert [(0, IMAGE[:4096])] == last
    # Nothing before it has a mark that firmware looks for, but the image's own spare GPT.
    written = [each for flight in before for each in flight if each[0] < 4096]
    assert all(each[1].startswith(b"BOOTS HALF-WRITTEN") for each in written)
    assert [] == [
        flight
        for flight in before[:-2]
        for offset, data in flight
        if offset + len(data) > len(IMAGE) - MIB and offset < len(IMAGE)
    ]
