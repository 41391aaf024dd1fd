"""`image2disk` and `qemuimg2disk`: an image on a whole disk, by `write_image`."""

from typing import NamedTuple

from boots_agent.actions import growing
from boots_agent.actions.context import ActionFailed, Context, Progress
from boots_agent.device import in_words
from boots_agent.images.words import Digest, Job, Of, Result, read_digest
from boots_agent.images.words import Progress as Written
from boots_agent.images.writer import THIS_MACHINE, World, write_image

_VERIFY = frozenset({"", "stream", "full"})
_RAW = frozenset({"", "host_device", "raw"})


class Wanted(NamedTuple):
    """What is to be written where; `grow` is the partition that gets the rest of the disk."""

    url: str
    disk: str
    digests: tuple[Digest, ...]
    verify: bool
    grow: str


def write(context: Context) -> None:
    """Write the image of ``IMG_URL`` to ``DEST_DISK``; what it is packed in is looked at.

    Raises:
        ActionFailed: what it is given makes no sense, or the disk is not armed.
        boots_agent.images.words.ImageError: the image is not on the disk.
    """
    goal = wanted(context)._replace(url=context.url("IMG_URL"))
    _check_qemu(context)
    put(context, goal, world(context))


def wanted(context: Context) -> Wanted:
    """What the variables say.

    Raises:
        ActionFailed: they make no sense.
    """
    digest = digest_of(context, "SHA256")
    return Wanted(
        context.required("IMG_URL"),
        context.required("DEST_DISK"),
        (digest,) if digest is not None else (),
        _verify(context),
        growing.wanted(context.environment.get("GROW_PARTITION", "")),
    )


def put(context: Context, goal: Wanted, around: World) -> None:
    """Have the disk armed and the image on it, with a partition table for that disk.

    Raises:
        ActionFailed: the disk is not armed, or its partitions are not to be had.
        boots_agent.images.words.ImageError: the image is not on the disk.
    """
    armed = context.arm(goal.disk)
    job = Job(goal.url, goal.disk, armed, digests=goal.digests, verify=goal.verify)

    def tell(written: Written) -> None:
        how_far = Progress(written.phase, written.done, written.total, written.rate, written.eta)
        context.tell(how_far)

    context.say(f"writing {goal.url} to {goal.disk}")
    result = write_image(job, tell, around)
    context.say(_summary(result))
    growing.after_image(context, goal.disk, armed, goal.grow)


def digest_of(context: Context, name: str) -> Digest | None:
    """What is sent must hash to, by a variable of the action; None where that says nothing.

    Raises:
        ActionFailed: it is no digest.
    """
    text = context.environment.get(name, "")
    try:
        return read_digest(text, Of.SENT) if text else None
    except ValueError as error:
        raise ActionFailed(f"{name}: {error}") from None


def _verify(context: Context) -> bool:
    said = context.environment.get("VERIFY", "").lower()
    if said not in _VERIFY:
        raise ActionFailed(f"VERIFY is {said!r}; write stream or full")
    return said == "full"


def _check_qemu(context: Context) -> None:
    """What only qemu-img could do is no image that is written otherwise."""
    if context.kind != "qemuimg2disk":
        return
    if context.environment.get("FORMAT", "") not in _RAW:
        raise ActionFailed("FORMAT: a disk is written as what it is, host_device")
    if context.environment.get("EXTRA_ARGS", "").strip():
        context.say("EXTRA_ARGS are for qemu-img, which is not needed here: they mean nothing")


def world(context: Context) -> World:
    """How long a download is tried for.  Raises `ActionFailed`."""
    around = THIS_MACHINE._replace(sys=context.root / "sys")
    if not context.flag("RETRY_ENABLED"):
        return around
    said = context.environment.get("RETRY_DURATION_MINUTES", "") or "10"
    if not said.isdecimal():
        raise ActionFailed(f"RETRY_DURATION_MINUTES is {said!r}, and should be a number")
    return around._replace(patience=int(said) * 60.0)


def _summary(result: Result) -> str:
    rate = result.size / result.seconds if result.seconds > 0 else 0.0
    parts = [f"{in_words(result.size)} ({result.form.value}) in {result.seconds:.1f} s"]
    parts.append(f"{in_words(int(rate))}/s, {in_words(result.sent)} travelled")
    if result.reused:
        parts.append(f"{in_words(result.reused)} were there already")
    if result.verified:
        parts.append("read back")
    return ", ".join(parts)
