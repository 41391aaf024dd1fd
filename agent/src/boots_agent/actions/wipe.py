"""``wipe``: nothing of what a disk held can be read from it any more, and a certificate says so.

A disk is not believed: pages of chance are put on it first, and looked for afterwards.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from boots_agent import __version__
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.pace import metered
from boots_agent.actions.proof import PAGE, Chance, Proof, Sentinel, lay, prove
from boots_agent.actions.rereading import forget_partitions
from boots_agent.actions.secure import secure_erase
from boots_agent.actions.writing import disk_to_write, told
from boots_agent.disks import model_of, serial_of, wwn_of
from boots_agent.images.armed import Armed
from boots_agent.images.disk import Disk
from boots_agent.images.words import BLOCK
from boots_agent.images.work import buffer

CERTIFICATE = "certificate: "
"""What a line of the log begins with that is to be signed and kept."""

_DISCARDED_AT_ONCE = 1 << 30


class Surroundings(NamedTuple):
    """Time and chance."""

    now: Callable[[], float] = time.time
    chance: Chance = os.urandom


THIS_MACHINE = Surroundings()


def erase(context: Context, around: Surroundings = THIS_MACHINE) -> None:
    """Erase a disk as ``METHOD`` says, prove it, and say the certificate.

    Raises:
        ActionFailed: It is not erased.
    """
    wanted = context.environment.get("METHOD") or "discard"
    if wanted not in METHODS:
        raise ActionFailed(f"METHOD {wanted!r} is not known; write {', '.join(METHODS)}")
    path = context.required("DEST_DISK")
    with disk_to_write(context, path) as (disk, armed), told():
        facts = _facts(context, disk, armed)
        started = around.now()
        laid = lay(disk, around.chance)
        done, proof = METHODS[wanted](context, disk, laid, around.chance)
        forget_partitions(disk, context.root / "sys")
        ended = around.now()
    context.refresh()
    said = {
        "boots-erase": 1,
        "disk": facts,
        "machine": armed.machine,
        "run": armed.run,
        "asked": wanted,
        "method": done,
        "started": round(started, 3),
        "ended": round(ended, 3),
        "proof": {**proof._asdict(), "page": PAGE, "zero": proof.is_zero},
        "agent": __version__,
    }
    context.say(CERTIFICATE + json.dumps(said, sort_keys=True, separators=(",", ":")))


def _facts(context: Context, disk: Disk, armed: Armed) -> dict[str, Any]:
    block = context.root / "sys/class/block" / disk.name
    known = (serial_of(block), wwn_of(block), model_of(block)) if disk.name else (None,) * 3
    serial, wwn, model = known
    return {
        "path": disk.path,
        "serial": serial or armed.serial,
        "wwn": wwn,
        "model": model,
        "size": disk.size,
    }


# --- the ways

Way = Callable[[Context, Disk, tuple[Sentinel, ...], Chance], tuple[str, Proof]]


def _discard(
    context: Context, disk: Disk, laid: tuple[Sentinel, ...], chance: Chance
) -> tuple[str, Proof]:
    """By the disk's own word, if it keeps it; else by writing."""
    meter = metered(context, "discard", disk.size)
    try:
        for start in range(0, disk.size, _DISCARDED_AT_ONCE):
            length = min(_DISCARDED_AT_ONCE, disk.size - start)
            disk.discard(start, length)
            meter.add(length)
            meter.tick()
    except OSError as error:
        context.say(f"{disk.path} cannot discard ({error.strerror}): it is overwritten")
        return _overwrite(context, disk, laid, chance)
    disk.sync()
    proof = prove(disk, laid, chance)
    if proof.is_zero:
        return "discard", proof
    context.say(
        f"{disk.path} was told to discard all, and byte {proof.first_dirty} is still not zero:"
        " it is overwritten"
    )
    return _overwrite(context, disk, laid, chance)


def _overwrite(
    context: Context, disk: Disk, laid: tuple[Sentinel, ...], chance: Chance
) -> tuple[str, Proof]:
    """With zeros, sent one by one: no word of the disk's is relied on."""
    meter = metered(context, "overwrite", disk.size)
    zeros = buffer(BLOCK)
    for start in range(0, disk.size, BLOCK):
        view = zeros[: min(BLOCK, disk.size - start)]
        disk.write(view, start)
        meter.add(len(view))
        meter.tick()
    disk.sync()
    proof = prove(disk, laid, chance)
    if not proof.is_zero:
        raise ActionFailed(
            f"{disk.path} was overwritten with zeros, and byte {proof.first_dirty} is not zero:"
            " the disk is broken"
        )
    return "overwrite", proof


def _secure(
    context: Context, disk: Disk, laid: tuple[Sentinel, ...], chance: Chance
) -> tuple[str, Proof]:
    """By the disk's own command for it, which reaches what no address leads to."""
    done = secure_erase(context, disk)
    proof = prove(disk, laid, chance)
    if proof.left:
        raise ActionFailed(
            f"{disk.path} says that it erased itself ({done}), and still holds"
            f" {proof.left} of {proof.sentinels} pages that were put on it before"
        )
    return done, proof


METHODS: Mapping[str, Way] = {"discard": _discard, "secure": _secure, "overwrite": _overwrite}
