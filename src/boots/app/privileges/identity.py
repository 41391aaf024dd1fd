"""Which user a server that root started is to be."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from boots.app.privileges import linux
from boots.serve.sockets import StartError

OURS = "boots"
NOBODY = "nobody"
_TO_BECOME = sum(1 << each for each in (linux.CHOWN, linux.SETGID, linux.SETUID))


class Identity(NamedTuple):
    """A user, and its group; it has no other groups."""

    name: str
    uid: int
    gid: int


ROOT = Identity("root", 0, 0)


def named(name: str) -> Identity:
    """The user of the setting ``user``.

    Raises:
        StartError: there is none of that name.
    """
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise StartError(
            f'user = "{name}": there is no such user; make it'
            f" (useradd --system --no-create-home {name}), or name another"
        ) from None
    return Identity(name, found.pw_uid, found.pw_gid)


def usual() -> Identity:
    """The user `boots` where there is one, else `nobody`; root where neither can be had.

    So it is where a container leaves root no right to become somebody else.
    """
    if linux.permitted() & _TO_BECOME != _TO_BECOME:
        return ROOT
    for name in (OURS, NOBODY):
        try:
            found = named(name)
        except StartError:
            continue
        if _is_mapped(found):
            return found
    return ROOT


def is_alone() -> bool:
    """Whether root is the only user here: in a user namespace that a person made."""
    return usual() == ROOT


def name_of(uid: int) -> str:
    """A user's name, or number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _is_mapped(identity: Identity) -> bool:
    """Whether the user namespace that we are in has it: one that a person made has root alone."""
    return all(
        any(first <= number < first + count for first, count in _ranges(kind))
        for kind, number in (("uid", identity.uid), ("gid", identity.gid))
    )


def _ranges(kind: str) -> Iterator[tuple[int, int]]:
    try:
        lines = Path(f"/proc/self/{kind}_map").read_text().splitlines()
    except OSError:
        lines = ["0 0 4294967295"]
    for line in lines:
        first, _, count = map(int, line.split())
        yield first, count


@contextmanager
def eyes_of(identity: Identity) -> Iterator[None]:
    """See files as this user does, for a while; only root can."""
    groups, uid, gid = os.getgroups(), os.geteuid(), os.getegid()
    if identity.uid != uid:
        os.setgroups([])
    os.setegid(identity.gid)
    os.seteuid(identity.uid)
    try:
        yield
    finally:
        os.seteuid(uid)
        os.setegid(gid)
        if identity.uid != uid:
            os.setgroups(groups)


def become(identity: Identity) -> None:
    """Be this user, and nobody else ever again."""
    os.setgroups([])
    os.setresgid(identity.gid, identity.gid, identity.gid)
    os.setresuid(identity.uid, identity.uid, identity.uid)
