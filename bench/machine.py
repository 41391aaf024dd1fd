"""On which machine, with which programs: figures without that are none."""

import contextlib
import datetime as dt
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import boots
from bench import measure
from bench.place import UNPACKED

PEERS = ("dnsmasq-base", "kea-dhcp4-server", "tftpd-hpa", "atftpd", "nginx")


def about() -> dict[str, Any]:
    """CPU, kernel, system and the versions of all that is measured."""
    with measure.meter() as meter:
        counted = meter.how
    return {
        "when": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "processor": _field(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": int((_field(Path("/proc/meminfo"), "MemTotal") or "0").split()[0]) // 1024,
        "governor": _read(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))
        or "none that the machine shows",
        "kernel": platform.release(),
        "system": _read(Path("/etc/debian_version")) or platform.platform(),
        "python": platform.python_version(),
        "boots": boots.__version__,
        "peers": {name: _version(name) for name in PEERS},
        "cpu_counted_by": counted,
    }


def _version(package: str) -> str:
    """Of the package that `make bench` unpacked, or of the installed one."""
    archives = sorted((UNPACKED.parent / "archives").glob(f"{package}_*.deb"))
    words = (
        ["dpkg-deb", "-f", str(archives[-1]), "Version"]
        if archives
        else ["dpkg-query", "-Wf", "${Version}", package]
    )
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "not there"


def _field(file: Path, name: str) -> str:
    for line in _read(file).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _read(file: Path) -> str:
    with contextlib.suppress(OSError):
        return file.read_text().strip()
    return ""
