"""Making file systems: which program, with what words, and in which OSIE it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.options import BTRFS, EXT, FAT, SWAP, XFS, Options, judge

MISSING = 127
GENERIC, FULL = "generic", "full"
"""The smallest flavour of OSIE that has a program; the cloud one is smaller."""


class Missing(ActionFailed):
    """This OSIE has not what it takes: a program, or a file system of its kernel."""


@dataclass(frozen=True, slots=True)
class Maker:
    """What makes a file system.

    Attributes:
        program: Its name.
        always: Arguments without which it would ask.
        usual: Arguments where nobody says others.
        label: What stands before a label.
        longest: Bytes of a label.
        options: Those that a record may give.
        flavour: Which OSIE has it; nothing for all of them.
    """

    program: str
    always: tuple[str, ...]
    usual: tuple[str, ...]
    label: str
    longest: int
    options: Options
    flavour: str = ""


_EXT = {
    each: Maker("mkfs.ext4", ("-q", "-F", "-t", each), (), "-L", 16, EXT)
    for each in ("ext2", "ext3")
}
MAKERS: Mapping[str, Maker] = {
    **_EXT,
    "ext4": Maker("mkfs.ext4", ("-q", "-F"), (), "-L", 16, EXT),
    "vfat": Maker("mkfs.vfat", (), ("-F", "32"), "-n", 11, FAT),
    "fat32": Maker("mkfs.vfat", (), ("-F", "32"), "-n", 11, FAT),
    "swap": Maker("mkswap", (), (), "-L", 15, SWAP),
    "xfs": Maker("mkfs.xfs", ("-q", "-f"), (), "-L", 12, XFS, GENERIC),
    "btrfs": Maker("mkfs.btrfs", ("-q", "-f"), (), "-L", 255, BTRFS, FULL),
}


def make_file_system(
    context: Context, device: str, kind: str, label: str = "", options: Sequence[str] = ()
) -> None:
    """Make one on a device that may be written.

    Raises:
        ActionFailed: It is of a kind nobody knows, an option may not be given, or the program
            fails or is not there.
    """
    maker = maker_of(kind, options)
    if len(label.encode()) > maker.longest:
        raise ActionFailed(f"{label!r}: a label of {kind} has at most {maker.longest} bytes")
    named = [maker.label, label] if label else []
    words = [maker.program, *maker.always, *(options or maker.usual), *named, device]
    context.say(" ".join(words))
    run(context, words, maker.flavour)


def maker_of(kind: str, options: Sequence[str] = ()) -> Maker:
    """What makes a kind of file system, with options such as these.

    Raises:
        ActionFailed: Nothing does, or an option is none that a record may give.
    """
    found = MAKERS.get(kind.lower())
    if found is None:
        raise ActionFailed(f"FS_TYPE {kind!r} is not made here; there are {', '.join(MAKERS)}")
    judge(found.program, options, found.options)
    return found


def run(
    context: Context, words: Sequence[str], flavour: str = "", good: Sequence[int] = (0,)
) -> int:
    """A program that must do its work.

    Raises:
        ActionFailed: It fails.
        Missing: This OSIE has it not.
    """
    status = context.run(list(words))
    program = next(each for each in words if each != "env" and "=" not in each)
    if status == MISSING:
        where = f"the flavour {flavour} of OSIE has it" if flavour else "no OSIE should lack it"
        raise Missing(f"{program} is not in this OSIE; {where}")
    if status not in good:
        raise ActionFailed(f"{program} ended with {status}: its lines above say why")
    return status
