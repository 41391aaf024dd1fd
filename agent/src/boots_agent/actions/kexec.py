"""``kexec``: the installed kernel, started without the firmware; by a reboot where that cannot be.

Linux may refuse to load another kernel: it was built without, or Secure Boot locks it down.  The
machine is to come up all the same, so it is rebooted then, and the log says so.
"""

import errno
from contextlib import ExitStack
from typing import NamedTuple

from boots_agent import kernel
from boots_agent.actions.confined import Tree
from boots_agent.actions.context import ActionFailed, Context, Leave
from boots_agent.actions.kernelfile import opened_initrd, opened_kernel
from boots_agent.actions.mounts import mounted
from boots_agent.menus import grub
from boots_agent.menus.entries import newest_first
from boots_agent.menus.words import MenuError

_MENU = "boot/grub/grub.cfg"
# Where else distributions have it; the last two are those of a /boot by itself.
_MENUS = (_MENU, "boot/grub2/grub.cfg", "grub/grub.cfg", "grub2/grub.cfg")
_ENTRIES = ("boot/loader/entries", "loader/entries")
_LARGEST = 4 << 20  # of a menu
_NO_MENU = (
    "where its /boot is a partition of its own, that is BLOCK_DEVICE; KERNEL_PATH needs no menu,"
    " and the action reboot needs nothing"
)


class _Found(NamedTuple):
    boot: grub.Boot
    said: str


def kexec(context: Context) -> Leave:
    """Load the kernel; the agent jumps into it.

    Raises:
        ActionFailed: There is no such kernel.
    """
    device = context.required("BLOCK_DEVICE")
    with mounted(context, device, context.environment.get("FS_TYPE", "")) as root:
        tree = Tree(root)
        found = _given(context) or _by_menu(context, tree, device)
        boot = _there(tree, found.boot, device)
        context.say(f"{found.said}: {boot.kernel} {boot.arguments}".rstrip())
        for path in boot.initrds:
            context.say(f"initrd {path}")
        return _loaded(context, tree, boot)


def _loaded(context: Context, tree: Tree, boot: grub.Boot) -> Leave:
    try:
        with ExitStack() as undone:
            file = opened_kernel(tree, boot.kernel, undone)
            initrd = opened_initrd(tree, boot.initrds, undone)
            kernel.load_kernel(file, initrd, boot.arguments)
    except OSError as error:
        why = "OSIE's kernel has no kexec" if error.errno == errno.ENOSYS else error.strerror
        context.say(f"the kernel cannot be loaded ({why}): the machine reboots instead")
        return Leave("reboot")
    return Leave("kexec")


def _given(context: Context) -> _Found | None:
    """What the variables say, where they name a kernel."""
    path = context.environment.get("KERNEL_PATH", "")
    if not path:
        return None
    initrds = tuple(context.environment.get("INITRD_PATH", "").split())
    arguments = context.environment.get("CMD_LINE", "")
    return _Found(grub.Boot("", path, initrds, arguments), "as KERNEL_PATH says")


def _by_menu(context: Context, tree: Tree, device: str) -> _Found:
    """What the system itself would start."""
    files = grub.Files(lambda path: _content(tree, path), tree.names)
    wanted = context.environment.get("GRUBCFG_PATH", "")
    # One that is named is looked for nowhere else; but the default is what templates copy.
    paths = _MENUS if wanted in {"", _MENU, f"/{_MENU}"} else (wanted,)
    path = next((each for each in paths if tree.facts(each) is not None), None)
    try:
        if path is not None:
            boot = grub.default(path, files)
        else:
            path, boot = _by_entries(tree, files, device, paths)
    except MenuError as error:
        raise ActionFailed(f"{path} on {device}: {error}") from error
    arguments = context.environment.get("CMD_LINE", "")
    said = f'"{boot.title}" of {path}'
    return _Found(boot._replace(arguments=arguments) if arguments else boot, said)


def _by_entries(
    tree: Tree, files: grub.Files, device: str, paths: tuple[str, ...]
) -> tuple[str, grub.Boot]:
    """Without GRUB's menu: the newest entry, as systemd-boot has them."""
    for folder in _ENTRIES:
        names = [name for name in tree.names(folder) if name.endswith(".conf")]
        for name in newest_first(names)[:1]:
            return folder, grub.entry_of(f"{folder}/{name}", files)
    raise ActionFailed(f"{device} has no {' or '.join(paths)}: {_NO_MENU}")


def _there(tree: Tree, boot: grub.Boot, device: str) -> grub.Boot:
    """The paths as they are on this file system: menus name them from / or from /boot."""
    kernel_path = _place(tree, boot.kernel)
    initrds = [_place(tree, path) for path in boot.initrds]
    missing = [
        path
        for path, place in zip((boot.kernel, *boot.initrds), (kernel_path, *initrds), strict=True)
        if place is None
    ]
    if missing or kernel_path is None:
        raise ActionFailed(f"{device} has no {' and no '.join(missing)}")
    return boot._replace(kernel=kernel_path, initrds=tuple(each for each in initrds if each))


def _place(tree: Tree, path: str) -> str | None:
    plain = f"/{path.lstrip('/')}"
    choices = (plain, f"/boot{plain}", plain.removeprefix("/boot"))
    return next((each for each in choices if tree.facts(each) is not None), None)


def _content(tree: Tree, path: str) -> bytes | None:
    facts = tree.facts(path)
    if facts is None or facts.st_size > _LARGEST:
        return None
    try:
        return tree.read(path)
    except OSError:
        return None
