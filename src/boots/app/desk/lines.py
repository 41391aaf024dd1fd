"""A machine as one line: its record, what is ordered of it, and how its last boot goes."""

from boots.client.words import InterfaceLine, MachineLine
from boots.model.machine import STORE, Machine
from boots.model.order import Order
from boots.policy.ordered import used_up
from boots.timeline.words import Boot, Finding, State

USED = "used"
"""What is said of a machine that was to netboot once, and has."""


def line(
    machine: Machine,
    order: Order | None,
    boot: Boot | None,
    default_profile: str,
    now: float,
    *,
    before: Finding | None = None,
) -> MachineLine:
    """The line of a machine; `boot` is its last one, `before` was found of those before it."""
    own = machine.interfaces[0].netboot if machine.interfaces else None
    profile = (order.profile if order else "") or (own.profile if own else "")
    step = boot.step if boot else None
    seen = boot is not None
    return MachineLine(
        name=machine.name,
        interfaces=tuple(
            InterfaceLine(
                mac=each.mac,
                address=str(each.reservation.address) if each.reservation else "",
                netboot=each.netboot.allowed,
            )
            for each in machine.interfaces
        ),
        source="api" if machine.place.file == STORE else "file",
        place="" if machine.place.file == STORE else str(machine.place),
        profile=profile or default_profile,
        netboot=netboot(machine, order, now),
        state=boot.state if boot else State.UNSEEN,
        stage=step.stage.value if step else "",
        progress=step.progress if step and not step.ended else -1.0,
        heard=boot.heard if seen and boot else 0.0,
        started=boot.started if seen and boot else 0.0,
        boot=boot.id if boot else "",
        finding=_finding(boot, before),
    )


def _finding(boot: Boot | None, before: Finding | None) -> str:
    if boot is not None and boot.finding is not None:
        return boot.finding.title
    return f"the boot before: {before.title}" if before is not None else ""


def netboot(machine: Machine, order: Order | None, now: float) -> str:
    """What holds of its netboot now: ``on``, ``off``, ``once``, or that this was `USED`."""
    if order is not None:
        return USED if used_up(order, now) else order.netboot.value
    on = any(each.netboot.allowed for each in machine.interfaces)
    return "on" if on else "off"
