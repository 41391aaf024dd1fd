"""What a server holds and how fast it answers, now."""

import contextlib
import http.client
import os
import time
from pathlib import Path

from bench.measure import Meter
from bench.place import SERVER
from bench.soak.verdict import Sample

_ASKED = 5


def sample(pid: int, meter: Meter, state: Path, at: float) -> Sample:
    """Look at a server with this process id, and the folder of what it keeps."""
    memory = meter.memory(pid)
    held = list(_held(pid))
    return Sample(
        at=at,
        rss=memory.resident,
        own=memory.own,
        fds=len(held),
        sockets=sum(each.startswith("socket:") for each in held),
        threads=len(os.listdir(f"/proc/{pid}/task")),  # noqa: PTH208
        store=sum(each.stat().st_size for each in state.rglob("*") if each.is_file()),
        cpu=meter.cpu(pid),
        lag=max(_answer() for _ in range(_ASKED)),
    )


def _held(pid: int) -> list[str]:
    found = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            found.append(str(each.readlink()))
    return found


def _answer() -> float:
    """Seconds that a question takes that needs no work."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(str(SERVER), 8080, timeout=30)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    finally:
        connection.close()
    return time.monotonic() - began
