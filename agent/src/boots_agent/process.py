"""An action in a process of its own, and what it says through a pipe.

The process is a session of its own, dies with the agent, and can be ended whole.
"""

import contextlib
import json
import os
import resource
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from boots_agent.actions.context import FAILED, ActionFailed, Progress
from boots_agent.images.words import ImageError
from boots_agent.kernel import die_with_parent
from boots_agent.outbox import MOST_LETTERS

MARK = "BOOTS_ACTION"
"""In the environment of all that an action starts: whose it is is found when the agent is gone."""
GRACE = 10.0  # seconds between being told to end and being ended
_AT_ONCE = 1 << 16
_MOST_PHASE = 64  # letters that the server takes
_KILLED = 128
_FILES = 1 << 16  # as many as a machine may have disks, and more


class Voice:
    """The child's side of the pipe."""

    def __init__(self, pipe: int, now: Callable[[], float]) -> None:
        self._pipe = pipe
        self._now = now
        self._turn = threading.Lock()

    def say(self, text: str) -> None:
        """Lines for the log; long ones in pieces."""
        for line in text.splitlines() or [""]:
            for at in range(0, len(line) or 1, MOST_LETTERS):
                self._send({"line": [self._now(), line[at : at + MOST_LETTERS]]})

    def tell(self, progress: Progress) -> None:
        """How far it is."""
        self._send({"progress": {**progress._asdict(), "phase": progress.phase[:_MOST_PHASE]}})

    def end(self, result: "Result") -> None:
        """The last word."""
        self._send({"result": [result.code, result.leave, dict(result.wrote)]})

    def _send(self, message: dict[str, Any]) -> None:
        left = memoryview(json.dumps(message).encode() + b"\n")
        with self._turn:
            while left:
                left = left[os.write(self._pipe, left) :]


class Result(NamedTuple):
    """How a process ended.

    Attributes:
        leave: How OSIE ends after it; empty if it does not.
        wrote: The GUIDs of the GPTs that disks have now, by the serial numbers they are armed by.
    """

    code: int
    leave: str = ""
    wrote: Mapping[str, str] = MappingProxyType({})


Work = Callable[["Voice"], Result]
"""What is done in the process.  Raises `ActionFailed`."""


class Process:
    """The agent's side: the process, and what it said."""

    def __init__(self, pid: int, pipe: int) -> None:
        self.pid = pid
        self._pipe = pipe
        self._ended = os.pidfd_open(pid)
        self._part = b""
        self._result: Result | None = None
        self._status: int | None = None

    def wait(self, seconds: float, wake: int) -> bool:
        """Wait for something to be said, the end, or a byte in `wake`; whether it is over."""
        watched = (
            [self._pipe, wake] if self._status is not None else [self._pipe, self._ended, wake]
        )
        ready, _, _ = select.select(watched, [], [], max(0.0, seconds))
        if wake in ready:
            os.read(wake, 64)
        if self._ended in ready:
            self._status = os.waitpid(self.pid, 0)[1]
        return self._status is not None

    def messages(self) -> Iterator[dict[str, Any]]:
        """What was said since, without waiting; once it is over, until nothing is left."""
        while select.select([self._pipe], [], [], 0)[0]:
            data = os.read(self._pipe, _AT_ONCE)
            *whole, self._part = (self._part + data).split(b"\n")
            for line in whole:
                yield from self._message(line)
            if not data or self._status is None:
                return

    def _message(self, line: bytes) -> Iterator[dict[str, Any]]:
        message = json.loads(line)
        if "result" in message:
            self._result = Result(*message["result"])
        else:
            yield message

    @property
    def result(self) -> Result:
        """How it ended."""
        if self._result is not None:
            return self._result
        code = os.waitstatus_to_exitcode(self._status or 0)
        return Result(_KILLED - code if code < 0 else code or FAILED)

    def signal(self, number: signal.Signals) -> None:
        """Signal the process and its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def close(self) -> None:
        """Let go."""
        os.close(self._pipe)
        os.close(self._ended)


def start(work: Work, now: Callable[[], float], mark: str) -> Process:
    """Begin it in a process of its own; all that it starts has the mark in its environment."""
    agent = os.getpid()
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Process(pid, reading)
    try:
        os.close(reading)
        os.environ[MARK] = mark
        _settle(agent)
        _run(work, Voice(writing, now))
    finally:
        os._exit(FAILED)


def _settle(agent: int) -> None:
    os.setsid()
    die_with_parent(signal.SIGKILL)
    if os.getppid() != agent:  # it was gone before
        os._exit(FAILED)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Where memory runs out it is the action that ends, and the agent that tells so.
    Path("/proc/self/oom_score_adj").write_text("500")
    _have_files()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)


def _have_files() -> None:
    """Each disk that is held is an open file, and a process has 1024 unless it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _stop(number: int, _: object) -> NoReturn:
    """Leave through all ``finally``: what can be put in order is."""
    raise SystemExit(_KILLED + number)


def _run(work: Work, voice: Voice) -> None:
    try:
        result = work(voice)
    except ActionFailed as error:
        voice.say(str(error))
        voice.end(Result(error.code or FAILED))
    except ImageError as error:
        voice.say(f"{error} (the disk is {error.state.value})")
        voice.end(Result(FAILED))
    except SystemExit as error:
        voice.end(Result(error.code if isinstance(error.code, int) else FAILED))
    except BaseException as error:  # noqa: BLE001  # whatever it is, it is told
        voice.say("".join(traceback.format_exception(error)))
        voice.end(Result(FAILED))
    else:
        voice.end(result)


def stop(process: Process, messages: Callable[[], None], wake: int, grace: float = GRACE) -> None:
    """End a process: first it is told to, then it is made to."""
    process.signal(signal.SIGTERM)
    until = time.monotonic() + grace
    while (left := until - time.monotonic()) > 0:
        over = process.wait(left, wake)
        messages()
        if over:
            return
    process.signal(signal.SIGKILL)
    while not process.wait(1.0, wake):
        messages()
    messages()
