"""What a backup is: a tar with a manifest first, and the files that it names."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from boots.app.folders import BESIDE_SQLITE, COPY, KEY, LEASES, STORE, TOLD

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE, POSTGRES = STORE, "store.sql"
"""The store, as each engine has it."""

STATE = (LEASES, TOLD, COPY, KEY)
"""What stands in the folder of `state` beside the store."""

JOURNALS = tuple(STORE + each for each in BESIDE_SQLITE)
"""What SQLite keeps beside a file that is in use: of another file it would be damage."""

BLOCK = 1 << 20


class BackupError(Exception):
    """It cannot be done; the text says why and what to do."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file: its size, and its SHA-256."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself: whose it is, when it was made, and each of its files."""

    format: int
    boots: str
    schema: str
    engine: str
    server: str
    made: float
    files: Mapping[str, Part]


def measured(path: Path) -> Part:
    """A file's size and digest."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Part(size=path.stat().st_size, sha256=digest)
