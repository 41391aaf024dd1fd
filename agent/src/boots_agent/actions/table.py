"""Which function does which native action; the server's table is `boots.workflow.native`."""

from collections.abc import Mapping

from boots_agent.actions import (
    archive2disk,
    burnin,
    container,
    grow,
    image,
    mkfs,
    oci2disk,
    partition,
    power,
    required,
    rootio,
    script,
    slurp,
    undo,
    verify,
    wipe,
)
from boots_agent.actions.cexec import cexec
from boots_agent.actions.context import Action
from boots_agent.actions.grub2disk import grub2disk
from boots_agent.actions.kexec import kexec
from boots_agent.actions.seed import seed
from boots_agent.actions.syslinux import syslinux
from boots_agent.actions.writefile import writefile

ACTIONS: Mapping[str, Action] = {
    "archive2disk": archive2disk.write,
    "burnin": burnin.burn,
    "cexec": cexec,
    "container": container.run,
    "grow": grow.enlarge,
    "grub2disk": grub2disk,
    "image2disk": image.write,
    "inventory": required.check,
    "kexec": kexec,
    "mkfs": mkfs.make,
    "oci2disk": oci2disk.write,
    "partition": partition.make,
    "poweroff": power.off,
    "qemuimg2disk": image.write,
    "reboot": power.reboot,
    "rootio": rootio.command,
    "seed": seed,
    "shell": script.run,
    "slurp": slurp.upload,
    "syslinux": syslinux,
    "undo": undo.put_back,
    "verify": verify.compare,
    "wipe": wipe.erase,
    "writefile": writefile,
}
