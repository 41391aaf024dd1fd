"""The two moments at which a serving process gives up what it may do."""

import os
import platform
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from boots.app import folders as places
from boots.app.privileges import folders, identity, landlock, linux, moving, reading, seccomp
from boots.app.privileges.identity import ROOT, Identity
from boots.serve.sockets import PortTaken, StartError
from boots.settings import Settings

_UNTIL_BOUND = sum(1 << each for each in (linux.NET_BIND_SERVICE, linux.NET_RAW, linux.NET_ADMIN))
# By it sockets are held again to an interface that went and came back (`links.py`).
_KEPT = 1 << linux.NET_RAW
# To say who holds a port, which is asked for a moment only.
_TO_LOOK = 1 << linux.SYS_PTRACE | 1 << linux.DAC_READ_SEARCH
_SHOWN = 5  # paths in one sentence
_log = structlog.get_logger()


def starting(settings: Settings, config: Path | None) -> None:
    """Become the user that serves, before anything is read, made or opened.

    What opens low ports and raw sockets is kept until `serving`.  Who is not root stays who it is.

    Raises:
        StartError: there is no such user, or it cannot read what it must.
    """
    os.umask(0o022)  # others must get through folders that we make on the way to ours
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if os.geteuid() == 0:
        if not identity.is_alone():
            _leave_home(settings)
        _narrow(_chosen(settings, config), settings, config)
    elif settings.user and identity.named(settings.user).uid != os.geteuid():
        raise StartError(
            f'user = "{settings.user}": only root can become somebody else;'
            " start it as root, or as that user without this setting"
        )
    else:
        # A file's capabilities may be permitted and not in force, as in our container.
        ours = linux.permitted() & _UNTIL_BOUND
        linux.set_capabilities(ours, ours)
    os.umask(0o077)
    linux.no_new_privileges()
    linux.not_dumpable()


def _leave_home(settings: Settings) -> None:
    """What root keeps is kept where others may go, too; what an earlier Boots kept moves there."""
    for kind, place in places.OF_THE_SYSTEM.items():
        own = f"{kind.upper()}_DIRECTORY"
        if own in os.environ or f"XDG_{kind.upper()}_HOME" in os.environ:
            continue
        os.environ[own] = str(place)
        if kind == "state" and not settings.state:
            os.environ[own] = str(_moved(places.home_state(), place))


def _moved(home: Path, place: Path) -> Path:
    """Where the state is now: at its place, or at home if it could not be moved."""
    try:
        moved = moving.bring(home, place)
    except OSError as error:
        why = str(error)
        _log.warning("what was kept cannot be moved", stays=str(home), to=str(place), why=why)
        return home
    if moved:
        _log.warning("what was kept is moved", moved=moved, to=str(place))
    return place


def _chosen(settings: Settings, config: Path | None) -> Identity:
    """The user of the settings, or the usual one if it can read what it must.

    Raises:
        StartError: that of the settings cannot.
    """
    found = identity.named(settings.user) if settings.user else identity.usual()
    if found == ROOT:
        return found
    if identity.is_alone():
        raise StartError(
            f'user = "{settings.user}": root may become nobody else here (a container?);'
            " give it CAP_SETUID, CAP_SETGID and CAP_CHOWN, or leave user out"
        )
    with identity.eyes_of(found):
        closed = list(dict.fromkeys([*reading.closed(settings, config), *_beyond(settings)]))
    if not closed:
        return found
    text = _listed(closed)
    if settings.user:
        raise StartError(
            f"{found.name} cannot read {text}; give them to it"
            f" (chgrp {found.name} FILE, chmod g+r FILE), or name another user"
        )
    _log.warning(
        "it stays root, without what makes root mighty: let the user read these, or name another",
        user=found.name,
        closed=text,
    )
    return ROOT


def _beyond(settings: Settings) -> Iterator[Path]:
    """Folders on the way to what we write that are closed to us."""
    made, files = folders.written(settings)
    for place in (*made, *files):
        barrier = reading.barrier(place)
        if barrier is not None:
            yield barrier


def _listed(closed: list[Path]) -> str:
    shown = ", ".join(map(str, closed[:_SHOWN]))
    left = len(closed) - _SHOWN
    return f"{shown} and {left} more" if left > 0 else shown


def _narrow(chosen: Identity, settings: Settings, config: Path | None) -> None:
    """Be this user, with what opens sockets and nothing else."""
    if chosen == ROOT:
        with suppress(PermissionError):  # a user namespace may forbid it
            os.setgroups([])
    if chosen != ROOT or not identity.is_alone():
        # Root without its capabilities owns nobody's files.
        folders.hand_over(settings, chosen, config)
    with suppress(PermissionError):  # a container may have left us no right to, and no more either
        linux.empty_bounding_set()
    kept = linux.permitted() & (_UNTIL_BOUND | _TO_LOOK)
    linux.keep_capabilities(on=True)
    if chosen != ROOT:
        identity.become(chosen)
    linux.keep_capabilities(on=False)
    linux.set_capabilities(kept & _UNTIL_BOUND, kept)


@contextmanager
def naming_holders() -> Iterator[None]:
    """Where a port is taken, look whose it is with what root may see, if it was root's start.

    Raises:
        StartError: the port was taken.
    """
    try:
        yield
    except PortTaken as error:
        with suppress(OSError):
            linux.set_capabilities(linux.permitted(), linux.permitted())
        raise StartError(error.looked()) from None


def serving(settings: Settings) -> str:
    """Give up the rest, now that every socket is bound; what we run as, for people.

    Raises:
        StartError: there are threads already, which would keep what we give up.
    """
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise StartError(f"a fault of ours: {threads} threads run before privileges are dropped")
    said = [f"user {identity.name_of(os.geteuid())}"]
    linux.clear_ambient()
    left = linux.permitted() & _KEPT
    linux.set_capabilities(left, left)
    said.append("CAP_NET_RAW" if left else "no capabilities")
    if settings.confine:
        said += _confined(settings)
    else:
        _log.warning("not confined: confine = false")
    return ", ".join(said)


def _confined(settings: Settings) -> Iterator[str]:
    made, files = folders.written(settings)
    # A journal that is moved away is begun anew in its folder; a pipe or a device is not.
    beside = [file.parent for file in files if file.is_file() or not file.exists()]
    try:
        lacking = landlock.enter([*made, *files, *beside])
    except OSError as error:
        lacking = str(error)
    if lacking:
        _log.warning("files are not confined", why=lacking)
    else:
        yield "Landlock"
    try:
        linux.install(seccomp.program(platform.machine(), starts_programs=True))
    except (OSError, KeyError) as error:
        _log.warning("system calls are not confined", why=str(error))
    else:
        yield "seccomp"


def helping(*, confine: bool) -> None:
    """In a process beside the server that starts no other: have it start none."""
    linux.not_dumpable()
    if not confine:  # said by the server itself
        return
    with suppress(OSError, KeyError):
        linux.install(seccomp.program(platform.machine(), starts_programs=False))
