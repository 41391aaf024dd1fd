"""Disks that come while an action is on: plugged in, spun up late, or their driver was fetched."""

import contextlib
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator

_UEVENTS = 15  # NETLINK_KOBJECT_UEVENT, linux/netlink.h
_KERNEL = 1  # the group that hears the kernel itself, and not a udev
_MOST = 1 << 13
_BLOCK = b"\0SUBSYSTEM=block\0"
_PATIENCE = 2.0  # seconds for a look that is on: a disk that is opened may not answer


@contextlib.contextmanager
def watched(look: Callable[[], None]) -> Iterator[None]:
    """Have a look, and another one whenever the kernel tells of a disk or a partition.

    There is one look at a time; those after the first are a thread's.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _UEVENTS) as heard:
        heard.bind((0, _KERNEL))
        over, ended = os.pipe()  # before a look that may take many descriptors
        thread = threading.Thread(target=_listen, args=(heard, over, look), daemon=True)
        try:
            look()  # what comes from here on is heard
            thread.start()
            yield
        finally:
            os.close(ended)
            if thread.ident is not None:
                thread.join(_PATIENCE)
            if not thread.is_alive():
                os.close(over)


def _listen(heard: socket.socket, over: int, look: Callable[[], None]) -> None:
    both = [heard.fileno(), over]
    while over not in select.select(both, [], [])[0]:
        try:
            is_block = _BLOCK in heard.recv(_MOST)
        except OSError:  # ENOBUFS: there were too many
            is_block = True
        if is_block:
            look()
