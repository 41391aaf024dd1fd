"""Commands of disks that erase themselves, each by the program that speaks to such disks."""

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.making import FULL, Missing, run
from boots_agent.disks import transport_of
from boots_agent.facts import names, text
from boots_agent.images.disk import BLKSECDISCARD, Disk

# A disk that loses power on the way asks for it afterwards.
_PASSWORD = "boots"  # noqa: S105  # it is taken away again by what it allows
# Not nvme0c1n1, which is one way to a namespace that has several.
_NAMESPACE = re.compile(r"nvme\d+n\d+")
_POLL = 5.0  # seconds
_UNDER_WAY, _DONE = 2, 1  # the status of a sanitize (NVMe 1.3, 5.14.1.9.2)


def secure_erase(context: Context, disk: Disk, sleep: Callable[[float], None] = time.sleep) -> str:
    """Have a disk erase itself; by which of its commands it did.

    Raises:
        ActionFailed: It has none, the program is not there, or the disk refuses.
    """
    block = context.root / "sys/class/block" / disk.name
    transport = transport_of(block) if disk.name else None
    way = _WAYS.get(transport or "")
    if way is None:
        what = f"a disk on {transport}" if transport else "it"
        raise ActionFailed(
            f"{disk.path}: {what} has no command that erases it; write METHOD: overwrite"
        )
    return way(context, disk, sleep)


def _nvme(context: Context, disk: Disk, sleep: Callable[[float], None]) -> str:
    """The namespace formatted with its user data erased; else the whole of it sanitized.

    To sanitize is of all the subsystem, and to format with an erase is of all namespaces where the
    controller says so (NVMe 1.3, FNA): nothing but this disk may be behind it.
    """
    beside = _beside(context, disk)
    if beside:
        raise ActionFailed(
            f"{disk.path}: the command that erases it could erase {', '.join(beside)}, too, which"
            " the same NVMe controller holds; write METHOD: discard, or METHOD: overwrite"
        )
    try:
        run(context, ["nvme", "format", disk.path, "--ses=1", "--force"], FULL)
    except Missing:
        raise
    except ActionFailed as error:
        context.say(f"{disk.path} is not formatted ({error}): it is sanitized")
    else:
        return "nvme format, user data erase"
    run(context, ["nvme", "sanitize", disk.path, "--sanact=2"], FULL)
    while (status := _sanitized(context, disk)) == _UNDER_WAY:
        sleep(_POLL)
    if status != _DONE:
        raise ActionFailed(f"{disk.path} could not be sanitized (status {status})")
    return "nvme sanitize, block erase"


def _beside(context: Context, disk: Disk) -> list[str]:
    """Other namespaces of the same controller or subsystem, as the kernel has them."""
    blocks = context.root / "sys/class/block"
    here = _owners(blocks / disk.name)
    if not here:
        raise ActionFailed(
            f"{disk.path}: nobody knows which other namespaces its NVMe controller holds;"
            " write METHOD: discard, or METHOD: overwrite"
        )
    spaces = [name for name in names(blocks) if _NAMESPACE.fullmatch(name) and name != disk.name]
    return [f"/dev/{name}" for name in spaces if here & _owners(blocks / name)]


def _owners(block: Path) -> frozenset[str]:
    """What holds a namespace: its controller, or its subsystem, and the name of that."""
    device = block / "device"
    held = {str(device.resolve()) if device.exists() else "", text(device / "subsysnqn")}
    return frozenset(held - {""})


def _sanitized(context: Context, disk: Disk) -> int:
    said = context.run.output(["nvme", "sanitize-log", disk.path, "-o", "json"])
    try:
        log = json.loads(said)
        if "sstat" not in log:  # all of it is under the device's name
            log = next(iter(log.values()))
        return int(log["sstat"]) & 7
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise ActionFailed(f"nvme sanitize-log says nothing that is known here: {said}") from error


def _ata(context: Context, disk: Disk, _: Callable[[float], None]) -> str:
    """SECURITY ERASE UNIT, the enhanced one where there is one."""
    said = " ".join(context.run.output(["hdparm", "-I", disk.path]).split())
    if "Security:" not in said:
        raise ActionFailed(f"{disk.path} knows no secure erase; write METHOD: overwrite")
    if "not frozen" not in said:
        raise ActionFailed(
            f"{disk.path}: the firmware has frozen the disk's security; sleep and wake the machine"
            " or plug the disk anew, or write METHOD: overwrite"
        )
    if "not enabled" not in said:
        raise ActionFailed(f"{disk.path} has a password that somebody gave it: take it away first")
    enhanced = "not supported: enhanced erase" not in said and "enhanced erase" in said
    user = ["hdparm", "--user-master", "u"]
    run(context, [*user, "--security-set-pass", _PASSWORD, disk.path], FULL)
    erase = "--security-erase-enhanced" if enhanced else "--security-erase"
    try:
        run(context, [*user, erase, _PASSWORD, disk.path], FULL)
    except ActionFailed:
        context.run([*user, "--security-disable", _PASSWORD, disk.path])
        raise
    return "ata security erase, enhanced" if enhanced else "ata security erase"


def _mmc(context: Context, disk: Disk, _: Callable[[float], None]) -> str:  # noqa: ARG001
    """An eMMC's secure trim."""
    try:
        disk.discard(0, disk.size, BLKSECDISCARD)
    except OSError as error:
        raise ActionFailed(f"{disk.path} knows no secure erase: {error.strerror}") from error
    return "secure discard"


_Way = Callable[[Context, Disk, Callable[[float], None]], str]
_WAYS: Mapping[str, _Way] = {"nvme": _nvme, "ata": _ata, "mmc": _mmc}
