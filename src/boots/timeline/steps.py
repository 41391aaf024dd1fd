"""A boot while it is followed: its steps, and what must be remembered of it to go on."""

import msgspec

from boots.timeline.classify import NOTHING, Told
from boots.timeline.signs import Signs, short
from boots.timeline.words import Boot, Finding, Stage, Step

MOST_STEPS = 40
LOADED = (Stage.SCRIPT, Stage.KERNEL, Stage.INITRD, Stage.SYSTEM, Stage.INVENTORY)
"""The steps of a machine that was told what to run."""
RUNS = (Stage.KERNEL, Stage.INITRD, Stage.SYSTEM, Stage.INVENTORY)
"""The steps of a machine that loads a system, or has one."""
BY = " by "
"""What stands between a file and the door that it is fetched by."""
SAME = 5.0
"""Seconds within which several servers hear of one power-on first; no machine has two in them."""
SENT = "sent to its disk"
SYSTEM = "an operating system"
"""What DHCP calls a client that is no boot program."""
UNASKED = "nobody sent it to its disk"
"""The problem of a step to the disk that no answer of ours led to."""


class Followed(msgspec.Struct, frozen=True, gc=False):
    """A boot, and what must be remembered of it to go on.

    `before` is what was found of the machine's boot before it, where that went wrong.
    `came_back` is after how many seconds of silence the machine began anew, -1 if it did not.
    `boot_file` is what firmware was told to load, and `script_url` what iPXE was.  With `proxy`
    its address comes from another server.  With `recalled` it was taken up from the store, without
    what spoke for its finding, until something more is heard of it.
    """

    boot: Boot
    told: Told = NOTHING
    signs: Signs = ()
    before: Finding | None = None
    came_back: float = -1.0
    boot_file: str = ""
    script_url: str = ""
    proxy: bool = False
    recalled: bool = False


def over(boot: Followed, at: float) -> Followed:
    """A boot after which another one began."""
    return msgspec.structs.replace(boot, came_back=max(0.0, at - boot.boot.heard))


def has(boot: Boot, *stages: Stage) -> bool:
    """Whether a boot came to one of these stages."""
    return any(step.stage in stages for step in boot.steps)


def begun(now: Followed | None, at: float, mac: str) -> Followed:
    """A new boot; of the one before it what led to it is kept."""
    if now is not None:
        at = max(at, now.boot.started + 0.001)
    return Followed(
        Boot(
            id=f"{mac.replace(':', '')}-{round(at * 1000)}",
            mac=mac,
            started=at,
            heard=at,
            loops=now.boot.loops if now else 0,
            machine=now.boot.machine if now else "",
            uuid=now.boot.uuid if now else "",
        ),
        before=now.before if now else None,
    )


def called(boot: Boot, identity: str, started: float) -> Boot:
    """The boot under the name that another server gave it, which heard it begin at that moment."""
    if boot.id == identity:
        return boot
    steps = tuple(
        msgspec.structs.replace(step, began=started) if step.began < started else step
        for step in boot.steps
    )
    return msgspec.structs.replace(boot, id=identity, started=started, steps=steps)


def without_loops(now: Followed) -> Followed:
    """The same where something came of what it loaded."""
    if not now.boot.loops and now.before is None:
        return now
    boot = msgspec.structs.replace(now.boot, loops=0)
    return msgspec.structs.replace(now, boot=boot, before=None)


def was_loaded(now: Followed) -> bool:
    """Whether the machine has been given a system to run, as far as we can see."""
    scripted = has(now.boot, Stage.SCRIPT) and not now.told.disk and not now.told.menu
    from_disc = any(".iso" + BY in step.detail for step in now.boot.steps)
    return has(now.boot, *RUNS) or scripted or from_disc


def is_loaded(now: Followed) -> bool:
    """Whether all has arrived that the script names, so that the system may run."""
    there = {step.stage for step in now.boot.steps if step.ended and not step.problem}
    wanted = {Stage.KERNEL, Stage.INITRD} if now.told.initrds else {Stage.KERNEL}
    return wanted <= there


def latest(boot: Boot, stage: Stage, key: str) -> Step | None:
    """The step of this stage that is about this: a program, a file."""
    for step in reversed(boot.steps):
        if step.stage is stage and step.detail.startswith(key):
            return step
    return None


def went(
    now: Followed,
    at: float,
    stage: Stage,
    detail: str,
    *,
    key: str = "",
    done: bool = False,
    why: str = "",
    problem: str = "",
) -> Followed:
    """A step begins, goes on or comes to its end; what once ended well keeps its words."""
    detail, why, problem = short(detail), short(why), short(problem)
    old = latest(now.boot, stage, key)
    if old is None:
        began = max(at, now.boot.started)
        new = Step(
            stage=stage,
            began=began,
            ended=began if done else 0.0,
            detail=detail,
            why=why,
            problem=problem,
        )
        return put(now, None, new)
    if old.ended and not old.problem and not problem:
        return now
    new = msgspec.structs.replace(
        old,
        ended=max(at, old.began) if done else 0.0,
        detail=detail or old.detail,
        why=why or old.why,
        problem=problem,
    )
    return put(now, old, new)


def put(now: Followed, old: Step | None, new: Step) -> Followed:
    """The boot with a step in place of another, or one more, in the order of their beginnings."""
    steps = now.boot.steps
    if old is not None:
        steps = tuple(new if step is old else step for step in steps)
    else:
        place = len(steps)
        while place and steps[place - 1].began > new.began:
            place -= 1
        steps = (*steps[:place], new, *steps[place:])
        if len(steps) > MOST_STEPS:  # the beginning and the end tell most
            steps = (*steps[: MOST_STEPS // 2], *steps[MOST_STEPS // 2 + 1 :])
    return msgspec.structs.replace(now, boot=msgspec.structs.replace(now.boot, steps=steps))


def heard(now: Followed, at: float) -> Followed:
    """The machine was heard."""
    if at <= now.boot.heard:
        return now
    boot = msgspec.structs.replace(now.boot, heard=at)
    return msgspec.structs.replace(now, boot=boot, recalled=False)
