"""What the loader of a Raspberry Pi asks for: files of its firmware, and two texts of its own.

It asks below a folder, which is its serial number unless a person set another (``TFTP_PREFIX``):
``1234abcd/config.txt``.  A Pi 3 asks for ``bootcode.bin`` without one, and each of them goes on
without one where the folder holds no ``start4.elf`` or ``start.elf``.
"""

import re

from boots.model.machine import Known, RaspberryPi
from boots.model.site import Site
from boots.policy import leaks
from boots.policy.got import File, Ground, Refusal, Rendered
from boots.policy.ipxe_words import Unwritable, shown
from boots.policy.script import arguments, profile_of

_LINE = re.compile(r"[\x20-\x7e]*")


def source(name: str, known: Known, site: Site) -> Rendered | File | Refusal | None:
    """A file of the firmware, ``config.txt`` or ``cmdline.txt`` for the machine that asks."""
    board = known.interface.netboot.raspberry_pi
    if board is None:
        return None
    folder, _, rest = name.partition("/")
    below_serial = bool(rest) and folder.lower() == board.asks_below
    if not below_serial:
        if name in site.files:
            return None
        rest = name
    if rest == "config.txt" and board.config:
        return Rendered(name, board.config.encode(), "record", private=True)
    if rest == "cmdline.txt":
        return _cmdline(name, known, site)
    wanted = _of_firmware(rest, board)
    path = site.files.get(wanted)
    if path is not None:
        return File(wanted, path)
    if below_serial:
        return Refusal(Ground.MISSING, f'there is no file "{wanted}"')
    return None


def _of_firmware(name: str, board: RaspberryPi) -> str:
    folder = board.folder.strip("/")
    return f"{folder}/{name}" if folder else name


def _cmdline(name: str, known: Known, site: Site) -> Rendered | Refusal:
    """The kernel's arguments on one line: the record's, or else those of its profile."""
    own = known.interface.netboot.kernel_args
    try:
        args = list(own) if own else arguments(profile_of(known, site), known, site)
        leaks.refuse(own, site.secrets_allowed)
    except Unwritable as error:
        return Refusal(Ground.BROKEN, str(error))
    for text in args:  # of the others nothing is said: there may be a ticket among them
        if not _LINE.fullmatch(text):
            why = f"the kernel argument {shown(text)!r} cannot stand in cmdline.txt"
            return Refusal(Ground.BROKEN, why)
    return Rendered(name, " ".join(filter(None, args)).encode(), "record")
