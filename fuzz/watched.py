"""The process that fuzzes: all code is watched once, if it can be, then each target gets a fork.

To load and instrument the house takes seconds, which a short run of forty targets has not.
"""

import argparse
import hashlib
import importlib.util
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fuzz import bent, places
from fuzz.target import Target
from fuzz.timing import ON_LOOP

_HANGS = 20  # seconds
_MEMORY = 1536  # MB
_MOST_SLOW = 16


def main() -> None:
    """Run the targets that are named, some at a time."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.watched")
    parser.add_argument("names", nargs="+")
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    watches = is_possible()
    targets = _loaded(watches=watches)
    running: set[int] = set()
    for name in options.names:
        if len(running) == options.at_once:
            running.discard(os.wait()[0])
        fuzz = _fuzz if watches else bent.fuzz
        running.add(_started(targets[name], options.seconds, options.seed, fuzz))
    while running:
        running.discard(os.wait()[0])


def is_possible() -> bool:
    """Whether atheris is here: it comes for Linux on x86-64 and some releases of Python only."""
    return importlib.util.find_spec("atheris") is not None


def _loaded(*, watches: bool) -> dict[str, Target]:
    """All targets; they must be loaded while they are watched."""
    if not watches:
        from fuzz.targets import every  # noqa: PLC0415

        return every()
    import atheris  # noqa: PLC0415

    with atheris.instrument_imports(include=["boots", "boots_agent"]):
        from fuzz.targets import every  # noqa: PLC0415

        return every()


def _started(
    target: Target, seconds: int, seed: int, fuzz: Callable[[Target, int, int], None]
) -> int:
    pid = os.fork()
    if pid:
        return pid
    with places.log(target.name).open("w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    fuzz(target, seconds, seed)
    raise SystemExit(70)  # not at once: at the exit libFuzzer writes down what failed


def _fuzz(target: Target, seconds: int, seed: int) -> None:
    """Fuzz one target; libFuzzer ends the process."""
    import atheris  # noqa: PLC0415

    arguments = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-timeout={_HANGS}",
        f"-rss_limit_mb={_MEMORY}",
        f"-max_len={target.longest}",
        f"-artifact_prefix={places.findings(target.name)}/",
        "-print_final_stats=1",
        *map(str, (places.corpus(target.name), places.seeds(target.name))),
    ]
    if target.words:
        arguments.insert(1, f"-dict={_dictionary(target)}")
    if places.kept(target.name):
        arguments.append(str(places.KEPT / target.name))
    atheris.Setup(arguments, _timed(target))
    atheris.Fuzz()


def _dictionary(target: Target) -> Path:
    path = places.words(target.name)
    texts = ("".join(f"\\x{each:02x}" for each in word) for word in target.words)
    path.write_text("".join(f'"{text}"\n' for text in texts))
    return path


def _timed(target: Target) -> Callable[[bytes], None]:
    """The target; of what takes long the longest are kept, to be measured without being watched."""
    if not target.on_loop:
        return target.run
    worst: list[tuple[float, Path]] = []

    def run(data: bytes) -> None:
        begin = time.thread_time()
        target.run(data)
        took = time.thread_time() - begin
        if took < ON_LOOP or (len(worst) == _MOST_SLOW and took < worst[0][0]):
            return
        path = places.slow(target.name) / hashlib.sha1(data, usedforsecurity=False).hexdigest()
        path.write_bytes(data)
        worst.append((took, path))
        worst.sort()
        if len(worst) > _MOST_SLOW:
            worst.pop(0)[1].unlink(missing_ok=True)

    return run


if __name__ == "__main__":
    main()
