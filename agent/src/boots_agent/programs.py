"""Programs that an action runs: what they print are lines of its log."""

import codecs
import contextlib
import os
import re
import select
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from boots_agent.actions.context import ActionFailed, Programs
from boots_agent.process import MARK

MISSING = 127
_NOT_ALLOWED = 126
_KILLED = 128
_LAST_WORDS = 0.5  # seconds that a program's own children may hold its output open
_ENDS = re.compile(r"\r\n|\n|\r")
_LONGEST = 4096  # letters without the end of a line
_WORDS = 5  # lines


class Running(Programs):
    """The programs of OSIE, or of a system that is mounted."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def __call__(
        self,
        words: Sequence[str],
        *,
        chroot: Path | None = None,
        environment: Mapping[str, str] | None = None,
        given: bytes = b"",
    ) -> int:
        """Run one to its end; see `Programs`."""
        line = ["chroot", str(chroot), *words] if chroot else list(words)
        try:
            process = subprocess.Popen(
                line,
                stdin=subprocess.PIPE if given else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=None if environment is None else _whole(environment),
            )
        except FileNotFoundError:
            self._say(f"there is no program {line[0]}")
            return MISSING
        except OSError as error:
            self._say(f"{line[0]} cannot be run: {error.strerror}")
            return _NOT_ALLOWED
        with process:
            if given:
                threading.Thread(target=_give, args=(process, given), daemon=True).start()
            self._listen(process)
            code = process.wait()
        return _KILLED - code if code < 0 else code

    def output(self, words: Sequence[str]) -> str:
        """What a program prints; see `Programs`."""
        try:
            done = subprocess.run(
                list(words),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise ActionFailed(f"{words[0]} cannot be run: {error.strerror}", MISSING) from error
        if done.returncode:
            said = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()
            why = "; ".join(said[-_WORDS:]) or "it said nothing"
            code = _KILLED - done.returncode if done.returncode < 0 else done.returncode
            raise ActionFailed(f"{' '.join(words)} ended with {code}: {why}", code)
        return done.stdout.decode(errors="replace")

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Say what it prints until it is over; what it left running goes on unheard."""
        assert process.stdout is not None  # noqa: S101  # it was asked for
        pipe = process.stdout.fileno()
        ended = os.pidfd_open(process.pid)
        lines = Lines(self._say)
        until: float | None = None
        try:
            while until is None or time.monotonic() < until:
                watched = [pipe] if until else [pipe, ended]
                ready, _, _ = select.select(watched, [], [], _LAST_WORDS if until else None)
                if pipe in ready:
                    data = os.read(pipe, 1 << 16)
                    if not data:
                        break
                    lines.feed(data)
                elif until:
                    break
                if ended in ready:
                    until = time.monotonic() + _LAST_WORDS
        finally:
            os.close(ended)
            lines.end()


class Lines:
    """Bytes to lines; a bar of progress, which ends with a return, is a line each time."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._part = ""

    def feed(self, data: bytes) -> None:
        """Some bytes more."""
        *whole, self._part = _ENDS.split(self._part + self._decoder.decode(data))
        for line in whole:
            if line:
                self._say(line)
        if len(self._part) > _LONGEST:
            self._say(self._part)
            self._part = ""

    def end(self) -> None:
        """There are no more."""
        if self._part:
            self._say(self._part)
            self._part = ""


def _give(process: subprocess.Popen[bytes], given: bytes) -> None:
    assert process.stdin is not None  # noqa: S101  # it was asked for
    with contextlib.suppress(OSError):
        process.stdin.write(given)
    with contextlib.suppress(OSError):
        process.stdin.close()


def _whole(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", MARK) if name in os.environ}
    return {"PATH": os.defpath, **kept, **environment}
