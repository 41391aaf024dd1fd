"""A clock that stands while other programs have the CPU, and goes on while nobody needs it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.peers.fair import Fair

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="this kernel does not count it"
)
CPU = min(os.sched_getaffinity(0))


@contextmanager
def spinning() -> Iterator[int]:
    """A program that uses one CPU, without end."""
    words = [sys.executable, "-S", "-c", "print(flush=True)\nwhile 1: pass"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        os.sched_setaffinity(process.pid, {CPU})
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            with suppress(ProcessLookupError):
                process.kill()


def test_it_stands_while_others_have_the_cpu() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CPU})
    try:
        with spinning():
            clock, used = Fair(), time.thread_time()
            began = clock()
            while time.thread_time() - used < 0.2:
                pass
            fair = clock() - began
    finally:
        os.sched_setaffinity(0, before)

    assert fair == pytest.approx(0.2, abs=0.02)


def test_it_goes_on_while_one_sleeps_or_waits() -> None:
    clock = Fair()
    began = clock()
    time.sleep(0.1)

    assert clock() - began >= 0.099


def test_it_stands_while_a_server_has_no_turn() -> None:
    with spinning() as server, spinning():
        alone, both = Fair(), Fair([server])
        apart = alone() - both()
        deadline = time.monotonic() + 10
        while alone() - both() - apart < 0.1:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_server_that_sleeps_is_given_nothing() -> None:
    with subprocess.Popen(["sleep", "5"]) as server:
        time.sleep(0.1)  # until it does
        alone, both = Fair(), Fair([server.pid])
        apart = alone() - both()
        time.sleep(0.1)
        further = alone() - both() - apart
        server.kill()

    assert further == pytest.approx(0, abs=0.02)


def test_who_is_gone_stands_nowhere() -> None:
    with spinning() as server:
        clock = Fair([server])
        before = clock()
    after = clock()

    assert before <= after
    assert clock() - after < 0.05
