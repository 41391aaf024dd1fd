"""Loaded by a server under test: writes down what held up its loop, and for how long.

What counts is the processor's time of each callback: to be kept waiting by others is not its doing.
"""

import asyncio
import gc
import os
import threading
import time

_LEAST = 0.001  # seconds


def _watch(place: str) -> None:
    out = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    run = asyncio.events.Handle._run
    # Those in C do not say what they are.
    asyncio.Task = asyncio.tasks.Task = asyncio.tasks._PyTask  # type: ignore[misc]
    main = threading.main_thread()

    def timed(handle: asyncio.events.Handle) -> None:
        if threading.current_thread() is not main:
            run(handle)
            return
        # What it is must be asked before: a handle forgets it when it is cancelled.
        callback = handle._callback
        began = time.thread_time()
        run(handle)
        took = time.thread_time() - began
        if took >= _LEAST:
            what = f"{callback!r}".replace("\n", " ")
            os.write(out, f"{time.monotonic()} {took} {what}\n".encode(errors="replace"))

    collected = 0.0

    def collects(phase: str, about: dict[str, int]) -> None:
        nonlocal collected
        now = time.thread_time()
        if phase == "start":
            collected = now
        elif now - collected >= _LEAST:
            what = f"garbage of generation {about['generation']}"
            os.write(out, f"{time.monotonic()} {now - collected} {what}\n".encode())

    gc.callbacks.append(collects)
    asyncio.events.Handle._run = timed
    os.write(out, f"{time.monotonic()} 0 it is watched\n".encode())


if "LOOP_PROBE" in os.environ:
    _watch(os.environ["LOOP_PROBE"])
