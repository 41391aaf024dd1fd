"""Partitions, mounted for as long as an action needs them, and undone in reverse whatever happens.

To write, the disk below must be armed.  What only reads leaves even the journal of a file system
alone, so that the partition is byte for byte what it was.
"""

import contextlib
import errno
import os
import select
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from boots_agent import kernel
from boots_agent.actions.below import disks_below, opened, permitted
from boots_agent.actions.confined import Tree
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.disks import is_disk
from boots_agent.facts import names
from boots_agent.images.signatures import signs_in

# What keeps a mount that only reads from writing, beside MS_RDONLY: no journal is played back.
_UNTOUCHED = {
    "ext3": "noload",
    "ext4": "noload",
    "xfs": "norecovery",
    "btrfs": "rescue=nologreplay",
}
# FAT has no owners and no modes; `quiet` says so to nobody.
_WRITING = {"vfat": "quiet", "msdos": "quiet"}
# What may lie on several disks, and tells of the others to the kernel alone.
_SPREAD = frozenset({"btrfs"})
_EFIVARS = "sys/firmware/efi/efivars"
_READ_AT_ONCE = 1 << 17


def kind_of(start: bytes) -> str:
    """What Linux mounts a file system as, by its first 128 KiB; empty if nothing is known."""
    return next((sign.mounts for sign in signs_in(start) if sign.mounts), "")


def kind_at(device: str) -> str:
    """The same of a device.

    Raises:
        ActionFailed: It has no file system.
    """
    start = _start(device)
    found = kind_of(start)
    if not found:
        raise ActionFailed(f"{device} has no file system: it holds {_held(start)}")
    return found


@contextlib.contextmanager
def mounted(
    context: Context,
    device: str,
    kind: str = "",
    *,
    write: bool = False,
    programs: bool = False,
    armed: frozenset[str] = frozenset(),
) -> Iterator[Path]:
    """A partition below `context.mounts`.

    Args:
        context: The action.
        device: The partition, or a disk without partitions.
        kind: Its file system as Linux calls it; found out where it is not given.
        write: Whether it is written to; its disk must be armed.
        programs: Whether programs on it are run and devices on it opened.
        armed: Names of disks that the action has proved already.

    Raises:
        ActionFailed: It cannot be mounted, or may not be written.
    """
    start = _start(device)
    if write and not (armed and disks_below(context, device) <= armed):
        permitted(context, device)
    found = kind_of(start)
    wanted = kind or found
    if not wanted:
        raise ActionFailed(f"{device} has no file system: it holds {_held(start)}")
    place = _place(context.mounts)
    flags = (0 if write else kernel.RDONLY) | (
        0 if programs else kernel.NODEV | kernel.NOSUID | kernel.NOEXEC
    )
    options = (_WRITING if write else _UNTOUCHED).get(wanted, "")
    with _lent(context, device, all_disks=wanted in _SPREAD and not write):
        try:
            kernel.mount(device, str(place), wanted, flags, options)
        except OSError as error:
            place.rmdir()
            raise ActionFailed(_refused(device, wanted, found, start, error)) from error
        try:
            yield place
        finally:
            leave(place)
            place.rmdir()


@contextlib.contextmanager
def _lent(context: Context, device: str, *, all_disks: bool) -> Iterator[None]:
    with contextlib.ExitStack() as lent:
        lent.enter_context(context.lend(device))
        block = context.root / "sys/block"
        for name in names(block) if all_disks else ():
            if is_disk(block / name):
                node = context.root / "dev" / name.replace("!", "/")
                lent.enter_context(context.lend(str(node)))
        yield


@contextlib.contextmanager
def inhabited(context: Context, root: Path) -> Iterator[None]:
    """The system at `root`, with what its programs look for: /dev, /proc, /sys and its EFI, /run.

    /run is empty, and gone afterwards; the rest is OSIE's own.
    """
    tree = Tree(root)
    with contextlib.ExitStack() as undone:
        for name in ("dev", "proc", "sys"):
            place = tree.folder(name)
            _bound(context.root / name, place)
            undone.callback(_released, place)
        _variables(context, root, undone)
        place = tree.folder("run")
        kernel.mount("tmpfs", str(place), "tmpfs", kernel.NODEV | kernel.NOSUID, "mode=0755")
        undone.callback(_released, place)
        yield


def leave(place: Path) -> None:
    """Unmount; whoever still lives there is killed first.

    Raises:
        ActionFailed: It stays mounted: what was written may not be on the disk.
    """
    for patience in (0, 1, 2, 3):
        try:
            kernel.unmount(str(place))
        except OSError as error:
            if error.errno != errno.EBUSY or patience == 3:
                raise ActionFailed(f"{place} cannot be unmounted: {error.strerror}") from error
            _evict(place)
        else:
            return


def _start(device: str) -> bytes:
    with opened(device) as descriptor:
        return os.pread(descriptor, _READ_AT_ONCE, 0)


def _held(start: bytes) -> str:
    known = next(signs_in(start), None)
    if known is not None:
        return known.kind
    return "something unknown" if start.strip(b"\0") else "nothing"


def _place(mounts: Path) -> Path:
    """A folder that nothing is mounted on."""
    mounts.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="", dir=mounts)).resolve()


def _refused(device: str, wanted: str, found: str, start: bytes, error: OSError) -> str:
    if error.errno == errno.ENODEV:
        return f"{device}: OSIE's kernel knows no file system {wanted}"
    if wanted != found:
        holds = found or _held(start)
        return f"{device} is no {wanted}, as FS_TYPE says: it holds {holds} ({error.strerror})"
    return f"{device} cannot be mounted as {wanted}: {error.strerror}"


def _variables(context: Context, root: Path, undone: contextlib.ExitStack) -> None:
    """EFI's variables, where the firmware has some and OSIE has not mounted them."""
    place = root / _EFIVARS
    if not place.is_dir() or names(place):
        return
    try:
        kernel.mount("efivarfs", str(place), "efivarfs")
    except OSError as error:
        context.say(f"EFI's variables are not there: {error.strerror}")
        return
    undone.callback(_released, place)


def _bound(source: Path, place: Path) -> None:
    kernel.mount(str(source), str(place), "", kernel.BIND | kernel.REC)
    # Else what is unmounted in there would be unmounted in OSIE, too.
    kernel.mount("", str(place), "", kernel.PRIVATE | kernel.REC)


def _released(place: Path) -> None:
    """Take away what was bound, and all that is mounted below it."""
    kernel.unmount(str(place), kernel.DETACH)


def _evict(place: Path) -> None:
    """Kill every program whose root or folder is in there."""
    for name in names(Path("/proc")):
        if not name.isdecimal() or int(name) == os.getpid():
            continue
        for link in ("root", "cwd", "exe"):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{name}/{link}").readlink().is_relative_to(place):
                    pidfd = os.pidfd_open(int(name))
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                    _ended(pidfd)
                    break


def _ended(pidfd: int) -> None:
    """Wait until it is gone, 5 s at most."""
    select.select([pidfd], [], [], 5)
    os.close(pidfd)
