"""Reading a disk back, to know that it holds what was sent to it."""

import hashlib

from boots_agent.images.edges import Edges
from boots_agent.images.line import Channel, Line
from boots_agent.images.words import BLOCK, DiskFailed, State
from boots_agent.images.work import TICK, Work, buffer


def read_back(work: Work, edges: Edges, algorithms: frozenset[str]) -> dict[str, str]:
    """Hashes of the image as it is on the disk, its edges from where they are kept.

    Raises:
        DiskFailed: It cannot be read.
    """
    work.disk.forget()
    work.meter.begin("verify")
    work.meter.total = edges.size - len(edges.head) - len(edges.tail)
    hashes = {name: hashlib.new(name) for name in algorithms}
    line = Line()
    free: Channel[memoryview] = Channel(line, 3)
    for _ in range(3):
        free.put(buffer(BLOCK))
    full: Channel[tuple[memoryview, int]] = Channel(line, 3)

    def read() -> None:
        at, end = len(edges.head), edges.size - len(edges.tail)
        while at < end and (whole := free.get()) is not None:
            view = whole[: min(BLOCK, end - at)]
            if work.disk.read(view, at) != len(view):
                raise DiskFailed(f"{work.disk.path} ends at byte {at}", State.DOUBTFUL)
            full.put((whole, len(view)))
            at += len(view)
        full.close()

    def take() -> None:
        for each in hashes.values():
            each.update(edges.head)
        while (item := full.get()) is not None:
            whole, length = item
            for each in hashes.values():
                each.update(whole[:length])
            work.meter.add(length)
            free.put(whole)
        for each in hashes.values():
            each.update(edges.tail)

    line.start(read)
    line.start(take)
    line.finish(work.meter.tick, TICK, lambda: None)
    return {name: each.hexdigest() for name, each in hashes.items()}
