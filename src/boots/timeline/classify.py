"""Which stage of a boot an event belongs to: by program, by file, and by what a script names."""

import re
from dataclasses import dataclass
from functools import lru_cache

from boots.timeline.words import Stage

AUTOEXEC = "autoexec.ipxe"
"""What iPXE of 2025 asks for unbidden; all that it says is where the script is."""

NOT_ALLOWED = "netboot-not-allowed"
"""The name that firmware is given to be refused at once, where a machine may not boot."""

FETCHED = frozenset({Stage.BOOT_FILE, Stage.KERNEL, Stage.INITRD})
"""The stages in which a file is fetched."""

# The kinds of boot program by their names: what firmware starts, and what no script names.
_BOOT_FILE = re.compile(
    r".*\.(?:k?k?pxe|efi|0|lkrn|usb)|bootcode\.bin|start\w*\.elf", re.IGNORECASE
)
_INITRD = re.compile(r".*initr.*", re.IGNORECASE)
_KERNEL = re.compile(r"(?:vmlinu|bzimage|zimage|linux$|kernel|image(?:\.gz)?$).*", re.IGNORECASE)
# What shim, GRUB, PXELINUX, iPXE and a Raspberry Pi ask for and do well without.
_SPARED = re.compile(
    r"(.*/)?(revocations\w*\.efi|shim_certificate_\d+\.efi|[\w-]+\.(lst|mod)|autoexec\.ipxe"
    r"|grub\.cfg-.*|ldlinux\.\w+|recover\w+\.(elf|img|bin)|dt-blob\.bin|(boot)?(cfg|config)\.txt"
    r"|pieeprom\.\w+|vl805\.\w+|boot\.(sig|img)|fixup\w*\.dat|overlay_map\.dtb|autoboot\.txt"
    r"|boot\.scr\.uimg|favicon\.ico|robots\.txt)"
    r"|(.*/)?pxelinux\.cfg/.*"
)
_PANIC = re.compile(r"(?:^|\s)panic=(\d{1,6})(?=\s|$)", re.MULTILINE)
_LOADS = {"kernel", "chain", "boot", "imgexec", "autoboot"}
_MOST_FILES = 32
_LONGEST_SCRIPT = 65_536  # characters that are read; the script itself goes out whole


@dataclass(frozen=True, slots=True)
class Told:
    """What a machine was told to run, as far as it can be read from its script.

    `panic` is after how many seconds its kernel starts the machine anew when it panics, 0 for
    never.  With `agent` it is OSIE, whose agent reports.  With `disk` it is sent to its own disk.
    With `asks` the script itself asks DHCP again.  `console` has the arguments that say where the
    kernel writes.  `url` is the server that it fetches its kernel from.
    """

    profile: str = ""
    kernels: tuple[str, ...] = ()
    initrds: tuple[str, ...] = ()
    panic: int = 0
    agent: bool = False
    disk: bool = False
    asks: bool = False
    console: str = ""
    url: str = ""
    menu: bool = False


NOTHING = Told()


def of_program(program: str) -> Stage:
    """The stage of a DHCP exchange; what is no boot program is a system that runs."""
    lower = program.lower()
    if "ipxe" in lower:
        return Stage.IPXE_DHCP
    if "pxe" in lower or "http" in lower:
        return Stage.FIRMWARE_DHCP
    return Stage.SYSTEM


def of_file(name: str, told: Told, *, has_script: bool) -> Stage | None:
    """The stage of a file that is fetched; None for one that is none of a boot's great parts.

    `has_script` says whether the machine was told what to run: what it fetches then is no boot
    file any more.
    """
    last = last_part(name)
    if last in told.kernels:
        return Stage.KERNEL
    if last in told.initrds:
        return Stage.INITRD
    if says_what_to_run(name):
        return None
    if _INITRD.fullmatch(last):
        return Stage.INITRD
    if _KERNEL.fullmatch(last):
        return Stage.KERNEL
    return None if has_script else Stage.BOOT_FILE


def is_boot_program(name: str) -> bool:
    """Whether a file is one that firmware starts, as its name says."""
    return bool(_BOOT_FILE.fullmatch(last_part(name)))


def says_what_to_run(name: str) -> bool:
    """Whether a name is of what tells a machine what to run: a script, a menu, a Pi's texts."""
    last = last_part(name)
    return (
        last.endswith(".ipxe")
        or last.startswith("grub.cfg")
        or "pxelinux.cfg/" in name
        or last == "cmdline.txt"
    )


def is_spared(name: str) -> bool:
    """Whether boots go well without this file, so that its absence says nothing."""
    return bool(_SPARED.fullmatch(name))


def last_part(address: str) -> str:
    """The last part of a path or URL."""
    return address.strip("\"'").partition("?")[0].rpartition("/")[2]


@lru_cache(maxsize=64)
def read(script: str, profile: str = "") -> Told:
    """What an iPXE script tells a machine to run."""
    script = script[:_LONGEST_SCRIPT]
    words = [line.split() for line in script.splitlines()]
    commands = {line[0] for line in words if line}
    kernels = [line for line in words if line[:1] == ["kernel"]]
    args = " ".join(word for line in kernels for word in line[1:])
    panic = _PANIC.search(args)
    addresses = [address for line in kernels if (address := _address(line))]
    return _shared(
        profile=profile,
        kernels=tuple(sorted({last_part(address)[:80] for address in addresses})[:_MOST_FILES]),
        initrds=_named(words, "initrd", "module"),
        panic=int(panic[1]) if panic else 0,
        agent="boots.url=" in args,
        disk=not commands & _LOADS and any(map(_starts_disk, words)),
        asks=bool(commands & {"dhcp", "autoboot", "ifconf"}),
        console=" ".join(word for word in args.split() if word.startswith("console="))[:200],
        url=_server(addresses[0]) if addresses else "",
    )


_shared = lru_cache(maxsize=1024)(Told)  # most machines are told the same


def _server(address: str) -> str:
    """The server of an address, without the path, which names the machine; empty for a bare one.

    Nor is the user told, and the password; or a query, which may give one.
    """
    scheme, there, rest = address.partition("://")
    server = re.split("[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return f"{scheme}://{server}"[:80] if there else ""


def _starts_disk(line: list[str]) -> bool:
    """Whether a command hands over to the machine's own disk, or to what its firmware has next."""
    return line[:1] == ["exit"] or (line[:1] == ["sanboot"] and not any("://" in w for w in line))


def _named(words: list[list[str]], *commands: str) -> tuple[str, ...]:
    found = (_address(line) for line in words if line[:1] and line[0] in commands)
    return tuple(sorted({last_part(address)[:80] for address in found if address})[:_MOST_FILES])


def _address(line: list[str]) -> str:
    """The address that a command of a script fetches from; options may stand before it."""
    with_path = [word for word in line[1:] if "/" in word and "=" not in word.partition("/")[0]]
    return next(iter(with_path or line[1:2]), "")
