"""The program that the kernel asks about each system call: which are denied, and how.

Classic BPF (seccomp(2), linux/bpf_common.h): it sees the call's number, the architecture and the
arguments, and nothing that a pointer leads to.
"""

import errno
import struct
from collections.abc import Iterator, Sequence

from boots.app.privileges import calls
from boots.app.privileges.calls import Numbers

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
_LOAD, _AND = 0x20, 0x54  # BPF_LD|W|ABS, BPF_ALU|AND|K
_IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT = 0x15, 0x35, 0x45
_RETURN = 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
ALLOW, KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000  # a second set of numbers on x86_64
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET; NEWTIME is clone3's alone.
_NAMESPACES = 0x7E020000
_FAMILIES = (1, 2, 10, 16, 17)  # AF_UNIX, INET, INET6, NETLINK, PACKET
_TYPES_INTO_TERMINALS = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_WRITE, _EXECUTE = 2, 4  # PROT_WRITE, PROT_EXEC

Instruction = tuple[int, int, int, int]
"""What to do, how far to jump if true and if not, and a number."""


def program(machine: str, *, starts_programs: bool) -> bytes:
    """The filter for an architecture; without `starts_programs` no program can be started.

    Raises:
        KeyError: the architecture is not known here.
    """
    made = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, KILL),  # another set of numbers: nothing of ours makes such calls
        (_LOAD, 0, 0, _NUMBER),
        *(_denied_if(_IF_AT_LEAST, _X32, errno.EPERM) if machine == "x86_64" else ()),
        *_by_number(machine, starts_programs=starts_programs),
        *_by_argument(machine),
        (_RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *each) for each in made)


def _deny(number: int) -> Instruction:
    return _RETURN, 0, 0, _ERRNO | number


def _denied_if(test: int, value: int, error: int) -> Iterator[Instruction]:
    yield test, 0, 1, value
    yield _deny(error)


def _by_number(machine: str, *, starts_programs: bool) -> Iterator[Instruction]:
    denied = {**calls.DENIED, **({} if starts_programs else calls.STARTS_PROGRAMS)}
    for numbers in denied.values():
        number = _of(numbers, machine)
        if number >= 0:
            yield from _denied_if(_IF_EQUAL, number, errno.EPERM)
    # Its flags are in memory, where we cannot look; without it the C library takes clone.
    yield from _denied_if(_IF_EQUAL, _of(calls.CLONE3, machine), errno.ENOSYS)


def _by_argument(machine: str) -> Iterator[Instruction]:
    """Calls of which only some are denied; each looks at its argument and gives an answer."""
    flags = list(_denied_if(_IF_ANY_BIT, _NAMESPACES, errno.EPERM))
    yield from _looked_at(_of(calls.CLONE, machine), 0, flags)
    families: list[Instruction] = []
    for family in _FAMILIES:
        families += [(_IF_EQUAL, 0, 1, family), (_RETURN, 0, 0, ALLOW)]
    families.append(_deny(errno.EAFNOSUPPORT))
    yield from _looked_at(_of(calls.SOCKET, machine), 0, families)
    typed = [
        each for kind in _TYPES_INTO_TERMINALS for each in _denied_if(_IF_EQUAL, kind, errno.EPERM)
    ]
    yield from _looked_at(_of(calls.IOCTL, machine), 1, typed)
    both: list[Instruction] = [
        (_AND, 0, 0, _WRITE | _EXECUTE),
        *_denied_if(_IF_EQUAL, _WRITE | _EXECUTE, errno.EPERM),
    ]
    yield from _looked_at(_of(calls.MMAP, machine), 2, both)
    executable = list(_denied_if(_IF_ANY_BIT, _EXECUTE, errno.EPERM))
    for numbers in (calls.MPROTECT, calls.PKEY_MPROTECT):
        yield from _looked_at(_of(numbers, machine), 2, executable)


def _looked_at(call: int, argument: int, body: Sequence[Instruction]) -> Iterator[Instruction]:
    """The lower half of an argument is loaded, which is all that matters of these."""
    yield _IF_EQUAL, 0, len(body) + 2, call
    yield _LOAD, 0, 0, _FIRST_ARGUMENT + 8 * argument
    yield from body
    yield _RETURN, 0, 0, ALLOW


def _of(numbers: Numbers, machine: str) -> int:
    return numbers.x86_64 if machine == "x86_64" else numbers.aarch64
