"""Namespaces of our own: what the lab makes is invisible outside and vanishes with the process.

`enter` replaces the running program by itself, inside a new network, mount and PID namespace (and
a user namespace, when we are not root).  The PID namespace is what makes the cleaning up certain:
when its first process ends, for whatever reason, the kernel ends all the others, and with the last
of them go the bridges and the taps.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from boots.lab.errors import LabError

MARK = "BOOTS_LAB_OUTSIDE"
"""The environment variable that is set inside: the name of the network namespace outside."""

NAMED = Path("/run/netns")
"""Where `ip netns` and pyroute2 keep named network namespaces."""


class NotPermittedError(LabError):
    """This system does not let us make namespaces; the text says what to do."""


def inside(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process runs in namespaces that `enter` or `command` made.

    The variable alone is not believed: a bridge must never be made in the system's own network.
    """
    return environment.get(MARK, _network()) != _network()


def flags(uid: int) -> tuple[str, ...]:
    """The options of ``unshare`` for a caller with this user id."""
    own = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    return own if uid == 0 else ("--map-root-user", *own)


def command(argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` in namespaces of its own.

    Raises:
        NotPermittedError: they cannot be made here.
    """
    unshare = ["unshare", *flags(os.geteuid())]
    _probe(unshare)
    return [*unshare, "--", "env", f"{MARK}={_network()}", *argv]


def enter(argv: Sequence[str]) -> None:
    """Go inside: become `argv` (this program's own command line) in new namespaces, once.

    Outside it never returns.  Inside it prepares the place and returns at once, so that a program
    can call it first thing and go on.

    Raises:
        NotPermittedError: the namespaces cannot be made here.
    """
    if inside():
        settle()
        return
    _replace(command(argv))


def settle() -> None:
    """Prepare the inside: ``/sys`` as it is here, private names, and an end that is heard.

    ``/sys/class/net`` shows the interfaces of the namespace that it was mounted in.  The first
    process of a PID namespace ignores every signal that it has no handler for.
    """
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True)
    _private_names(NAMED)
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, _end)


def _network() -> str:
    return str(Path("/proc/self/ns/net").readlink())


def _probe(unshare: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            [*unshare, "--", "true"], capture_output=True, text=True, check=False, timeout=10
        )
    except FileNotFoundError:
        raise NotPermittedError(
            "no `unshare` here: install util-linux, the lab makes its networks with it"
        ) from None
    if done.returncode != 0:
        raise NotPermittedError(_advice(done.stderr.strip(), os.geteuid()))


def _advice(said: str, uid: int) -> str:
    if uid == 0:
        remedy = (
            "you are root without the right to make namespaces (a container?): "
            "run it on the machine itself, or give the container --privileged"
        )
    else:
        remedy = (
            "this kernel keeps user namespaces from plain users: run it with sudo, or allow them "
            "(sysctl kernel.unprivileged_userns_clone=1; "
            "on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0)"
        )
    return f"cannot make a network of our own ({said}); {remedy}"


def _private_names(place: Path) -> None:
    """Lay an empty file system over `place`; over its parent where `place` cannot be made."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        target = place
    except PermissionError:
        target = place.parent
    subprocess.run(["mount", "-t", "tmpfs", "boots-lab", str(target)], check=True)
    place.mkdir(exist_ok=True)


def _replace(argv: list[str]) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvp(argv[0], argv)  # noqa: S606  # no shell on purpose


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
