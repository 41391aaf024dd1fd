"""What Linux can do that Python has no words for.  Each raises `OSError` where Linux says no."""

import ctypes
import errno
import os
import platform

RDONLY, NOSUID, NODEV, NOEXEC = 0x1, 0x2, 0x4, 0x8
REMOUNT, BIND, REC, PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
DETACH = 2
_DEATH_SIGNAL, _SUBREAPER = 1, 36  # prctl(2)
_REBOOT = {"reboot": 0x01234567, "poweroff": 0x4321FEDC, "kexec": 0x45584543}  # reboot(2)
NEW_MOUNTS, NEW_PIDS = 0x00020000, 0x20000000

_NO_INITRD = 4  # KEXEC_FILE_NO_INITRAMFS
# The number of kexec_file_load; a machine that is not here has none.
_KEXEC_FILE_LOAD = {
    "x86_64": 320,
    "aarch64": 294,
    "riscv64": 294,
    "loongarch64": 294,
    "s390x": 381,
    "ppc64le": 382,
}


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Put a file system, or a folder, where a path is."""
    words = (source or None, target, kind or None, options or None)
    where, onto, form, data = (None if word is None else os.fsencode(word) for word in words)
    _said(_libc().mount(where, onto, form, ctypes.c_ulong(flags), data), target)


def unmount(target: str, flags: int = 0) -> None:
    """Take it away again."""
    _said(_libc().umount2(os.fsencode(target), flags), target)


def unshare(flags: int) -> None:
    """Have namespaces of our own; Python has this from 3.12 on."""
    _said(_libc().unshare(flags), "unshare")


def flush(descriptor: int) -> None:
    """syncfs(2): have all of the file system that a file is on written; says where that failed."""
    _said(_libc().syncfs(descriptor), "syncfs")


def load_kernel(kernel: int, initrd: int | None, command_line: str) -> None:
    """kexec_file_load(2): make the open file `kernel` ready to be jumped into."""
    number = _KEXEC_FILE_LOAD.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, f"there is no kexec_file_load on {platform.machine()}")
    line = os.fsencode(command_line) + b"\0"
    flags = _NO_INITRD if initrd is None else 0
    done = _libc().syscall(
        ctypes.c_long(number),
        ctypes.c_int(kernel),
        ctypes.c_int(-1 if initrd is None else initrd),
        ctypes.c_ulong(len(line)),
        ctypes.c_char_p(line),
        ctypes.c_ulong(flags),
    )
    _said(done, "kexec_file_load")


def adopt_orphans() -> None:
    """Processes whose parent ended become this one's children, and can be found."""
    _said(_libc().prctl(_SUBREAPER, 1, 0, 0, 0), "prctl")


def die_with_parent(signal: int) -> None:
    """Get a signal when the thread that forked this process is gone."""
    _said(_libc().prctl(_DEATH_SIGNAL, int(signal), 0, 0, 0), "prctl")


def leave(how: str) -> None:
    """End this run of the machine at once: ``reboot``, ``poweroff``, ``kexec``.

    Of kexec the kernel says no where none is loaded.
    """
    _said(_libc().reboot(_REBOOT[how]), how)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _said(result: int, about: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), about)
