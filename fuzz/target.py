"""What is fuzzed."""

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Target(NamedTuple):
    """One parser or door.

    `run` raises only what is a finding: what the code promises to raise is caught inside, and
    what it promises besides is asserted there.  What stands in `seeds` is where fuzzing begins.
    With `on_loop` the input is handled on the server's loop, so it must take less than 5 ms of
    the processor; else by a thread, a command or the agent.
    `words` are texts that mean something to the parser, `longest` the size of the largest input.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    on_loop: bool
    words: tuple[bytes, ...] = ()
    longest: int = 4096
