"""How actions come to the whole disks that they write, and what they put there first."""

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import replace

from boots_agent.actions.below import permitted
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.images.armed import Armed, Policy
from boots_agent.images.disk import Disk
from boots_agent.images.target import open_target
from boots_agent.images.words import MIB, ImageError, State
from boots_agent.tables.words import Piece, TableError

_PAGE = 4096


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What goes wrong below is why the action failed."""
    try:
        yield
    except ImageError as error:
        left = "" if error.state is State.UNTOUCHED else f" (the disk is {error.state.value})"
        raise ActionFailed(f"{error}{left}") from error
    except TableError as error:
        raise ActionFailed(str(error)) from error


@contextlib.contextmanager
def disk_to_write(context: Context, path: str) -> Iterator[tuple[Disk, Armed]]:
    """A whole disk, armed and open."""
    armed = context.arm(path)
    with told(), writing(context, path, armed) as disk:
        yield disk, armed


@contextlib.contextmanager
def writing(context: Context, path: str, armed: Armed) -> Iterator[Disk]:
    """A disk that is armed already, open."""
    disk = open_target(path, armed, sys=context.root / "sys")
    try:
        yield disk
    finally:
        disk.close()


def own(armed: Armed) -> Armed:
    """The permission again, after this very action has written the disk: what is on it is its."""
    return replace(armed, policy=Policy.FORCE)


def partition_to_write(context: Context, device: str) -> None:
    """See to it that a partition may be written, and that nothing else has it.

    Raises:
        ActionFailed: Its disk may not be written, or it is in use.
    """
    permitted(context, device)
    try:
        os.close(os.open(device, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC))
    except OSError as error:
        why = "is in use" if error.errno == errno.EBUSY else f"cannot be opened: {error.strerror}"
        raise ActionFailed(f"{device} {why}") from None


def put_table(disk: Disk, pieces: tuple[Piece, ...]) -> None:
    """A table on the disk: the spare first, and what makes the rest count last.

    Raises:
        DiskFailed: The disk does not take it.
    """
    for offset, content in pieces[:-1]:
        disk.write(memoryview(content), offset)
    disk.sync()
    offset, content = pieces[-1]
    disk.write(memoryview(content)[_PAGE:], offset + _PAGE)
    disk.sync()
    disk.write(memoryview(content)[:_PAGE], offset)
    disk.sync()


def clear(disk: Disk, start: int, length: int) -> None:
    """Take away what a new partition would be mistaken for: its first and last MiB become zero."""
    disk.zero(start, min(MIB, length))
    last = max(start, start + length - MIB)
    disk.zero(last, start + length - last)
