"""An image that is no action of ours, run as a container: with all rights, so only where allowed.

It counts as writing every disk that is armed, and runs only if all of them may be.  All other disks
are made read-only while it runs: that keeps accidents from them, though nobody who means harm.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import boots_agent
from boots_agent import kernel
from boots_agent.actions.below import permitted
from boots_agent.actions.confined import TEXT, Owner, Tree
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.forward import Stream
from boots_agent.actions.mounts import inhabited, leave
from boots_agent.actions.pace import metered
from boots_agent.actions.untar import unpack
from boots_agent.actions.writing import told
from boots_agent.facts import raw
from boots_agent.images.feeds import CHUNK, Hashed
from boots_agent.images.forms import form_of
from boots_agent.images.reading import head_of, open_feed, stream_reader
from boots_agent.images.words import Damaged, Form
from boots_agent.images.writer import THIS_MACHINE
from boots_agent.oci.layers import Container, Layer, find_container
from boots_agent.oci.names import Name, read_name
from boots_agent.oci.registry import Registry, login_of
from boots_agent.oci.settings import Start, start_of, user_of
from boots_agent.oci.whiteouts import Layering

_LARGEST_CONFIG = 1 << 20
_ROOM = "size=75%,mode=0755"  # of the memory
_SOCKET = "docker.sock"


class Volume(NamedTuple):
    """A folder of OSIE, or a file, and where the container has it."""

    source: str
    target: str
    reads: bool


def run(context: Context) -> None:
    """Fetch the image, unpack it in memory, and run it to its end.

    Raises:
        ActionFailed: A disk is not armed, the image cannot be had, or its program failed.
    """
    volumes = [volume(each) for each in context.container.volumes]
    for path in context.container.disks:
        permitted(context, path)
    with contextlib.ExitStack() as undone:
        root = undone.enter_context(_memory(context.mounts))
        with told():
            start = _fetched(context, root)
        undone.enter_context(inhabited(context, root))
        for each in volumes:
            _put(context, Tree(root), each, undone)
        Tree(root).write("etc/resolv.conf", raw(context.root / "etc/resolv.conf"), Owner())
        _started(context, root, start)


def volume(text: str) -> Volume:
    """A volume as templates have it.

    Raises:
        ActionFailed: It makes no sense, or is Docker's own socket.
    """
    source, _, rest = text.partition(":")
    target, _, options = rest.partition(":")
    if not source.startswith("/") or not target.startswith("/"):
        raise ActionFailed(f"the volume {text!r} must be /of/osie:/in/the/container")
    if target.endswith(_SOCKET):
        raise ActionFailed(
            f"the volume {text!r}: there is no Docker in OSIE; what waits to end the machine"
            " (waitdaemon) is the action reboot or kexec"
        )
    return Volume(source, target, "ro" in options.split(","))


# --- the image


@contextlib.contextmanager
def _memory(mounts: Path) -> Iterator[Path]:
    place = mounts.resolve() / "container"
    place.mkdir(parents=True, exist_ok=True)  # one that was killed leaves it
    try:
        kernel.mount("tmpfs", str(place), "tmpfs", 0, _ROOM)
        try:
            yield place
        finally:
            leave(place)
    finally:
        place.rmdir()


def _fetched(context: Context, root: Path) -> Start:
    name = read_name(context.container.image)
    registry = Registry(name, login_of(context.environment), THIS_MACHINE.net())
    found = find_container(name, registry.manifest, os.uname().machine)
    start = _start(context, name, registry, found)
    for layer in found.layers:
        context.say(f"layer {layer.digest} of {layer.size} bytes")
        try:
            _unpack(context, name, registry, layer, root)
        except OSError as error:
            raise ActionFailed(f"a layer cannot be unpacked: {error}") from error
    return start


def _start(context: Context, name: Name, registry: Registry, found: Container) -> Start:
    feed = _feed(name, registry, found.config)
    try:
        content = b""
        while len(content) <= _LARGEST_CONFIG and (data := feed.read(CHUNK)):
            content += data
        _prove(feed, found.config)
    finally:
        feed.close()
    return start_of(content, context.command, context.environment)


def _unpack(context: Context, name: Name, registry: Registry, layer: Layer, root: Path) -> None:
    """One layer; only then is it known that it was the right one."""
    feed = _feed(name, registry, layer)
    try:
        head = head_of(feed)
        form = Form.RAW if form_of(head) in {Form.RAW, Form.TAR} else form_of(head)
        meter = metered(context, "unpack", layer.size or None)
        first = [head]

        def pull() -> bytes:
            data = first.pop() if first else feed.read(CHUNK)
            meter.add(len(data))
            return data

        stream = Stream(stream_reader(form, pull), meter.tick)
        tree = Tree(root)
        unpack(stream, tree, context.say, Layering(tree).takes)
        while stream.seek(stream.tell() + CHUNK) and stream.read(1):
            pass
        while feed.read(CHUNK):
            pass
        _prove(feed, layer)
    finally:
        feed.close()


def _feed(name: Name, registry: Registry, layer: Layer) -> Hashed:
    algorithm = layer.digest.partition(":")[0]
    feed = open_feed(name.blob(layer.digest), registry.feeds(), proved=True)
    return Hashed(feed, frozenset({algorithm}))


def _prove(feed: Hashed, layer: Layer) -> None:
    algorithm, _, value = layer.digest.partition(":")
    if feed.digests()[algorithm] != value:
        raise Damaged(f"the registry has something else for {layer.digest}")


# --- what is around it


def _put(context: Context, tree: Tree, wanted: Volume, undone: contextlib.ExitStack) -> None:
    """A volume; what OSIE has not is made there, as Docker does, and is kept for later actions."""
    source = context.root / wanted.source.lstrip("/")
    if not source.exists():
        source.mkdir(parents=True)
    if source.is_dir():
        place = tree.folder(wanted.target)
    else:
        if tree.facts(wanted.target) is None:
            tree.write(wanted.target, b"", Owner(), follow=True)
        place = tree.place(wanted.target)
    kernel.mount(str(source), str(place), "", kernel.BIND | kernel.REC)
    undone.callback(kernel.unmount, str(place), kernel.DETACH)
    kernel.mount("", str(place), "", kernel.PRIVATE | kernel.REC)
    if wanted.reads:
        kernel.mount("", str(place), "", kernel.BIND | kernel.REMOUNT | kernel.RDONLY)


def _started(context: Context, root: Path, start: Start) -> None:
    tree = Tree(root)
    files = [_text(tree, name) for name in ("etc/passwd", "etc/group")]
    with told():
        user, group = user_of(start.user, *files)
    wanted = {
        "root": str(root),
        "words": start.words,
        "folder": start.folder,
        "user": user,
        "group": group,
        "environment": {"HOME": "/root", **start.environment},
    }
    source = str(Path(boots_agent.__file__).parent.parent)
    status = context.run(
        [sys.executable, "-m", "boots_agent.oci.jail"],
        environment={"PYTHONPATH": source, "PATH": os.environ.get("PATH", os.defpath)},
        given=json.dumps(wanted).encode(),
    )
    if status:
        raise ActionFailed(f"{' '.join(start.words)} ended with {status}", status)


def _text(tree: Tree, path: str) -> str:
    return tree.read(path, TEXT).decode(errors="replace") if tree.facts(path) is not None else ""
