"""The system calls that a server never makes, with their numbers: what seccomp denies.

A list of what is denied, not of what is allowed: that is systemd's part (`SystemCallFilter=`), who
knows the calls of each release of the C library.  One that we did not think of would end a server
in the middle of the night.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Numbers(NamedTuple):
    """A call's number on each architecture; -1 where there is no such call."""

    x86_64: int
    aarch64: int


DENIED: Mapping[str, Numbers] = {
    # Looking into other processes.
    "ptrace": Numbers(101, 117),
    "process_vm_readv": Numbers(310, 270),
    "process_vm_writev": Numbers(311, 271),
    "kcmp": Numbers(312, 272),
    "pidfd_getfd": Numbers(438, 438),
    "process_madvise": Numbers(440, 440),
    # File systems and namespaces.
    "mount": Numbers(165, 40),
    "umount2": Numbers(166, 39),
    "pivot_root": Numbers(155, 41),
    "chroot": Numbers(161, 51),
    "open_tree": Numbers(428, 428),
    "move_mount": Numbers(429, 429),
    "fsopen": Numbers(430, 430),
    "fsconfig": Numbers(431, 431),
    "fsmount": Numbers(432, 432),
    "fspick": Numbers(433, 433),
    "mount_setattr": Numbers(442, 442),
    "unshare": Numbers(272, 97),
    "setns": Numbers(308, 268),
    "mknod": Numbers(133, -1),
    "mknodat": Numbers(259, 33),
    "name_to_handle_at": Numbers(303, 264),
    "open_by_handle_at": Numbers(304, 265),
    "fanotify_init": Numbers(300, 262),
    "quotactl": Numbers(179, 60),
    "quotactl_fd": Numbers(443, 443),
    "swapon": Numbers(167, 224),
    "swapoff": Numbers(168, 225),
    # The kernel itself.
    "init_module": Numbers(175, 105),
    "finit_module": Numbers(313, 273),
    "delete_module": Numbers(176, 106),
    "kexec_load": Numbers(246, 104),
    "kexec_file_load": Numbers(320, 294),
    "reboot": Numbers(169, 142),
    "bpf": Numbers(321, 280),
    "perf_event_open": Numbers(298, 241),
    "userfaultfd": Numbers(323, 282),
    "syslog": Numbers(103, 116),
    "acct": Numbers(163, 89),
    "iopl": Numbers(172, -1),
    "ioperm": Numbers(173, -1),
    "modify_ldt": Numbers(154, -1),
    "personality": Numbers(135, 92),
    "vhangup": Numbers(153, 58),
    "memfd_secret": Numbers(447, 447),
    "remap_file_pages": Numbers(216, 234),
    "vmsplice": Numbers(278, 75),
    # Keys.
    "add_key": Numbers(248, 217),
    "request_key": Numbers(249, 218),
    "keyctl": Numbers(250, 219),
    # Rings of calls pass by any filter of calls.
    "io_uring_setup": Numbers(425, 425),
    "io_uring_enter": Numbers(426, 426),
    "io_uring_register": Numbers(427, 427),
    # The clock and the name of the host.
    "settimeofday": Numbers(164, 170),
    "clock_settime": Numbers(227, 112),
    "adjtimex": Numbers(159, 171),
    "clock_adjtime": Numbers(305, 266),
    "sethostname": Numbers(170, 161),
    "setdomainname": Numbers(171, 162),
    # Who we are.
    "setuid": Numbers(105, 146),
    "setgid": Numbers(106, 144),
    "setreuid": Numbers(113, 145),
    "setregid": Numbers(114, 143),
    "setresuid": Numbers(117, 147),
    "setresgid": Numbers(119, 149),
    "setgroups": Numbers(116, 159),
    "setfsuid": Numbers(122, 151),
    "setfsgid": Numbers(123, 152),
    "capset": Numbers(126, 91),
    # Memory of other nodes and processes.
    "migrate_pages": Numbers(256, 238),
    "move_pages": Numbers(279, 239),
}

STARTS_PROGRAMS: Mapping[str, Numbers] = {
    "execve": Numbers(59, 221),
    "execveat": Numbers(322, 281),
}
"""Denied besides where no program is ever started."""

CLONE, CLONE3 = Numbers(56, 220), Numbers(435, 435)
SOCKET = Numbers(41, 198)
IOCTL = Numbers(16, 29)
MMAP, MPROTECT, PKEY_MPROTECT = Numbers(9, 222), Numbers(10, 226), Numbers(329, 288)
