"""A backup is unpacked and proved before anything of it is put anywhere."""

import hashlib
import lzma
import tarfile
import zlib
from pathlib import Path
from typing import IO

import msgspec

from boots.app.backup.words import (
    BLOCK,
    FORMAT,
    MANIFEST,
    POSTGRES,
    SQLITE,
    STATE,
    BackupError,
    Manifest,
    Part,
)
from boots.store.copying import damage, sync
from boots.store.migrate import NEWEST

_LARGEST = 1 << 20  # bytes of a manifest
_BROKEN = (
    *(tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError),
    # tarfile's own, of numbers that are none and of sizes made up
    *(ValueError, OverflowError, MemoryError, RecursionError),
)
_STORES = {"sqlite": SQLITE, "postgresql": POSTGRES}


def unpack(file: Path, folder: Path) -> Manifest:
    """Unpack a backup into a folder.

    Raises:
        BackupError: it is none, is damaged, or is of a newer Boots.
    """
    try:
        with tarfile.open(file, "r:*") as tar:
            entries = iter(tar)
            manifest = _manifest(tar, next(entries, None))
            _refuse_foreign(manifest)
            missing = dict(manifest.files)
            for entry in entries:
                part = missing.pop(entry.name, None)
                content = tar.extractfile(entry) if entry.isreg() else None
                if part is None or content is None or entry.size != part.size:
                    raise BackupError(f"{file} is damaged: {entry.name} is not what it was")
                _written(content, folder / entry.name, part, file)
    except _BROKEN as error:
        raise BackupError(f"{file} cannot be read: {str(error) or type(error).__name__}") from None
    if missing:
        raise BackupError(f"{file} is damaged: {', '.join(missing)} is missing")
    wrong = damage(folder / SQLITE) if manifest.engine == "sqlite" else ""
    if wrong:
        raise BackupError(f"{file} is damaged: its store: {wrong}")
    return manifest


def _manifest(tar: tarfile.TarFile, first: tarfile.TarInfo | None) -> Manifest:
    is_one = first is not None and first.name == MANIFEST and first.size <= _LARGEST
    content = tar.extractfile(first) if first is not None and is_one and first.isreg() else None
    if content is None:
        raise BackupError("this is no backup of Boots: it does not begin with its manifest")
    try:
        return msgspec.json.decode(content.read(), type=Manifest)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BackupError(f"its manifest cannot be read: {error}") from None


def _refuse_foreign(manifest: Manifest) -> None:
    of = f"of Boots {manifest.boots}"
    if manifest.format > FORMAT:
        raise BackupError(f"the backup is {of}, in a form not known here; install that version")
    if manifest.schema > NEWEST:
        raise BackupError(
            f"the backup has schema {manifest.schema}, {of}, and {NEWEST} is the newest known here;"
            " install that version, or a newer one"
        )
    store = _STORES.get(manifest.engine)
    if store not in manifest.files or not set(manifest.files) <= {store, *STATE}:
        raise BackupError("its manifest names files that are none of a backup, or no store")


def _written(content: IO[bytes], to: Path, part: Part, file: Path) -> None:
    digest = hashlib.sha256()
    to.touch(mode=0o600)
    with to.open("wb") as out:
        while block := content.read(BLOCK):
            digest.update(block)
            out.write(block)
    if digest.hexdigest() != part.sha256:
        raise BackupError(f"{file} is damaged: {to.name} has another digest")
    sync(to)
