"""Why a boot went no further: pure, in words for the person who has to find out."""

from boots.lab.stages import Boot, Stage, missing

_MEANINGS = {
    Stage.FIRMWARE_DHCP: "no DHCP message of {mac} was answered: the firmware never asked, or the "
    "server does not see its interface",
    Stage.BOOT_FILE: "the firmware has its address and did not fetch the boot file",
    Stage.IPXE_DHCP: "no DHCP message of iPXE was answered: the boot file did not start, or iPXE "
    "has no driver for the network card",
    Stage.SCRIPT: "iPXE has its address and did not fetch its script",
    Stage.KERNEL: "iPXE has its script and did not fetch the kernel",
    Stage.INITRD: "iPXE has the kernel and did not fetch the initrd",
    Stage.OSIE: "kernel and initrd were sent and OSIE did not report: see the console",
    Stage.INVENTORY: "OSIE runs and its agent sent no inventory",
    Stage.POWER_OFF: "the inventory came and the machine did not power off",
}

_UNFINISHED = {
    Stage.FIRMWARE_DHCP: "the server offered an address and the firmware did not take it",
    Stage.BOOT_FILE: "the boot file began to leave and did not arrive",
    Stage.IPXE_DHCP: "the server offered an address and iPXE did not take it",
    Stage.KERNEL: "the kernel began to leave and did not arrive",
    Stage.INITRD: "the initrd began to leave and did not arrive",
    Stage.OSIE: "OSIE has its address and its agent did not report: see the console",
}


def diagnose(boot: Boot) -> str:
    """The stage that never came, what that means, how the machine ended, what the server refused.

    One line each, the most telling first; empty for a boot that is complete.
    """
    if boot.complete:
        return ""
    lines = [_stage(boot)]
    if boot.ending is not None and boot.ending != "powered off":
        lines.append(f"the machine did not power off: {boot.ending}")
    if boot.gave_up:
        lines.append(f"the machine gave up: {boot.gave_up}")
    lines += [f"{at.at - boot.started:.1f} s: {at.what}" for at in boot.troubles]
    return "\n".join(lines)


def _stage(boot: Boot) -> str:
    stage = missing(boot)
    if boot.ending == "powered off" and boot.inventory is None:
        return f"the machine powered off without an inventory; {_meaning(boot, stage)}"
    if stage is None:
        return "every stage came, but the console never showed the agent"
    return f"{stage.value} never came to its end: {_meaning(boot, stage)}"


def _meaning(boot: Boot, stage: Stage | None) -> str:
    if stage is None:
        return "every stage came"
    table = _UNFINISHED if stage in boot.marks else _MEANINGS
    return table.get(stage, "no reason is known").format(mac=boot.mac)
