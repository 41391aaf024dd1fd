"""Files and scripts as part of boots: what a machine fetches, and what it was told to run."""

import msgspec

from boots.journal import events
from boots.timeline import classify, signs
from boots.timeline.classify import NOT_ALLOWED, NOTHING, Told, last_part
from boots.timeline.patience import NEW_SYSTEM, ROUND
from boots.timeline.signs import Kind, Sign, short
from boots.timeline.steps import (
    BY,
    LOADED,
    RUNS,
    SENT,
    Followed,
    begun,
    has,
    is_loaded,
    latest,
    put,
    went,
)
from boots.timeline.words import Boot, Stage

_Sent = (
    events.TransferStarted
    | events.TransferProgressed
    | events.TransferFinished
    | events.TransferProbed
    | events.TransferFailed
)


def transferred(now: Followed | None, at: float, event: _Sent, mac: str) -> Followed | None:
    """A file leaves: how far it is."""
    scripted = now is not None and has(now.boot, *LOADED) and now.told is not NOTHING
    told = now.told if now else NOTHING
    stage = classify.of_file(event.name, told, has_script=scripted)
    if now is not None and _starts_over(now.boot, event, at):
        now, stage = begun(now, at, mac), Stage.BOOT_FILE
    if stage is None:
        return _extra(now, at, event)
    if now is None or (stage is Stage.BOOT_FILE and at - now.boot.heard > NEW_SYSTEM):
        now = begun(now, at, mac)
    return _fetched(now, at, event, stage)


def refused(
    now: Followed | None, at: float, event: events.FetchRefused, _mac: str
) -> Followed | None:
    """A file was asked for and not given."""
    if now is None or classify.is_spared(event.name):
        return now
    if last_part(event.name) == NOT_ALLOWED:
        return went(now, at, Stage.DISK, SENT, key=SENT, done=True, why=event.why)
    scripted = has(now.boot, *LOADED) and now.told is not NOTHING
    stage = classify.of_file(event.name, now.told, has_script=scripted)
    if classify.says_what_to_run(event.name):
        stage = Stage.SCRIPT
    if stage is None:
        return now
    detail = key = _about(event)
    old = latest(now.boot, stage, key)
    if old is not None and old.ended and not old.problem:
        return now
    return went(now, at, stage, detail, key=key, done=True, problem=event.why)


def script(now: Followed | None, at: float, event: events.ScriptServed, mac: str) -> Followed:
    """A machine was told what to run."""
    if now is None or _is_over(now, at):
        now = begun(now, at, mac)
    leads_on = event.profile == classify.AUTOEXEC
    what = classify.AUTOEXEC if leads_on else event.profile or "script"
    key = short(what, 80) + BY
    why = "" if leads_on or not event.profile else f"profile {event.profile}"
    now = went(
        now,
        at,
        Stage.SCRIPT,
        key + event.door.upper(),
        key=key,
        done=True,
        why=why,
        problem=event.problem,
    )
    if leads_on or event.problem:
        return now
    told = classify.read(event.script, event.profile)
    return _told(now, told)


def rendered(
    now: Followed | None, at: float, event: events.FileRendered, mac: str
) -> Followed | None:
    """A menu of GRUB's or PXELINUX's is what a script is; other files are a system's questions."""
    if not classify.says_what_to_run(event.name):
        return _system_file(now, at, event.name) if now and is_loaded(now) else now
    if now is None or _is_over(now, at):
        now = begun(now, at, mac)
    key = short(last_part(event.name), 80) + BY
    why = f"profile {event.source}"
    now = went(now, at, Stage.SCRIPT, key + event.door.upper(), key=key, done=True, why=why)
    return _told(now, Told(profile=event.source, menu=True))


def _starts_over(boot: Boot, event: _Sent, at: float) -> bool:
    """Whether a boot program is fetched anew where no DHCP is heard that would tell."""
    if has(boot, Stage.FIRMWARE_DHCP, Stage.IPXE_DHCP) or not has(boot, *LOADED):
        return False
    if not classify.is_boot_program(event.name):
        return False
    old = latest(boot, Stage.BOOT_FILE, short(last_part(event.name), 80) + BY)
    return old is not None and at - old.began > ROUND / 6


def _extra(now: Followed | None, at: float, event: _Sent) -> Followed | None:
    """A file that is no part of loading: once the kernel is there, the system asks for it."""
    if now is None or not is_loaded(now) or classify.says_what_to_run(event.name):
        return now
    if not isinstance(event, events.TransferFinished):
        return now
    return _system_file(now, at, event.name)


def _system_file(now: Followed, at: float, name: str) -> Followed:
    detail = f"fetches {short(last_part(name), 80)}"
    return went(now, at, Stage.SYSTEM, detail, key=detail, done=True)


def _fetched(now: Followed, at: float, event: _Sent, stage: Stage) -> Followed:
    """One of the great files begins to leave, goes on, has arrived, or broke off."""
    detail = key = _about(event)
    old = latest(now.boot, stage, key)
    whole = old is not None and bool(old.ended) and not old.problem
    if isinstance(event, events.TransferFinished) and whole and not event.name.endswith(".iso"):
        again = Sign(Kind.AGAIN, at, at, short(event.name), "it was fetched again")
        now = msgspec.structs.replace(now, signs=signs.added(now.signs, again))
    if whole:
        return now
    late = old is not None and bool(old.ended) and at < old.ended
    kept = old.sent if old and not old.problem else 0
    match event:
        case events.TransferFinished(size=size):
            now = went(now, at, stage, detail, key=key, done=True)
            return _filled(now, stage, key, size, size)
        case events.TransferFailed(why=why, sent=sent) if not signs.is_normal_abort(event):
            now = went(now, at, stage, detail, key=key, done=True, problem=why or "it broke off")
            return _filled(now, stage, key, max(kept, sent), -1)
        case events.TransferProgressed(sent=sent, size=size) if not late:
            now = went(now, at, stage, detail, key=key)
            return _filled(now, stage, key, max(kept, sent), size)
        case events.TransferStarted(size=size) | events.TransferProbed(size=size) if not late:
            now = went(now, at, stage, detail, key=key)
            return _filled(now, stage, key, kept, size)
        case _:
            return now


def _about(event: _Sent | events.FetchRefused) -> str:
    """What a step says of a file: by another door it is another step."""
    return f"{short(last_part(event.name), 80)}{BY}{event.door.upper()}"


def _filled(now: Followed, stage: Stage, key: str, sent: int, size: int) -> Followed:
    """How much of a file has left."""
    old = latest(now.boot, stage, key)
    if old is None:
        return now
    size = size if size >= 0 else old.size
    return put(now, old, msgspec.structs.replace(old, sent=max(0, sent), size=size))


def _is_over(now: Followed, at: float) -> bool:
    """Whether what a machine was told to run begins a boot by itself: no DHCP of it was heard."""
    return at - now.boot.heard > NEW_SYSTEM or (
        not has(now.boot, Stage.FIRMWARE_DHCP, Stage.IPXE_DHCP)
        and has(now.boot, *RUNS)
        and at - now.boot.heard > ROUND
    )


def _told(now: Followed, told: Told) -> Followed:
    boot = msgspec.structs.replace(
        now.boot, profile=short(told.profile, 80), loops=min(now.boot.loops + 1, 1_000_000)
    )
    return msgspec.structs.replace(now, boot=boot, told=told)
