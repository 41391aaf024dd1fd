"""Writing a framed image: only what the disk does not hold travels.

    look at the disk -> fetch runs of frames -> unpack, prove and write (two threads)

Each frame is proved by its SHA-256 before it is written, whatever became of the others, so a run
that broke off is taken up by looking at the disk.
"""

import hashlib

from boots_agent.images.edges import Edges
from boots_agent.images.feeds import Feed, read_exactly
from boots_agent.images.index import Frame, Index, Zeros
from boots_agent.images.line import Channel, Line
from boots_agent.images.words import Damaged
from boots_agent.images.work import TICK, Work, buffer
from boots_agent.images.zstd import Unpacker

WORKERS = 2
_AT_ONCE = 64  # frames that are asked for in one request
_HOPELESS = 16  # frames in a row that the disk does not hold: it has another content
_NOW_AND_THEN = 16  # one frame of so many is looked at even then

_Packed = tuple[Frame, bytes]


class Frames:
    """One run over all frames of an image."""

    def __init__(self, index: Index, feed: Feed, work: Work, *, reuse: bool) -> None:
        self._index = index
        self._feed = feed
        self._work = work
        self._missed = 0 if reuse else None
        self.edges = Edges(index.size)

    def run(self) -> None:
        """Put all but the edges on the disk.

        Raises:
            ImageError: A frame is broken, the source or the disk fails.
        """
        self._work.begin()
        line = Line()
        needed: Channel[Frame] = Channel(line, _AT_ONCE)
        packed: Channel[_Packed] = Channel(line, 2 * WORKERS)
        line.start(lambda: self._look(needed))
        line.start(lambda: self._fetch(needed, packed))
        for _ in range(WORKERS):
            line.start(lambda: self._put(packed))
        line.finish(self._work.meter.tick, TICK, self._feed.abort)

    def _look(self, needed: Channel[Frame]) -> None:
        """Zeros are made, frames that the disk holds are left, all others are needed."""
        view = buffer(self._index.frame)
        for number, each in enumerate(self._index.content):
            if isinstance(each, Zeros):
                self._zero(each)
            elif self._is_there(each, number, view):
                self._work.reuse(each.length)
                self._work.meter.add(each.length)
            else:
                needed.put(each)
        needed.close()

    def _zero(self, zeros: Zeros) -> None:
        start = max(zeros.offset, len(self.edges.head))
        end = min(zeros.offset + zeros.length, self._index.size - len(self.edges.tail))
        self._work.zero(start, max(0, end - start))
        self._work.meter.add(zeros.length)

    def _is_there(self, frame: Frame, number: int, view: memoryview) -> bool:
        """Whether the disk holds this frame; not asked of every one where it never does."""
        at_edge = frame.offset < len(self.edges.head) or (
            frame.offset + frame.length > self._index.size - len(self.edges.tail)
        )
        if at_edge or self._missed is None:
            return False
        if self._missed >= _HOPELESS and number % _NOW_AND_THEN:
            return False
        here = view[: frame.length]
        length = self._work.disk.read(here, frame.offset)
        found = length == frame.length and _is(frame, here)
        self._missed = 0 if found else self._missed + 1
        return found

    def _fetch(self, needed: Channel[Frame], packed: Channel[_Packed]) -> None:
        """Neighbours that are needed come by one request."""
        carried = needed.get()
        while carried is not None:
            run = [carried]
            carried = None
            # The first frame was asked for when the file was opened.
            most = _AT_ONCE if run[0].place else 1
            while len(run) < most and (following := needed.take()) is not None:
                if following.place != run[-1].place + run[-1].packed:
                    carried = following
                    break
                run.append(following)
            length = run[-1].place + run[-1].packed - run[0].place
            self._feed.seek(run[0].place, length)
            for frame in run:
                packed.put((frame, read_exactly(self._feed, frame.packed)))
            carried = carried or needed.get()
        packed.close()

    def _put(self, packed: Channel[_Packed]) -> None:
        unpacker = Unpacker()
        whole = buffer(self._index.frame)
        while (item := packed.get()) is not None:
            frame, data = item
            view = whole[: frame.length]
            if unpacker.frame(data, view) != frame.length or not _is(frame, view):
                raise Damaged(f"the frame at byte {frame.offset} is not what the index says")
            start, stop = self.edges.keep(view, frame.offset)
            self._work.spread(view[start:stop], frame.offset + start)
            self._work.meter.add(frame.length)


def _is(frame: Frame, view: memoryview) -> bool:
    return hashlib.sha256(view).hexdigest() == frame.sha256
