"""``seed``: what a system reads at its first boot, so that it needs no network to know who it is.

By default the four files of cloud-init's NoCloud, on the root file system or on a FAT partition
with the label CIDATA.  With ``UNIT=yes`` a unit of systemd that reports, for systems without
cloud-init.
"""

import os

from boots_agent.actions import firstboot
from boots_agent.actions.below import opened
from boots_agent.actions.confined import Owner, Tree
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.mounts import kind_of, mounted

_FOLDER = "/var/lib/cloud/seed/nocloud"
_UNITS = "/etc/systemd/system"
# Where distributions and pip put cloud-init; and what is in its place in images of Boots' own.
_READERS = (
    "/usr/bin/cloud-init",
    "/usr/local/bin/cloud-init",
    "/usr/sbin/cloud-init",
    "/usr/lib/boots/first-boot",
)
# Passwords stand in user data, and a key to the machine's metadata in both.
_SECRET = Owner(mode=0o600)
_PUBLIC = Owner()


def seed(context: Context) -> None:
    """Write it.

    Raises:
        ActionFailed: Something is missing or wrong.
    """
    device = context.required("DEST_DISK")
    kind = context.environment.get("TYPE") or "nocloud"
    if kind != "nocloud":
        raise ActionFailed(f"TYPE is nocloud; {kind!r} is not known")
    labelled = is_cidata(device)
    with mounted(context, device, context.environment.get("FS_TYPE", ""), write=True) as root:
        tree = Tree(root)
        try:
            if context.flag("UNIT"):
                _put_unit(context, tree)
            else:
                _put_nocloud(context, tree, "" if labelled else _FOLDER)
        except OSError as error:
            raise ActionFailed(f"{device} cannot be written: {error.strerror}") from error


def is_cidata(device: str) -> bool:
    """Whether a device is what cloud-init looks for by its label: FAT called CIDATA."""
    with opened(device) as descriptor:
        start = os.pread(descriptor, 512, 0)
    if kind_of(start) != "vfat":
        return False
    # FAT32 has its label elsewhere than FAT12 and FAT16.
    label = start[71:82] if start[82:87] == b"FAT32" else start[43:54]
    return label.strip().upper() == b"CIDATA"


def _put_nocloud(context: Context, tree: Tree, folder: str) -> None:
    for name, said in firstboot.nocloud(context.machine).items():
        tree.write(f"{folder}/{name}", said.encode(), _SECRET)
        context.say(f"{folder}/{name}: {len(said.encode())} bytes")
    if "phone_home:" in str(context.machine.get("user_data")):
        context.say("the user data has a phone_home of its own: the system reports there, not here")
    if folder and not any(tree.facts(path) for path in _READERS):
        context.say("there is no cloud-init on it that would read this; UNIT=yes needs none")


def _put_unit(context: Context, tree: Tree) -> None:
    if tree.facts("/etc/systemd") is None and tree.facts("/usr/lib/systemd") is None:
        raise ActionFailed("UNIT=yes is for systemd, and there is none on it")
    tree.write(firstboot.SCRIPT, firstboot.script(context.machine).encode(), _SECRET)
    tree.write(f"{_UNITS}/{firstboot.UNIT}", firstboot.unit().encode(), _PUBLIC)
    wanted = f"{_UNITS}/multi-user.target.wants/{firstboot.UNIT}"
    tree.put_link(wanted, f"{_UNITS}/{firstboot.UNIT}")
    context.say(f"{_UNITS}/{firstboot.UNIT}: it reports once")
