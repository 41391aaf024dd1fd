"""Archives and layers, held against a real tree; what registries and images say of themselves."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from boots_agent.actions import acl
from boots_agent.actions.confined import Tree
from boots_agent.actions.forward import Stream
from boots_agent.actions.untar import unpack
from boots_agent.images.reading import Raw
from boots_agent.images.words import ImageError
from boots_agent.oci.layers import find_container, find_layer
from boots_agent.oci.names import read_name
from boots_agent.oci.settings import start_of, user_of
from boots_agent.oci.whiteouts import Layering
from fuzz.choices import Choices
from fuzz.target import Target

_PARTS = (
    *("a", "b", "..", ".", "", "link", "out", ".wh.a", ".wh..wh..opq", ".wh...", "secret", "in"),
    *("\udcff", "a" * 200, "c\\d", "e\nf"),
)
_KINDS = (
    *(tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE),
    *(tarfile.CHRTYPE, tarfile.AREGTYPE, b"V", b"D", b"?"),
)
_AS_IT_WAS = "as it was"
_REGISTRY = "registry.example.com/a/b:1"


@cache
def _place() -> Path:
    """A folder with what must stay as it is, and one to unpack in."""
    return Path(tempfile.mkdtemp(prefix="boots-fuzz-"))


@contextlib.contextmanager
def _tree(base: Path) -> Iterator[Path]:
    """A tree to unpack in, with links that lead out of it; around it nothing changes."""
    inside, outside = base / "in", base / "out"
    outside.mkdir()
    (outside / "secret").write_text(_AS_IT_WAS)
    inside.mkdir()
    (inside / "out").symlink_to("../out")
    (inside / "link").symlink_to(outside)
    before = _seen(base)
    try:
        yield inside
        if _seen(base) != before:
            raise AssertionError(f"around the tree: {before} became {_seen(base)}")
    finally:
        for each in base.iterdir():
            shutil.rmtree(each)


def _seen(base: Path) -> list[tuple[str, int, int, int, int]]:
    """All but what is in the tree, with what an archive could change of it."""
    found = []
    for path in (base, base / "in", base / "out", base / "out/secret"):
        facts = path.lstat()
        links = facts.st_nlink if stat.S_ISREG(facts.st_mode) else 0
        mode = 0 if path == base / "in" else facts.st_mode
        found.append((path.name, mode, links, 0 if path.name == "in" else facts.st_uid, 0))
    names = sorted(each.name for folder in (base, base / "out") for each in folder.iterdir())
    told = (base / "out/secret").read_text()
    return [*found, (f"{names} {told}", 0, 0, 0, 0)]


def _unpacked(archive: bytes, *, layer: bool) -> None:
    source = io.BytesIO(archive)
    stream = Stream(Raw(lambda: source.read(700)), lambda: None)
    with _tree(_place()) as folder:
        tree = Tree(folder)
        before = Layering(tree).takes if layer else lambda _: True
        try:
            unpack(stream, tree, lambda _: None, before)
        except (ImageError, OSError):
            return


def _bytes(data: bytes) -> None:
    """An archive of any bytes."""
    _unpacked(data[1:], layer=bool(data[:1]) and bool(data[0] & 1))


def _made(data: bytes) -> None:
    """An archive that is well made, and says whatever it likes."""
    choices = Choices(data)
    layer = choices.flag()
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=choices.number() % 3) as archive:
        for _ in range(12):
            if choices.is_over:
                break
            with contextlib.suppress(ValueError):
                member, content = _member(choices)
                archive.addfile(member, io.BytesIO(content))
    _unpacked(file.getvalue(), layer=layer)


def _member(choices: Choices) -> tuple[tarfile.TarInfo, bytes]:
    made = tarfile.TarInfo(_path(choices))
    made.type = choices.pick(_KINDS)
    made.uid, made.gid = os.getuid(), os.getgid()
    made.mode = 0o7777 & choices.number(2)
    made.linkname = _path(choices)
    if choices.flag():
        made.pax_headers = {
            "SCHILY.acl.access": f"user:{choices.number(4)}:rwx",
            "mtime": str(choices.number(9)),
            f"SCHILY.xattr.user.{choices.pick(_PARTS)}": "x",
        }
    content = choices.piece() if made.type in {tarfile.REGTYPE, tarfile.AREGTYPE} else b""
    made.size = len(content)
    return made, content


def _path(choices: Choices) -> str:
    head = "/" if choices.number() > 220 else ""
    return head + "/".join(choices.pick(_PARTS) for _ in range(1 + choices.number() % 4))


def _manifest(data: bytes) -> None:
    """A layer that is found has a digest; what a digest names is held against it."""
    own = hashlib.sha256(data).hexdigest()
    for name in (read_name(_REGISTRY), read_name(f"registry.example.com/a@sha256:{own}")):
        try:
            layer = find_layer(name, lambda _: data, "x86_64")
            if not layer.digest.startswith("sha"):
                raise AssertionError(f"{layer} has no digest")
        except ImageError:
            pass
        try:
            find_container(name, lambda _: data, "x86_64")
        except ImageError:
            continue


def _container(data: bytes) -> None:
    """How an image says that it is started."""
    try:
        start = start_of(data, (), {})
        user_of(start.user, f"root:x:0:0\n{start.folder}\n", start.folder)
    except ImageError:
        return


def _users(data: bytes) -> None:
    choices = Choices(data)
    user, passwd, groups = (
        each.decode(errors="replace") for each in (choices.piece(), choices.piece(), choices.rest())
    )
    try:
        found = user_of(user, passwd, groups)
        if not all(0 <= each < 1 << 32 for each in found):
            raise AssertionError(f"nobody can be {found}")
    except ImageError:
        return


def _acl(data: bytes) -> None:
    try:
        acl.packed(data.decode(errors="surrogateescape"), lambda _, name: len(name))
    except ValueError:
        return


def _name(data: bytes) -> None:
    """A name is a URL of a registry, and of nothing else."""
    try:
        name = read_name(data.decode(errors="replace"))
    except ImageError:
        return
    for url in (name.manifest(), name.blob("sha256:0")):
        if not url.startswith(("http://", "https://")) or "/../" in url:
            raise AssertionError(url)
    if any(each.isspace() or not each.isprintable() for each in name.manifest()):
        raise AssertionError(f"{name.manifest()!r} is no URL")


def _archives() -> Iterator[bytes]:
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=form) as archive:
            for name, kind in (("a", tarfile.DIRTYPE), ("a/" + "b" * 90, tarfile.REGTYPE)):
                member = tarfile.TarInfo(name)
                member.type = kind
                archive.addfile(member)
        yield b"\0" + file.getvalue()


def _recipes() -> Iterator[bytes]:
    yield bytes(40)
    yield bytes((1, 2, 0, 1, 5, 2, 2, 1, 255, 0, 0, 1, 3, 1, 0, 0, 0, 0, 0, 1, 5, 10, 0, 3)) * 3


def _manifests() -> Iterator[bytes]:
    layer = {"digest": "sha256:" + "0" * 64, "size": 1, "annotations": {"a": "b"}}
    yield json.dumps({"schemaVersion": 2, "config": layer, "layers": [layer]}).encode()
    platform = {"os": "linux", "architecture": "amd64"}
    yield json.dumps({"manifests": [{**layer, "platform": platform}, layer]}).encode()


_CONFIG = {"config": {"Entrypoint": ["a"], "Cmd": ["b"], "Env": ["A=b"], "User": "1:2"}}
_ACLS = (b"user::rwx,user:a:r-x,group::r--,mask::rwx,other::---", b"u:1:rwx\ng:99999999999:r")
_NAMES = (b"debian", b"registry.example.com:5000/a/b:1", b"oci://h.x/a@sha256:" + b"0" * 64)

TARGETS = (
    Target("archives.bytes", _bytes, _archives, False, (b"ustar\x0000", b"../"), 16_384),
    Target("archives.made", _made, _recipes, False),
    Target(
        "archives.manifest", _manifest, _manifests, False, (b"manifests", b"platform", b"1e999")
    ),
    Target("archives.container", _container, lambda: (json.dumps(_CONFIG).encode(),), False),
    Target("archives.users", _users, lambda: (b"\x03a:b\x06a:x:1:2b:x:3",), False),
    Target("archives.acl", _acl, lambda: _ACLS, False),
    Target("archives.name", _name, lambda: _NAMES, False, (b"sha256:", b"://", b"..")),
)
