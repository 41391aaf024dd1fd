"""Files that another program is writing: what was added since the last look."""

import re
from pathlib import Path

# the cursor movements and colours of firmware menus, which would wreck a terminal view
_TERMINAL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_c])|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Tail:
    """A position in a growing file, that need not exist yet.  Only whole lines are given.

    What is in the first `skip` bytes is not.
    """

    def __init__(self, path: Path, skip: int = 0) -> None:
        self.path = path
        self._position = skip
        self._begun = b""

    def lines(self) -> list[bytes]:
        """The lines that were completed since the last call, without their ends."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._position)
                added = file.read()
        except FileNotFoundError:
            return []
        self._position += len(added)
        *whole, self._begun = (self._begun + added).split(b"\n")
        return whole

    def rest(self) -> list[bytes]:
        """As `lines`, with the unfinished last line too: for when nobody writes any more."""
        lines = self.lines()
        unfinished, self._begun = self._begun, b""
        return [*lines, unfinished] if unfinished else lines


def readable(line: bytes) -> str:
    """A console line for people: no terminal control, only what a carriage return left visible."""
    text = _TERMINAL.sub(b"", line).decode("utf-8", errors="replace").rstrip("\r ")
    return text.rpartition("\r")[2].rstrip()
