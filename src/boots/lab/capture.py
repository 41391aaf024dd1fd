"""The packets of a boot as evidence: ``tcpdump`` on an interface, when it is installed."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

HEADER = 24
"""Bytes that a capture file begins with; once they are there, packets are seen."""

EACH = 640
"""Bytes kept of every packet: all headers and a whole DHCP message, little of a kernel."""

_PATIENCE = 3.0  # seconds that tcpdump may take to listen


def command(interface: str, path: Path) -> list[str]:
    """The command line.  ``-Z root``: the work directory is not for the user ``tcpdump``."""
    return ["tcpdump", "-i", interface, "-n", "-U", "-s", str(EACH), "-Z", "root", "-w", str(path)]


@contextlib.contextmanager
def capture(interface: str, path: Path) -> Iterator[Path | None]:
    """Record `interface` into `path`; none, and no harm done, where there is no ``tcpdump``."""
    if shutil.which("tcpdump") is None:
        yield None
        return
    process = subprocess.Popen(
        command(interface, path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_listening(process, path)
        yield path
    finally:
        process.terminate()
        process.wait(timeout=5)


def _wait_until_listening(process: subprocess.Popen[bytes], path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if path.exists() and path.stat().st_size >= HEADER:
            return
        time.sleep(0.02)
