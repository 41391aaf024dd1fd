"""DHCP as part of boots: who asks, whether a new boot begins with it, and where it leads."""

import msgspec

from boots.journal import events
from boots.timeline import classify, signs
from boots.timeline.patience import NEW_POWER_ON, NEW_SYSTEM, ROUND, SKEW
from boots.timeline.signs import Kind, Sign, short
from boots.timeline.steps import (
    LOADED,
    RUNS,
    SENT,
    SYSTEM,
    UNASKED,
    Followed,
    begun,
    has,
    latest,
    was_loaded,
    went,
    without_loops,
)
from boots.timeline.words import Boot, Stage, Step

ELSEWHERE = ("an operating system asks", "its address comes from")
"""How the reason begins for which a machine is another server's to answer: nothing is wrong."""
_NO_BOOT_FILE = (
    "no boot file is installed",
    "which is not among the boot files",
    "does not say its architecture",
)
_HELD = "it loaded its script"
_OF_STRANGERS = ("no record has this MAC", "not a request of an Ethernet client")

_OF_FIRMWARE = (Stage.FIRMWARE_DHCP, Stage.BOOT_FILE, Stage.DISK)

_Answered = events.OfferSent | events.AckSent


def answered(now: Followed | None, at: float, event: _Answered, mac: str) -> Followed | None:
    """A program has an answer of ours."""
    stage = classify.of_program(event.program)
    if stage is Stage.SYSTEM:
        return _system_asks(now, at, event, mac)
    program = short(event.program, 40)
    if now is None or _is_new(now, stage, program, at):
        now = begun(now, at, mac)
    now = _introduced(now, stage, event)
    old = latest(now.boot, stage, program)
    done = _is_done(event)
    if old is not None and old.ended and at - old.ended > ROUND / 10 and not done:
        again = Sign(Kind.AGAIN, at, at, program, "it asks DHCP again")
        now = msgspec.structs.replace(now, signs=signs.added(now.signs, again))
    words = [program, event.architecture, event.address]
    words += [f"relay {event.relay}"] if event.relay else []
    detail = ", ".join(word for word in words if word)
    now = went(now, at, stage, detail, key=program, done=done, why=event.why)
    return now if event.boot_file else _sent_away(now, at, event)


def ignored(
    now: Followed | None, at: float, event: events.DhcpIgnored, mac: str
) -> Followed | None:
    """A message that was not answered: of a system it may be the only one that is heard."""
    if event.why.startswith(ELSEWHERE):
        if now is None or not has(now.boot, *LOADED) or at - now.boot.heard > NEW_SYSTEM:
            return now
        speaks = "operating system" in event.why
        return _system_speaks(now, at, f"{SYSTEM} asks another server") if speaks else now
    if event.why.startswith(_OF_STRANGERS):
        return now
    if event.message != "DISCOVER" or (now and at - now.boot.heard <= NEW_POWER_ON):
        return now
    now = begun(now, at, mac)
    boot = msgspec.structs.replace(now.boot, interface=short(event.interface, 40))
    now = msgspec.structs.replace(now, boot=boot)
    return went(now, at, Stage.FIRMWARE_DHCP, "DISCOVER", problem=event.why)


def _is_new(now: Followed, stage: Stage, program: str, at: float) -> bool:
    """Whether a boot program that asks DHCP at this stage is of another power-on."""
    boot = now.boot
    if at - boot.heard > NEW_POWER_ON:
        return True
    if stage is Stage.IPXE_DHCP and now.told.asks and not has(boot, *RUNS):
        return False
    if stage is Stage.FIRMWARE_DHCP and _is_next_way(boot, program):
        return False
    asked = latest(boot, stage, program)
    since = asked.began if asked else boot.started
    return any(_is_past(step, stage, at) for step in boot.steps if step.began >= since)


def _is_next_way(boot: Boot, program: str) -> bool:
    """Whether firmware that could not boot one way tries the next: after PXE comes UEFI's HTTP."""
    if any(step.stage not in _OF_FIRMWARE or step.detail.startswith(SYSTEM) for step in boot.steps):
        return False
    asked = [step for step in boot.steps if step.stage is Stage.FIRMWARE_DHCP]
    return bool(asked) and not any(step.detail.startswith(program) for step in asked)


def _is_past(step: Step, stage: Stage, at: float) -> bool:
    """Whether a machine that came to this step has left the stage behind for good."""
    if step.stage is Stage.DISK:  # told so by the same exchange, whose ACK is still to come
        return at - step.began > ROUND
    if at - step.began <= SKEW and (step.stage is not Stage.BOOT_FILE or not 0 < step.ended < at):
        return False
    if stage is Stage.FIRMWARE_DHCP:
        return step.stage is not Stage.FIRMWARE_DHCP
    return step.stage in LOADED and not step.detail.startswith(classify.AUTOEXEC)


def _introduced(now: Followed, stage: Stage, event: _Answered) -> Followed:
    """With what an answer says of the machine; what it is, its firmware knows best."""
    boot, firmware = now.boot, stage is Stage.FIRMWARE_DHCP
    best = firmware or not boot.program
    boot = msgspec.structs.replace(
        boot,
        address=short(event.address, 40) or boot.address,
        interface=short(event.interface, 40) or boot.interface,
        program=short(event.program, 40) if best else boot.program,
        architecture=short(event.architecture, 40) if best else boot.architecture,
    )
    url = short(event.boot_file)
    return msgspec.structs.replace(
        now,
        boot=boot,
        boot_file=url or now.boot_file if firmware else now.boot_file,
        script_url=now.script_url if firmware else url or now.script_url,
        proxy=not event.address,
    )


def _is_done(event: _Answered) -> bool:
    """Whether a program has all that it asks for.

    A proxyDHCP offer gives no address, and many clients ask for no more than that; UEFI's PXE
    asks once more, at port 4011.
    """
    if isinstance(event, events.AckSent):
        return True
    asks_again = event.program == "PXE ROM" and event.architecture.endswith("uefi")
    return bool(event.boot_file) and not event.address and not asks_again


def _sent_away(now: Followed, at: float, event: _Answered) -> Followed:
    """A boot program was given nothing to load, and why."""
    why = event.why
    if any(words in why for words in _NO_BOOT_FILE):
        sign = Sign(Kind.NO_BOOT_FILE, at, at, short(event.architecture), short(why))
        return msgspec.structs.replace(now, signs=signs.added(now.signs, sign))
    if why.startswith(_HELD):
        sign = Sign(Kind.LOOP, at, at, text="held")
        now = msgspec.structs.replace(now, signs=signs.added(now.signs, sign))
    return went(now, at, Stage.DISK, SENT, key=SENT, done=True, why=why)


def _system_asks(now: Followed | None, at: float, event: _Answered, mac: str) -> Followed:
    """A system asks for its address: the one that was loaded, or the one on the disk."""
    offer = isinstance(event, events.OfferSent)
    if now is None or (offer and at - now.boot.heard > NEW_SYSTEM):
        now = begun(now, at, mac)
    elif at - now.boot.heard > NEW_SYSTEM:
        return now  # an ACK alone, long after: it keeps its address
    boot = msgspec.structs.replace(
        now.boot,
        address=short(event.address, 40) or now.boot.address,
        interface=short(event.interface, 40) or now.boot.interface,
    )
    now = msgspec.structs.replace(now, boot=boot)
    detail = f"{SYSTEM} has {short(event.address, 40)}" if event.address else SYSTEM
    return _system_speaks(now, at, detail, done=not offer, why=event.why)


def _system_speaks(
    now: Followed, at: float, detail: str, *, done: bool = True, why: str = ""
) -> Followed:
    """Something that is no boot program speaks: where was it loaded from?"""
    boot = now.boot
    if was_loaded(now) and not has(boot, Stage.DISK):
        now = went(now, at, Stage.SYSTEM, detail, key=SYSTEM, done=done, why=why)
    else:
        from_network = has(boot, Stage.FIRMWARE_DHCP, Stage.IPXE_DHCP, Stage.BOOT_FILE)
        sent = now.told.disk or has(boot, Stage.DISK) or not from_network
        problem = "" if sent else UNASKED
        now = went(now, at, Stage.DISK, detail, key=SYSTEM, done=done, why=why, problem=problem)
    return without_loops(now) if done else now
