"""What the two ways of writing share: the disk, the meter, what was counted, how blocks go out."""

import mmap
import threading
from dataclasses import dataclass, field

from boots_agent.images.disk import Disk, begin
from boots_agent.images.meter import Meter
from boots_agent.images.zeros import runs

TICK = 0.25  # seconds


@dataclass(slots=True)
class Tally:
    """Bytes, by what became of them."""

    written: int = 0
    zeroed: int = 0
    reused: int = 0
    begun: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Work:
    """One run's disk and its counts."""

    disk: Disk
    run: str
    meter: Meter
    tally: Tally = field(default_factory=Tally)

    def begin(self) -> None:
        """The first thing that is written."""
        self.tally.begun = True
        begin(self.disk, self.run)

    def start_over(self) -> None:
        """The source has changed: nothing that was counted counts."""
        self.tally.written = self.tally.zeroed = self.tally.reused = 0
        self.meter.begin("write")

    def spread(self, view: memoryview, offset: int) -> None:
        """Write a buffer, or have the disk make zeros of what is zero."""
        written = zeroed = 0
        for run in runs(view):
            if run.zero:
                self.disk.zero(offset + run.start, run.end - run.start)
                zeroed += run.end - run.start
            else:
                self.disk.write(view[run.start : run.end], offset + run.start)
                written += run.end - run.start
        with self.tally.lock:
            self.tally.written += written
            self.tally.zeroed += zeroed

    def zero(self, offset: int, length: int) -> None:
        """Make a run of zeros."""
        self.disk.zero(offset, length)
        with self.tally.lock:
            self.tally.zeroed += length

    def reuse(self, length: int) -> None:
        """So many bytes were there already."""
        with self.tally.lock:
            self.tally.reused += length


def buffer(size: int) -> memoryview:
    """Zeroed memory that begins on a page, which disks take without a copy."""
    return memoryview(mmap.mmap(-1, size))
