"""Reading a large file in a process of its own.

Its many objects, and the time that Python takes for them, are then not the server's: while records
are read again the doors go on answering, and the memory goes back when the process ends.
"""

import gc
import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec

from boots.documents.fault import Fault
from boots.machines.contents import contents
from boots.machines.packed import to_bytes
from boots.machines.records import packed


class Parcel(msgspec.Struct, frozen=True, array_like=True):
    """What a file held, packed; `digest` tells what it said."""

    digest: bytes
    machines: bytes
    faults: tuple[Fault, ...]


def digest(data: bytes) -> bytes:
    """What tells what a file says."""
    return hashlib.sha256(data).digest()


def fetch(path: Path, name: str) -> Parcel | None:
    """Have another process read a file that is called `name`; None where that fails."""
    command = [sys.executable, "-m", __name__, str(path), name]
    try:
        done = subprocess.run(  # noqa: S603  # this very module
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        return msgspec.msgpack.decode(done.stdout, type=Parcel)
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError):
        return None


def _main(path: str, name: str) -> None:
    gc.disable()  # what is made here is kept to the end
    data = contents(Path(path))
    told = digest(data)
    text = data.decode()
    del data
    machines, faults = packed(text, name)
    del text
    parcel = Parcel(told, to_bytes(machines), faults)
    sys.stdout.buffer.write(msgspec.msgpack.encode(parcel))


if __name__ == "__main__":
    _main(*sys.argv[1:])
