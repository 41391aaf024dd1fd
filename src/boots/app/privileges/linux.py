"""The kernel's calls that Python has no function for."""

import ctypes
import os
import struct

CHOWN, DAC_READ_SEARCH, SETGID, SETUID = 0, 2, 6, 7
NET_BIND_SERVICE, NET_ADMIN, NET_RAW, SYS_PTRACE = 10, 12, 13, 19
"""Capabilities (linux/capability.h)."""

_SET_DUMPABLE, _CAPBSET_READ, _CAPBSET_DROP = 4, 23, 24  # linux/prctl.h
_SET_KEEPCAPS, _SET_NO_NEW_PRIVS, _CAP_AMBIENT = 8, 38, 47
_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_SET_SECCOMP, _MODE_FILTER = 22, 2  # linux/prctl.h, linux/seccomp.h
_LANDLOCK_VERSION = 1  # linux/landlock.h
_PATH_BENEATH = 1
# Younger calls have one number on every architecture.
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446

_Argument = int | ctypes.Array[ctypes.c_char] | None


def _called(name: str, *arguments: _Argument) -> int:
    """What a function of the C library gives.

    Raises:
        OSError: it says that it failed.
    """
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    function.restype = ctypes.c_long if name == "syscall" else ctypes.c_int
    done = int(function(*[ctypes.c_ulong(e) if isinstance(e, int) else e for e in arguments]))
    if done < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return done


def _prctl(option: int, *arguments: _Argument) -> int:
    return _called("prctl", option, *(*arguments, 0, 0, 0, 0)[:4])


def permitted() -> int:
    """The capabilities that this thread has, a bit each."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    found = ctypes.create_string_buffer(24)
    _called("capget", header, found)
    _, low, _, _, high, _ = struct.unpack("=6I", found.raw[:24])
    return int(low | high << 32)


def set_capabilities(effective: int, allowed: int) -> None:
    """Have these capabilities in force, and those that may be taken up again; none is inherited.

    Raises:
        OSError: one of them is not ours.
    """
    low, high = 0xFFFFFFFF, 32
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    words = (effective & low, allowed & low, 0, effective >> high, allowed >> high, 0)
    _called("capset", header, ctypes.create_string_buffer(struct.pack("=6I", *words)))


def empty_bounding_set() -> None:
    """Have no program that is started from here gain a capability.

    Raises:
        OSError: that needs CAP_SETPCAP.
    """
    for capability in range(64):
        try:
            if not _prctl(_CAPBSET_READ, capability):
                continue
        except OSError:  # this kernel has no more of them
            return
        _prctl(_CAPBSET_DROP, capability)


def clear_ambient() -> None:
    """Have no program that is started from here be given a capability."""
    _prctl(_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)


def keep_capabilities(*, on: bool) -> None:
    """Whether they outlast that root becomes somebody else."""
    _prctl(_SET_KEEPCAPS, int(on))


def no_new_privileges() -> None:
    """Have no program that is started from here gain anything by set-user-ID bits."""
    _prctl(_SET_NO_NEW_PRIVS, 1)


def not_dumpable() -> None:
    """Keep our memory from cores, and from other processes of the same user."""
    _prctl(_SET_DUMPABLE, 0)


def install(program: bytes) -> None:
    """Have the kernel ask a program of 8-byte instructions about each call from now on.

    Raises:
        OSError: the kernel has no seccomp, or does not take it.
    """
    kept = ctypes.create_string_buffer(program, len(program))
    argument = struct.pack("@HP", len(program) // 8, ctypes.addressof(kept))
    _prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.create_string_buffer(argument, len(argument)))


def landlock_version() -> int:
    """Which Landlock the kernel has; 0 for none."""
    try:
        return _called("syscall", _LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION)
    except OSError:
        return 0


def landlock_rules(files: int, net: int) -> int:
    """A descriptor of rules that deny these accesses to files and sockets, but for exceptions."""
    kinds = struct.pack("=QQ", files, net) if net else struct.pack("=Q", files)
    given = ctypes.create_string_buffer(kinds, len(kinds))
    return _called("syscall", _LANDLOCK_CREATE, given, len(kinds), 0)


def landlock_allow(rules: int, place: int, files: int) -> None:
    """An exception: these accesses at an open place and below."""
    packed = struct.pack("=Qi", files, place)
    given = ctypes.create_string_buffer(packed, len(packed))
    _called("syscall", _LANDLOCK_ADD, rules, _PATH_BENEATH, given, 0)


def landlock_enter(rules: int) -> None:
    """Live by these rules, with all that is started from here, for good."""
    _called("syscall", _LANDLOCK_RESTRICT, rules, 0)
