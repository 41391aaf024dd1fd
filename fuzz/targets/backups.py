"""Backups that people restore: whatever a file holds, it is a backup or it is said why not."""

import hashlib
import io
import lzma
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from boots.app.backup.reading import unpack
from boots.app.backup.words import FORMAT, MANIFEST, POSTGRES, BackupError, Manifest, Part
from fuzz.target import Target


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="boots-fuzz-"))


def _unpacked(data: bytes) -> None:
    """Nothing is written but what the manifest names, with its digest."""
    file, folder = _folder() / "backup", _folder() / "into"
    file.write_bytes(data)
    folder.mkdir()
    try:
        manifest = unpack(file, folder)
        for each in folder.iterdir():
            assert hashlib.sha256(each.read_bytes()).hexdigest() == manifest.files[each.name].sha256
    except BackupError as error:
        str(error)
    finally:
        shutil.rmtree(folder)
    assert [file] == list(_folder().iterdir())


def _backups() -> Iterator[bytes]:
    dump = b"CREATE TABLE a (b int);\n" * 20
    part = Part(size=len(dump), sha256=hashlib.sha256(dump).hexdigest())
    manifest = _manifest(part)
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in ((MANIFEST, manifest), (POSTGRES, dump)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    yield made.getvalue()
    packed = lzma.compress(made.getvalue())
    yield packed
    yield packed[: len(packed) // 2] + b"\0" + packed[len(packed) // 2 :]
    yield _tar({"GNU.sparse.major": "1", "GNU.sparse.size": "x", "size": "x"}, manifest)
    yield _tar({"GNU.sparse.map": "0,1,x", "GNU.sparse.size": "-1"}, manifest)


def _manifest(part: Part) -> bytes:
    return msgspec.json.encode(
        Manifest(
            format=FORMAT,
            boots="1.0",
            schema="r0001",
            engine="postgresql",
            server="s",
            made=1.0,
            files={POSTGRES: part},
        )
    )


def _tar(headers: dict[str, str], content: bytes) -> bytes:
    """A tar of one file that says more of itself."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.pax_headers = len(content), headers
        tar.addfile(entry, io.BytesIO(content))
    return made.getvalue()


TARGETS = (
    Target("backups", _unpacked, _backups, False, (b"ustar\0", b"\xfd7zXZ\0", b"\x1f\x8b"), 16_384),
)
