"""A process that is killed at the nth thing that it does to files, or whose disk fails there."""

import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.peers.conftest import need

SOURCE = Path(__file__).with_name("nth.c")
_FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
_SHARED = struct.Struct("@qq48sq")  # as `nth.c` has it


def library(folder: Path) -> Path:
    """The library, compiled into a folder."""
    made = folder / "nth.so"
    if not made.exists():
        subprocess.run([need("cc"), *_FLAGS, SOURCE, "-o", made, "-ldl"], check=True)
    return made


@dataclass(frozen=True)
class Nth:
    """Changes of files below `under`, counted; `folder` is for what that needs."""

    under: Path
    folder: Path

    def environment(self, at: int = 0, do: str = "kill", *, again: bool = False) -> dict[str, str]:
        """What a process is started with to which `do` happens from the `at`-th change on.

        What is synced is forgotten, unless the disk is the same `again`.
        """
        if not again:
            self.synced.write_bytes(b"")
        self._file.write_bytes(_SHARED.pack(0, at, do.encode(), 0))
        return {
            "LD_PRELOAD": str(library(self.folder)),
            "NTH_UNDER": str(self.under),
            "NTH_SHARED": str(self._file),
            "NTH_SYNCED": str(self.synced),
        }

    def begin(self, do: str) -> None:
        """Have it happen to a running process from its next change on."""
        with self._file.open("r+b") as file:
            file.seek(16)
            file.write(do.encode().ljust(48, b"\0"))
            file.seek(8)
            file.write(struct.pack("@q", 1))

    def end(self) -> None:
        """All is well again."""
        with self._file.open("r+b") as file:
            file.seek(8)
            file.write(bytes(8))

    @property
    def synced(self) -> Path:
        """What is on the disk for sure (`power.py`)."""
        return self.folder / "synced"

    @property
    def _file(self) -> Path:
        return self.folder / "shared"

    @property
    def count(self) -> int:
        """How many changes there were."""
        return int(_SHARED.unpack(self._file.read_bytes())[0])
