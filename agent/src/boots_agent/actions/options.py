"""Options of a record for programs that make file systems and volumes: none names a device.

What such a program finds beside its options is a device to write, and some options name one more:
a journal, a log, a part of the same file system.  Only the device that the gate let through may be
among its words, so each option is known here, and so is whether it takes a value.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from boots_agent.actions.context import ActionFailed

_DEVICES = frozenset({"device", "dev", "name", "file", "logdev", "rtdev"})
"""What names a device, or a file in its place, within a value (``-l logdev=…``)."""


class Options(NamedTuple):
    """Options that a program may be given.

    Attributes:
        alone: Letters of those without a value.
        valued: Letters of those with one.
        words: Long ones without a value.
        valued_words: Long ones with one.
    """

    alone: str = ""
    valued: str = ""
    words: frozenset[str] = frozenset()
    valued_words: frozenset[str] = frozenset()


EXT = Options("cjqvDFK", "begimoCEGIJLNOTU")
FAT = Options("aAcIv", "bfFgiMnrRsSDh")
SWAP = Options(
    "cfq",
    "pLvUe",
    frozenset({"check", "force", "quiet"}),
    frozenset({"pagesize", "label", "swapversion", "uuid", "endianness"}),
)
XFS = Options("qfK", "bdilmnsL")
BTRFS = Options(
    "fvqMK",
    "bnsmdLROU",
    frozenset({"force", "verbose", "quiet", "mixed", "nodiscard"}),
    frozenset(
        {
            "byte-count",
            "nodesize",
            "sectorsize",
            "metadata",
            "data",
            "label",
            "features",
            "runtime-features",
            "uuid",
            "checksum",
            "csum",
        }
    ),
)
VOLUME = Options(
    "qvy",
    "ZWiImCrMpaR",
    frozenset({"nosync", "yes", "quiet"}),
    frozenset(
        {
            "zero",
            "wipesignatures",
            "stripes",
            "stripesize",
            "mirrors",
            "type",
            "contiguous",
            "readahead",
            "persistent",
            "permission",
            "activate",
            "regionsize",
            "addtag",
            "alloc",
        }
    ),
)


def judge(program: str, words: Sequence[str], known: Options) -> None:
    """See to it that words are options alone, and that none names a device.

    Raises:
        ActionFailed: One is not, or does; the text says which.
    """
    left = iter(words)
    for word in left:
        if word.startswith("--"):
            value = _long(program, word, left, known)
        elif word.startswith("-") and word != "-":
            value = _short(program, word, left, known)
        else:
            why = "follows no option that takes a value: it would be a device to write"
            raise ActionFailed(f"{program}: {word!r} {why}")
        _harmless(program, word, value)


def _long(program: str, word: str, left: Iterator[str], known: Options) -> str:
    """The value of ``--word=value`` or ``--word value``; none of a word alone."""
    name, has, value = word[2:].partition("=")
    if name in known.valued_words:
        return value if has else _next(program, word, left)
    if name not in known.words or has:
        raise _unknown(program, word)
    return ""


def _short(program: str, word: str, left: Iterator[str], known: Options) -> str:
    """The value of the last of letters that stand together, as getopt(3) reads them."""
    for at, letter in enumerate(word[1:], 1):
        if letter in known.valued:
            return word[at + 1 :] or _next(program, word, left)
        if letter not in known.alone:
            raise _unknown(program, word)
    return ""


def _next(program: str, word: str, left: Iterator[str]) -> str:
    value = next(left, None)
    if value is None:
        raise ActionFailed(f"{program}: {word} takes a value, and none follows")
    return value


def _harmless(program: str, word: str, value: str) -> None:
    keys = {each.partition("=")[0].strip() for each in value.split(",")}
    if "/" in value or keys & _DEVICES:
        raise ActionFailed(
            f"{program}: {word} {value}: an option may name no other device and no file"
        )


def _unknown(program: str, word: str) -> ActionFailed:
    return ActionFailed(f"{program}: the option {word} is none that a record may give")
