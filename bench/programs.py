"""The load generators and the bare limits: C, compiled when their source is newer."""

import subprocess
from pathlib import Path

SOURCES = Path(__file__).parent / "load"
BUILT = Path(__file__).parent.parent / "build" / "bench"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")


def program(name: str) -> Path:
    """The program made from ``bench/load/NAME.c``."""
    source, made = SOURCES / f"{name}.c", BUILT / name
    newest = max(file.stat().st_mtime for file in (source, *SOURCES.glob("*.h")))
    if not made.exists() or made.stat().st_mtime < newest:
        BUILT.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", *FLAGS, str(source), "-o", str(made)], check=True)
    return made
