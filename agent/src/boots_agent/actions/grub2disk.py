"""``grub2disk``: GRUB on a disk, by the installed system's own ``grub-install``.

A new system is found by firmware that knows nothing of it: BIOS reads the disk's first sector, and
UEFI the path EFI/BOOT of the EFI system partition.  So no variable of the firmware is changed, and
the order in which the machine boots stays what it was.
"""

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from boots_agent import kernel
from boots_agent.actions.below import disks_below, permitted
from boots_agent.actions.confined import TEXT, Tree
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.mounts import inhabited, kind_at, leave, mounted
from boots_agent.actions.places import node
from boots_agent.images.target import open_source
from boots_agent.tables.kinds import ESP, is_kind
from boots_agent.tables.reading import table_of
from boots_agent.tables.words import TableError

_BIOS = "i386-pc"
_EFI = {
    "x86_64": "x86_64-efi",
    "aarch64": "arm64-efi",
    "riscv64": "riscv64-efi",
    "loongarch64": "loongarch64-efi",
}
_ESP_PLACES = ("/boot/efi", "/efi", "/boot/EFI")
_BINARIES = ("usr/sbin", "sbin", "usr/bin", "bin")


class _Names(NamedTuple):
    """What a distribution calls GRUB's programs and its folder."""

    install: str
    configure: str
    folder: str


_NAMES = (
    _Names("grub-install", "grub-mkconfig", "/boot/grub"),
    _Names("grub2-install", "grub2-mkconfig", "/boot/grub2"),
)


def grub2disk(context: Context) -> None:
    """Install it.

    Raises:
        ActionFailed: The system has no GRUB for this machine, or it does not install.
    """
    disk = context.required("GRUB_DISK")
    device = context.required("GRUB_INSTALL_PATH")
    below = permitted(context, disk)
    if not disks_below(context, device) <= below:
        below |= permitted(context, device)
    kind = context.environment.get("FS_TYPE", "")
    with mounted(context, device, kind, write=True, programs=True, armed=below) as root:
        tree = Tree(root)
        names = _names(tree, device)
        with ExitStack() as undone:
            undone.enter_context(inhabited(context, root))
            esp = _beside(context, root, below, undone)
            _install(context, root, names, disk, esp)
            if tree.facts(f"{names.folder}/grub.cfg") is None:
                _run(context, root, (names.configure, "-o", f"{names.folder}/grub.cfg"))


def _install(context: Context, root: Path, names: _Names, disk: str, esp: str) -> None:
    """For the firmware that this machine runs; for the other one as far as it goes."""
    tree = Tree(root)
    efi = _EFI.get(platform.machine(), "")
    is_efi = (context.root / "sys/firmware/efi").is_dir()
    needed = efi if is_efi else _BIOS
    done = []
    for target in filter(None, (_BIOS, efi)):
        if tree.facts(f"usr/lib/grub/{target}") is None:
            if target == needed:
                raise ActionFailed(f"the system has no GRUB for {target}: install its package")
            continue
        if target == efi and not esp:
            if target == needed:
                raise ActionFailed(f"{disk} has no EFI system partition")
            continue
        words = _words(names, target, disk, esp)
        if target == needed:
            _run(context, root, words)
        elif context.run(words, chroot=root, environment=_ENVIRONMENT):
            context.say(f"GRUB for {target} was left out: this machine does not need it")
            continue
        done.append(target)
    context.say(f"GRUB is on {disk} for {' and '.join(done)}")


def _words(names: _Names, target: str, disk: str, esp: str) -> tuple[str, ...]:
    if target == _BIOS:
        return (names.install, f"--target={target}", disk)
    # --removable is the path EFI/BOOT, which firmware takes where it knows of no other.
    efi = (f"--efi-directory={esp}", "--removable", "--no-nvram")
    return (names.install, f"--target={target}", *efi)


_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C",
}


def _run(context: Context, root: Path, words: Sequence[str]) -> None:
    context.say(" ".join(words))
    status = context.run(words, chroot=root, environment=_ENVIRONMENT)
    if status:
        raise ActionFailed(f"{words[0]} ended with {status}: its lines above say why")


def _names(tree: Tree, device: str) -> _Names:
    for names in _NAMES:
        if any(tree.facts(f"{folder}/{names.install}") for folder in _BINARIES):
            return names
    raise ActionFailed(f"the system on {device} has no grub-install: install GRUB in it first")


# --- what else the system mounts below /boot


def _beside(context: Context, root: Path, below: frozenset[str], undone: ExitStack) -> str:
    """Mount what its fstab has below /boot; the place of the EFI system partition, or nothing."""
    esp = ""
    tree = Tree(root)
    for place, source in _fstab(tree):
        device = _device(context, root, source)
        _check(context, device, below)
        _mount(tree, device, place, undone)
        if place in _ESP_PLACES:
            esp = place
    if esp:
        return esp
    device = _esp_of(context.required("GRUB_DISK"))
    if device:
        esp = _ESP_PLACES[0]
        _mount(tree, device, esp, undone)
    return esp


def _fstab(tree: Tree) -> Iterator[tuple[str, str]]:
    """Places and sources, those above first."""
    if tree.facts("etc/fstab") is None:
        return
    lines = tree.read("etc/fstab", TEXT).decode(errors="replace").splitlines()
    fields = [line.split() for line in lines if not line.lstrip().startswith("#")]
    known = {each[1]: each[0] for each in fields if len(each) > 2}
    for place in ("/boot", *_ESP_PLACES):
        if place in known:
            yield place, known[place]


def _device(context: Context, root: Path, source: str) -> str:
    if source.startswith("/"):
        return os.path.realpath(source)
    # The system's own program: it has looked for that name at every start.
    found = context.run.output(["chroot", str(root), "findfs", source]).strip()
    return os.path.realpath(found)


def _check(context: Context, device: str, below: frozenset[str]) -> None:
    if not disks_below(context, device) <= below:
        raise ActionFailed(f"{device}, which its fstab names, is on a disk that is not armed")


def _mount(tree: Tree, device: str, place: str, undone: ExitStack) -> None:
    true = tree.folder(place)
    try:
        kernel.mount(device, str(true), kind_at(device), kernel.NODEV | kernel.NOSUID)
    except OSError as error:
        raise ActionFailed(f"{device} cannot be mounted: {error.strerror}") from error
    undone.callback(leave, true)


def _esp_of(disk: str) -> str:
    source = open_source(os.path.realpath(disk))
    try:
        table = table_of(source.look, source.sector, source.size)
    except TableError:
        return ""
    finally:
        source.close()
    parts = table.parts if table else ()
    return next((node(disk, each.number) for each in parts if is_kind(each.kind, ESP)), "")
