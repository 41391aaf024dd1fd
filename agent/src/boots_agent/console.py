"""What the agent says to people: lines on every console of the machine."""

import sys
from pathlib import Path


class Console:
    """Says lines on all the consoles of the kernel command line, not just the last one."""

    def __init__(self, root: Path) -> None:
        self._consoles = _consoles(root)

    def say(self, text: str) -> None:
        """One line; a console that cannot be written to is passed over."""
        line = f"OSIE: {text}\n"
        said = [_write(console, line) for console in self._consoles]
        if not any(said):
            sys.stdout.write(line)
            sys.stdout.flush()


def _consoles(root: Path) -> list[Path]:
    try:
        names = (root / "sys/class/tty/console/active").read_text().split()
    except OSError:
        return []
    return [root / "dev" / name for name in names]


def _write(console: Path, line: str) -> bool:
    try:
        # Appending never creates a file where a device is missing by another name.
        with console.open("r+b", buffering=0) as device:
            device.write(line.encode())
    except OSError:
        return False
    return True
