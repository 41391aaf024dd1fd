"""`write_image`: an image on a disk, proved, or an error that says why not and what was left."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

from boots_agent.images.edges import Edges
from boots_agent.images.feeds import Changed, Hashed
from boots_agent.images.framed import Frames
from boots_agent.images.http import PATIENCE, Net
from boots_agent.images.index import Frame, read_index
from boots_agent.images.meter import Meter
from boots_agent.images.readback import read_back
from boots_agent.images.reading import form_of_feed, head_of, open_feed, whole_index
from boots_agent.images.stream import check_fits, write_stream
from boots_agent.images.target import open_target
from boots_agent.images.words import (
    Damaged,
    DiskFailed,
    Form,
    ImageError,
    Job,
    Of,
    Progress,
    Result,
    State,
    Unsuitable,
)
from boots_agent.images.work import Work

_TRIES = 3  # with a source that changes while it is read


class World(NamedTuple):
    """How time passes, and where the kernel tells of disks."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    sys: Path = Path("/sys")
    patience: float = PATIENCE
    direct: bool = True
    feeds: Net | None = None

    def net(self) -> Net:
        """How feeds wait, and what they say to servers."""
        return Net(self.sleep, self.patience) if self.feeds is None else self.feeds


THIS_MACHINE = World()


def write_image(job: Job, tell: Callable[[Progress], None], world: World = THIS_MACHINE) -> Result:
    """Write the image to the disk; when this returns it is there, flushed and proved.

    `tell` is called at most once a second, in the caller's thread; what it raises ends the run.

    Raises:
        ImageError: Why not; its `state` says what was left on the disk.
    """
    disk = open_target(job.disk, job.armed, sys=world.sys, direct=world.direct)
    work = Work(disk, job.armed.run, Meter(world.clock, tell))
    try:
        return _tried(job, work, world)
    except ImageError as error:
        if work.tally.begun and error.state is State.UNTOUCHED:
            error.state = State.PARTIAL
        raise
    finally:
        disk.close()


def _tried(job: Job, work: Work, world: World) -> Result:
    for left in reversed(range(_TRIES)):
        try:
            return _once(job, work, world)
        except Changed:
            if not left:
                raise
            work.start_over()
    raise AssertionError("the last try returns or raises")


def _once(job: Job, work: Work, world: World) -> Result:
    algorithms = _algorithms(job, Of.SENT)
    feed = Hashed(open_feed(job.url, world.net(), proved=bool(job.digests)), algorithms)
    try:
        return _from(feed, job, work, world)
    finally:
        feed.close()


def _from(feed: Hashed, job: Job, work: Work, world: World) -> Result:
    head = head_of(feed)
    form = form_of_feed(head, feed, job.url, proved=bool(job.digests))
    if job.form is not None and job.form is not form:
        raise Unsuitable(
            f"{job.url} is {form.value}, as its first bytes say, and not {job.form.value}"
        )
    work.meter.whole = feed.size
    work.meter.sent = lambda: feed.sent
    if form is Form.FRAMED:
        edges, sent = _framed(feed, head, job, work, world)
    else:
        edges, sent = _streamed(feed, form, head, job, work), feed.sent
    edges.put(work.disk)
    work.disk.reread_table()
    tally, outside = work.tally, len(edges.head) + len(edges.tail)
    return Result(
        form=form,
        size=edges.size,
        written=tally.written + outside,
        zeroed=tally.zeroed,
        reused=tally.reused,
        sent=sent,
        digests=job.digests,
        verified=job.verify,
        seconds=world.clock() - work.meter.began,
    )


def _streamed(feed: Hashed, form: Form, head: bytes, job: Job, work: Work) -> Edges:
    """All but the edges on the disk, and everything proved that can be."""
    algorithms = _algorithms(job, Of.IMAGE) | ({"sha256"} if job.verify else set())
    sure = bool(job.digests) or job.form is not None or form is not Form.RAW
    edges, found = write_stream(feed, form, head, work, algorithms, sure=sure)
    _prove(job, Of.SENT, feed.digests())
    _prove(job, Of.IMAGE, found)
    work.disk.sync()
    if job.verify:
        _compare(read_back(work, edges, algorithms), found, work)
    return edges


def _framed(feed: Hashed, head: bytes, job: Job, work: Work, world: World) -> tuple[Edges, int]:
    """The same of a framed image; and the bytes that travelled."""
    said = whole_index(feed, head)
    _prove(job, Of.SENT, feed.digests())
    index = read_index(said)
    for each in job.digests:
        if each.of is Of.IMAGE and each.algorithm == "sha256" and each.value != index.sha256:
            raise Damaged(f"the index is of an image with sha256:{index.sha256}, not {each.value}")
    check_fits(index.size, work)
    work.meter.total = index.size
    first = next(each.packed for each in index.content if isinstance(each, Frame))
    place = urljoin(job.url, index.file)
    packed = open_feed(place, world.net(), proved=True, length=first)
    try:
        if packed.size not in {None, index.packed}:
            raise Damaged(f"{index.file} has {packed.size} bytes, its index says {index.packed}")
        work.meter.sent = lambda: feed.sent + packed.sent
        frames = Frames(index, packed, work, reuse=job.reuse)
        frames.run()
    finally:
        packed.close()
    work.disk.sync()
    # The index only claims what the whole is; what claims that it is this one is believed after
    # all of it has been hashed.
    algorithms = _algorithms(job, Of.IMAGE) | ({"sha256"} if job.verify else set())
    if algorithms:
        found = read_back(work, frames.edges, algorithms)
        _prove(job, Of.IMAGE, found)
        if job.verify:
            _compare({"sha256": found["sha256"]}, {"sha256": index.sha256}, work)
    return frames.edges, feed.sent + packed.sent


def _algorithms(job: Job, of: Of) -> frozenset[str]:
    return frozenset(each.algorithm for each in job.digests if each.of is of)


def _prove(job: Job, of: Of, found: dict[str, str]) -> None:
    """Hold what was hashed against the digests that were asked for."""
    for each in job.digests:
        if each.of is of and found[each.algorithm] != each.value:
            what = "the image" if of is Of.IMAGE else "what was sent"
            raise Damaged(
                f"{job.url}: {what} has {each.algorithm}:{found[each.algorithm]},"
                f" and should have {each.value}"
            )


def _compare(read: dict[str, str], sent: dict[str, str], work: Work) -> None:
    if read != sent:
        why = f"{work.disk.path} does not hold what was written to it"
        raise DiskFailed(why, State.DOUBTFUL)
