"""A worker as a process, and the two sockets that lead to it."""

import contextlib
import mmap
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from boots.app.workers import words
from boots.app.workers.channel import pair
from boots.app.workers.words import Charge

_PROGRAM = "boots.app.workers.worker"
# Who says READY to systemd, and to whom its sockets go: the main process alone.
_NOT_INHERITED = {"NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_USEC"}


class Inherited(msgspec.Struct, frozen=True):
    """The descriptors that a worker finds open: its sockets by the name of their door."""

    talk: int
    charges: int
    doors: dict[str, int]


@dataclass(frozen=True, slots=True)
class Process:
    """A worker that was started: where it is told things, and where it gets its charges."""

    process: "subprocess.Popen[bytes]"
    talk: socket.socket
    charges: socket.socket


def start(doors: Mapping[str, socket.socket], charge: int) -> Process:
    """Start a worker behind these doors, with the charge in this file.

    Raises:
        OSError: there is no descriptor or process left.
    """
    named = {name: sock.fileno() for name, sock in doors.items()}
    environment = {name: text for name, text in os.environ.items() if name not in _NOT_INHERITED}
    with contextlib.ExitStack() as ours, contextlib.ExitStack() as its:
        talk, its_talk = pair()
        ours.enter_context(talk)
        its.enter_context(its_talk)
        charges, its_charges = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.enter_context(charges)
        its.enter_context(its_charges)
        give(charges, charge)
        inherited = Inherited(its_talk.fileno(), its_charges.fileno(), named)
        process = subprocess.Popen(  # noqa: S603  # this very program
            [sys.executable, "-P", "-m", _PROGRAM, msgspec.json.encode(inherited).decode()],
            stdin=subprocess.DEVNULL,
            pass_fds=[inherited.talk, inherited.charges, *named.values()],
            env=environment,
        )
        ours.pop_all()
    return Process(process, talk, charges)


def filed(charge: bytes) -> int:
    """A packed charge as a file without a name, which all workers read: so it is there once."""
    descriptor = os.memfd_create("boots-charge")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(charge)
    return descriptor


def give(sock: socket.socket, charge: int) -> None:
    """Give a worker the file of a charge."""
    socket.send_fds(sock, [b"!"], [charge])


def take(sock: socket.socket) -> Charge:
    """The charge that was given.

    Raises:
        BlockingIOError: none was, and the socket does not wait.
    """
    _, (descriptor,), _, _ = socket.recv_fds(sock, 1, 1)
    try:
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as file, memoryview(file) as data:
            return words.unpack(data)
    finally:
        os.close(descriptor)
