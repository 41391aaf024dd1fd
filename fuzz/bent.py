"""Fuzzing without atheris: inputs that are known are bent at random, and nobody watches where to.

It finds less for each input, and tries more of them in a second; wheels of atheris are not made
for every machine.
"""

import hashlib
import random
import resource
import signal
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from fuzz import places
from fuzz.target import Target
from fuzz.timing import ON_LOOP, seconds

_MEMORY = 4 << 30  # bytes of address space
_HANGS = 20  # seconds


class Hung(BaseException):
    """An input took too long: nothing that passes over exceptions passes over that."""


def bent(rng: random.Random, known: Sequence[bytes], words: Sequence[bytes], most: int) -> bytes:
    """One of these with some bytes changed, cut, doubled, or put behind another."""
    made = bytearray(rng.choice(known))
    match rng.randrange(6):
        case 0:
            del made[rng.randrange(len(made) + 1) :]
        case 1:
            other = rng.choice(known)
            made[rng.randrange(len(made) + 1) :] = other[rng.randrange(len(other) + 1) :]
        case 2:
            made += bytes([rng.randrange(256)]) * rng.randrange(2000)
        case 3:
            at = rng.randrange(len(made) + 1)
            made[at:at] = made[at : at + rng.randrange(64)] * rng.randrange(32)
        case 4 if words:
            at = rng.randrange(len(made) + 1)
            made[at : at + rng.choice((0, 1, 4))] = rng.choice(words)
    for _ in range(rng.choice((0, 1, 4, 16)) if made else 0):
        made[rng.randrange(len(made))] = rng.randrange(256)
    return bytes(made[:most])


def fuzz(target: Target, most: int, seed: int) -> None:
    """Fuzz one target for some seconds, or until something is found; says what libFuzzer says.

    A seed of 0 is another one each time.
    """
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    signal.signal(signal.SIGALRM, _hung)
    rng, known = random.Random(seed or None), _known(target)  # noqa: S311  # no secret
    began, runs, waiting = time.monotonic(), 0, [*known]
    while (took := time.monotonic() - began) < most:
        data = waiting.pop() if waiting else bent(rng, known, target.words, target.longest)
        runs += 1
        if not _holds(target, data):
            break
    print(f"stat::number_of_executed_units: {runs}")
    print(f"stat::average_exec_per_sec: {int(runs / max(took, 1))}")


def _holds(target: Target, data: bytes) -> bool:
    """Whether an input is handled as is promised; else it is kept."""
    try:
        # Again each second: what catches all would go on for good.
        signal.setitimer(signal.ITIMER_REAL, _HANGS, 1)
        try:
            slow = _is_slow(target, data)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except (Exception, Hung) as error:
        print(f" === Uncaught Python exception: ===\n{type(error).__name__}: {error}")
        traceback.print_exc()
        _keep(places.findings(target.name) / "crash", data)
        return False
    if slow:
        _keep(places.slow(target.name) / "slow", data)
    return not slow


def _is_slow(target: Target, data: bytes) -> bool:
    """Handle an input, and once more where it held up the loop: whether it does so by itself."""
    began = time.thread_time()
    target.run(data)
    if not target.on_loop or time.thread_time() - began < ON_LOOP:
        return False
    return seconds(target.run, data) >= ON_LOOP


def _known(target: Target) -> list[bytes]:
    paths = [*places.kept(target.name), *places.inputs(places.corpus(target.name))]
    return [*target.seeds(), *(path.read_bytes() for path in paths)]


def _keep(path: Path, data: bytes) -> None:
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    path.with_name(f"{path.name}-{digest}").write_bytes(data)


def _hung(_number: int, _frame: FrameType | None) -> None:
    raise Hung
