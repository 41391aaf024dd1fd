"""``archive2disk``: an archive of a root file system, unpacked on a partition while it travels."""

import os
from pathlib import Path

from boots_agent import kernel
from boots_agent.actions.confined import Tree
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.forward import Stream
from boots_agent.actions.image import digest_of
from boots_agent.actions.mounts import mounted
from boots_agent.actions.pace import metered
from boots_agent.actions.untar import Unpacked, unpack
from boots_agent.actions.writing import told
from boots_agent.images.feeds import CHUNK, Hashed
from boots_agent.images.forms import form_of, strange
from boots_agent.images.reading import head_of, open_feed, stream_reader
from boots_agent.images.words import Digest, Form, Unsuitable
from boots_agent.images.writer import THIS_MACHINE

_NO_CHECK = "INSECURE_NO_TARFILE_CHECKSUM_VERIFICATION"
_UNPACKED = frozenset({Form.RAW, Form.TAR})  # the oldest archives have no mark


def write(context: Context) -> None:
    """Unpack it; when this returns all of it is there, flushed, and was what it should be.

    Raises:
        ActionFailed: It is not, or not whole; what is on the partition then is of no use.
    """
    url, device = context.url("ARCHIVE_URL"), context.required("DEST_DISK")
    kind, path = context.required("FS_TYPE"), context.required("DEST_PATH")
    digest = _digest(context)
    patience = _patience(context)
    with told(), mounted(context, device, kind, write=True) as root:
        algorithms = frozenset({digest.algorithm} if digest else ())
        net = THIS_MACHINE.net()._replace(patience=patience)
        feed = Hashed(open_feed(url, net, proved=bool(digest)), algorithms)
        try:
            done = _unpacked(context, feed, url, Tree(root).folder(path), digest)
            _prove(url, feed, digest)
        finally:
            feed.close()
    context.say(f"{url}: {done.entries} entries, {done.size} bytes, on {device} in {path}")
    if done.lost:
        context.say(f"{done.lost} attributes were left out: {kind} has no room for such")


def _digest(context: Context) -> Digest | None:
    found = digest_of(context, "TARFILE_CHECKSUM")
    if found is None and not context.flag(_NO_CHECK):
        raise ActionFailed(f"archive2disk needs TARFILE_CHECKSUM: sha256:… (or {_NO_CHECK}: true)")
    return found


def _patience(context: Context) -> float:
    said = context.environment.get("HTTP_CLIENT_TIMEOUT_MINUTES", "") or "5"
    if not said.isdecimal():
        raise ActionFailed(f"HTTP_CLIENT_TIMEOUT_MINUTES {said!r} is no number")
    return int(said) * 60.0


def _unpacked(
    context: Context, feed: Hashed, url: str, folder: Path, digest: Digest | None
) -> Unpacked:
    head = head_of(feed)
    form = form_of(head)
    if strange(head) or form in {Form.QCOW2, Form.FRAMED}:
        raise Unsuitable(f"{url} is {strange(head) or form.value}, and no archive")
    if not feed.bounded and not digest and form in _UNPACKED:
        raise Unsuitable(
            f"the server does not say where {url} ends, so a cut would not show: add a digest"
        )
    meter = metered(context, "unpack", feed.size)
    first = [head]

    def pull() -> bytes:
        data = first.pop() if first else feed.read(CHUNK)
        meter.add(len(data))
        return data

    reader = stream_reader(Form.RAW if form in _UNPACKED else form, pull)
    stream = Stream(reader, meter.tick)
    try:
        done = unpack(stream, Tree(folder), context.say)
        while stream.seek(stream.tell() + CHUNK) and stream.read(1):
            pass  # what is packed must be whole, too
        _flush(folder)
    except OSError as error:
        what = f"{error.filename}: " if isinstance(error.filename, str) else ""
        raise ActionFailed(f"{what}the file system does not take it: {error.strerror}") from error
    return done


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        kernel.flush(descriptor)
    finally:
        os.close(descriptor)


def _prove(url: str, feed: Hashed, digest: Digest | None) -> None:
    found = feed.digests()
    if digest and found[digest.algorithm] != digest.value:
        raise ActionFailed(
            f"{url} has {digest.algorithm}:{found[digest.algorithm]}, and should have"
            f" {digest.value}: what was unpacked is of no use"
        )
