"""The filter of system calls, run by an interpreter of our own for both architectures."""

import errno
import re
import struct
from pathlib import Path

import pytest

from boots.app.privileges import calls, seccomp
from boots.app.privileges.calls import Numbers

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
EPERM = 0x00050000 | errno.EPERM


def verdict(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What the kernel would do: classic BPF, as far as the filter uses it."""
    data = struct.pack("=iIQ6Q", number, architecture, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    instructions = list(struct.iter_unpack("=HBBI", program))
    at, held = 0, 0
    while True:
        code, yes, no, value = instructions[at]
        at += 1
        match code:
            case 0x06:
                return int(value)
            case 0x20:
                held = struct.unpack_from("=I", data, value)[0]
            case 0x54:
                held &= value
            case 0x15 | 0x35 | 0x45:
                truth = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
                at += yes if truth else no
            case _:
                raise AssertionError(hex(code))


def of(machine: str, numbers: Numbers) -> int:
    return int(getattr(numbers, machine))


def ask(machine: str, number: int, *arguments: int, starts: bool = True) -> int:
    program = seccomp.program(machine, starts_programs=starts)
    return verdict(program, ARCHITECTURES[machine], number, *arguments)


@pytest.fixture(params=sorted(ARCHITECTURES))
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_each_call_of_the_list_is_denied(machine: str) -> None:
    there = {name: of(machine, each) for name, each in calls.DENIED.items()}

    assert {name: ask(machine, number) for name, number in there.items() if number >= 0} == {
        name: EPERM for name, number in there.items() if number >= 0
    }


def test_what_a_server_does_all_day_is_allowed(machine: str) -> None:
    # read, write, close, openat, recvfrom, sendto, epoll_pwait, futex.
    daily = {
        "x86_64": (0, 1, 3, 257, 45, 44, 281, 202),
        "aarch64": (63, 64, 57, 56, 207, 206, 22, 98),
    }

    assert {ask(machine, number) for number in daily[machine]} == {seccomp.ALLOW}


def test_calls_of_another_architecture_end_the_process(machine: str) -> None:
    program = seccomp.program(machine, starts_programs=True)

    assert verdict(program, 0x40000003, 11) == seccomp.KILL  # execve of i386


def test_the_second_set_of_numbers_of_x86_64_is_denied() -> None:
    assert ask("x86_64", 0x40000000 | 59) == EPERM


def test_programs_are_started_only_where_that_is_needed(machine: str) -> None:
    number = of(machine, calls.STARTS_PROGRAMS["execve"])

    assert (ask(machine, number), ask(machine, number, starts=False)) == (seccomp.ALLOW, EPERM)


def test_threads_and_children_may_be_made_but_no_namespaces(machine: str) -> None:
    number = of(machine, calls.CLONE)
    thread, user_namespace = 0x003D0F00, 0x10000000 | 17

    assert ask(machine, number, thread) == seccomp.ALLOW
    assert ask(machine, number, user_namespace) == EPERM


def test_the_c_library_is_sent_from_clone3_to_clone(machine: str) -> None:
    assert ask(machine, of(machine, calls.CLONE3)) == 0x00050000 | errno.ENOSYS


@pytest.mark.parametrize("family", [1, 2, 10, 16, 17])
def test_sockets_of_our_families_are_opened(machine: str, family: int) -> None:
    assert ask(machine, of(machine, calls.SOCKET), family) == seccomp.ALLOW


@pytest.mark.parametrize("family", [0, 3, 15, 21, 29, 30, 31, 38, 40, 44])
def test_sockets_of_no_other_family_are(machine: str, family: int) -> None:
    refused = 0x00050000 | errno.EAFNOSUPPORT

    assert ask(machine, of(machine, calls.SOCKET), family) == refused


def test_no_memory_can_be_written_and_run(machine: str) -> None:
    assert ask(machine, of(machine, calls.MMAP), 0, 4096, 1 | 2) == seccomp.ALLOW
    assert ask(machine, of(machine, calls.MMAP), 0, 4096, 1 | 4) == seccomp.ALLOW
    assert ask(machine, of(machine, calls.MMAP), 0, 4096, 1 | 2 | 4) == EPERM
    assert ask(machine, of(machine, calls.MPROTECT), 0, 4096, 1 | 4) == EPERM
    assert ask(machine, of(machine, calls.MPROTECT), 0, 4096, 1) == seccomp.ALLOW


def test_nothing_is_typed_into_terminals(machine: str) -> None:
    assert ask(machine, of(machine, calls.IOCTL), 0, 0x5412) == EPERM
    assert ask(machine, of(machine, calls.IOCTL), 0, 0x5413) == seccomp.ALLOW  # TIOCGWINSZ


def test_the_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip(f"{HEADERS[machine]} is not installed")
    text = HEADERS[machine].read_text()
    found = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)$", text, re.MULTILINE)
    there = {name: int(number) for name, number in found}
    ours = {
        **calls.DENIED,
        **calls.STARTS_PROGRAMS,
        "clone": calls.CLONE,
        "clone3": calls.CLONE3,
        "socket": calls.SOCKET,
        "ioctl": calls.IOCTL,
        "mmap": calls.MMAP,
        "mprotect": calls.MPROTECT,
        "pkey_mprotect": calls.PKEY_MPROTECT,
    }
    # Headers of an older kernel do not have the youngest.
    known = {name: of(machine, each) for name, each in ours.items() if name in there}

    assert known == {name: there[name] for name in known}
    assert len(known) > 60
