"""Landlock: where files may be written and which programs started, whoever the user is.

What is read is left alone: records and boot files may be named anew at a reload.  Where we write
(state, cache, journal) only a restart changes.
"""

import errno
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from boots.app.privileges import linux

# Accesses to files (linux/landlock.h).
_EXECUTE, _WRITE_FILE = 1 << 0, 1 << 1
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_CHAR, _MAKE_DIR, _MAKE_REG, _MAKE_SOCK = 1 << 6, 1 << 7, 1 << 8, 1 << 9
_MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM = 1 << 10, 1 << 11, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_BIND_TCP = 1 << 0
_SINCE = ((2, _REFER), (3, _TRUNCATE))  # versions of Landlock, and what they know more
_KNOWS_SOCKETS = 4

_ALWAYS = _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SOCK | _MAKE_SYM
_NEVER = _MAKE_CHAR | _MAKE_FIFO | _MAKE_BLOCK


def enter(written: Iterable[Path]) -> str:
    """Write nowhere but at and below these places, and start nothing but Python; why not, if not.

    The temporary folders are among them.  No TCP port is opened any more.

    Raises:
        OSError: the kernel has it, and does not take our rules.
    """
    version = linux.landlock_version()
    if not version:
        return "this kernel has no Landlock"
    more = sum(access for since, access in _SINCE if version >= since)
    sockets = _BIND_TCP if version >= _KNOWS_SOCKETS else 0
    rules = linux.landlock_rules(_EXECUTE | _ALWAYS | _NEVER | more, sockets)
    try:
        for place in {*written, *map(Path, ("/tmp", "/var/tmp", "/dev/null"))}:  # noqa: S108
            _allow(rules, place, _ALWAYS | more, (_WRITE_FILE | more) & ~_REFER)
        for place in _started():
            _allow(rules, place, _EXECUTE, _EXECUTE)
        linux.landlock_enter(rules)
    finally:
        os.close(rules)
    return ""


def _allow(rules: int, place: Path, of_folders: int, of_files: int) -> None:
    try:
        opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # it is not there, so nothing is written there
        return
    try:
        linux.landlock_allow(rules, opened, of_folders if place.is_dir() else of_files)
    except OSError as error:
        if error.errno != errno.EBADFD:  # a pipe, which is in no file system: it is not denied
            raise
    finally:
        os.close(opened)


def _started() -> set[Path]:
    """Python, and what the kernel starts it by: the interpreter that its file names."""
    program = Path(sys.executable).resolve()
    found = {program}
    linker = _linker(program)
    if linker:
        found.add(Path(linker).resolve())
    return found


def _linker(program: Path) -> str:
    """The PT_INTERP of a 64-bit ELF file; empty if it has none."""
    data = program.open("rb").read(4096)
    if data[:5] != b"\x7fELF\x02":
        return ""
    start = int.from_bytes(data[32:40], sys.byteorder)
    size, count = (int.from_bytes(data[at : at + 2], sys.byteorder) for at in (54, 56))
    for header in (data[start + n * size :][:size] for n in range(count)):
        if int.from_bytes(header[:4], sys.byteorder) == 3:
            at, length = (int.from_bytes(header[n : n + 8], sys.byteorder) for n in (8, 32))
            return data[at : at + length].rstrip(b"\0").decode()
    return ""
