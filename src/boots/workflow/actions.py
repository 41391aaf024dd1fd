"""Which action one of a template is, which disks it touches, and what is wrong with it."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from boots.documents.fault import nearest
from boots.model.word import Word
from boots.workflow.disks import disk_of
from boots.workflow.native import BY_NAME, DISKS, Kind, Use
from boots.workflow.references import short_name
from boots.workflow.words import Action

_REBOOT = re.compile(
    r"(?:(?:/bin/)?(?:ba|a)?sh -c )?(?:sleep [0-9]+ *(?:;|&&) *)?"
    r"(?:echo [\"']?b[\"']? *> */proc/sysrq-trigger|(?:/sbin/)?reboot(?: -f)?|touch /worker/reboot)"
)


class Touch(Word, frozen=True):
    """A device that an action uses; `disk` is the disk it is on."""

    device: str
    disk: str
    use: Use


def kind_of(action: Action) -> Kind | None:
    """What an action is, whatever waits before it; None of an image that is not native.

    A container that does nothing but reboot the machine is `reboot`.
    """
    kind = BY_NAME.get(short_name(action.image))
    if kind is not None and kind.name == "waitdaemon":
        inner = action.environment.get("IMAGE", "")
        waits = BY_NAME.get("reboot") if inner and _reboots(action) else kind
        return BY_NAME.get(short_name(inner), waits)
    return BY_NAME["reboot"] if kind is None and _reboots(action) else kind


def _reboots(action: Action) -> bool:
    return _REBOOT.fullmatch(" ".join(action.command).strip()) is not None


def is_terminal(action: Action) -> bool:
    """Whether OSIE ends with it."""
    kind = kind_of(action)
    return kind is not None and kind.terminal


def touches(action: Action, storage: Any = None) -> tuple[Touch, ...]:
    """The devices that an action uses; `storage` is what the record says of its disks."""
    kind = kind_of(action)
    if kind is None:
        named = dict.fromkeys(action.environment.get(DISKS, "").split())
        return tuple(Touch(device=each, disk=disk_of(each), use=Use.WRITES_DISK) for each in named)
    found = [
        Touch(device=device, disk=disk_of(device), use=env.use)
        for env in kind.env
        if env.use is not None
        for device in action.environment.get(env.name, "").split()
    ]
    command = action.command[0] if action.command else ""
    use = kind.commands.get(command)
    if use is not None:
        found += [Touch(device=disk, disk=disk, use=use) for disk in _storage_disks(storage)]
    return tuple(dict.fromkeys(found))


def lays_out_storage(action: Action) -> bool:
    """Whether it does to the machine's disks what its record says of storage."""
    kind = kind_of(action)
    return kind is not None and bool(kind.commands)


def writes(action: Action) -> bool:
    """Whether it may change a disk.

    What a record says of storage is not asked: rootio's commands write whatever it is.
    """
    kind = kind_of(action)
    if kind is None:
        return True  # who knows what a container does
    command = action.command[0] if action.command else ""
    uses = [kind.commands.get(command), *(each.use for each in touches(action))]
    return any(use in {Use.WRITES_DISK, Use.WRITES_PARTITION} for use in uses)


def _storage_disks(storage: Any) -> Iterator[str]:
    disks = storage.get("disks") if isinstance(storage, Mapping) else None
    for disk in disks if isinstance(disks, list | tuple) else ():
        if isinstance(disk, Mapping) and isinstance(disk.get("device"), str):
            yield disk["device"]


# --- what is wrong with an action


class Remark(Word, frozen=True):
    """A mistake or a doubt about an action; `path` leads to it from the action."""

    path: tuple[str, ...]
    problem: str
    advice: str
    is_fault: bool = True


def judge(action: Action, own: Collection[str], *, containers: bool = False) -> Iterator[Remark]:
    """What is wrong with an action; `own` are the variables that stand at the action itself.

    Those of its task may be meant for its neighbours: they are never doubtful.  With
    `containers` an image that is no action of ours is run as it is.
    """
    kind = BY_NAME.get(short_name(action.image))
    wanted = kind_of(action)
    if kind is None or wanted is None:
        if wanted is None and not containers:
            yield _unknown_image(action.image, "image")
        return
    inner = action.environment.get("IMAGE", "")
    if wanted.name == "waitdaemon" and inner:
        if not containers:
            yield _unknown_image(inner, "environment", "IMAGE")
        return
    known = {each.name: each for each in (*kind.env, *wanted.env)}
    for env in known.values():
        if env.required and not action.environment.get(env.name, ""):
            problem = f"{wanted.name} needs {env.name}: {env.meaning}"
            yield Remark(path=("environment",), problem=problem, advice=f"write {env.name}: …")
    for name in action.environment:
        if name not in known and name in own and not wanted.free:
            advice = nearest(name, known) or f"it takes {', '.join(sorted(known)) or 'nothing'}"
            problem = f"{wanted.name} does not take {name}"
            path = ("environment", name)
            yield Remark(path=path, problem=problem, advice=advice, is_fault=False)
    if wanted.commands:
        yield from _command(action, wanted)


def _command(action: Action, kind: Kind) -> Iterator[Remark]:
    command = action.command[0] if action.command else ""
    if command in kind.commands:
        return
    problem = f'{kind.name} has no command "{command}"' if command else f"{kind.name} needs one"
    advice = nearest(command, kind.commands) or f"write one of {', '.join(kind.commands)}"
    yield Remark(path=("command",), problem=problem, advice=advice)


def _unknown_image(image: str, *path: str) -> Remark:
    advice = nearest(short_name(image), BY_NAME) or f"there are {', '.join(sorted(BY_NAME))}"
    return Remark(path=path, problem=f'no action goes by the image "{image}"', advice=advice)
