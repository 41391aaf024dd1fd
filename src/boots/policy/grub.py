"""``grub.cfg``: what GRUB reads of what a machine runs, where shim loaded it (Secure Boot).

Debian's signed GRUB asks its server for ``grub/grub.cfg`` whatever folder it came from; a GRUB
built otherwise may ask for ``grub.cfg-01-52-54-00-12-34-56`` or its address in hex beside it
before.  Paths without a device are read over the protocol that GRUB itself was loaded by.

GRUB's script is split like a shell's: within single quotes nothing has a meaning but the next
one.  So every value stands in them, and one with a quote is refused.  GRUB hands words on to the
kernel with a backslash before quotes and backslashes, which would change them: refused, too.
"""

import re
from ipaddress import IPv4Address
from urllib.parse import quote, urlsplit

from boots.model.mac import dashed
from boots.model.machine import Known
from boots.model.site import Profile, Site
from boots.policy.got import Refusal, Rendered
from boots.policy.ipxe_words import Unwritable, shown
from boots.policy.path import URL_SAFE
from boots.policy.script import arguments, profile_of

# Debian's signed GRUB, and what grub-mknetdir makes.
_FOLDERS = frozenset({"grub", "boot/grub"})
_ASKED = re.compile(
    r"grub\.cfg(?:-(?:01-)?(?P<whose>[0-9a-fA-F]{8}|[0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2}){5}))?"
)
_PLAIN = re.compile(r"[\x20-\x7e]+")
_SPOILT = frozenset("'\"\\")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?")
_GIVE_UP = "sleep 10\nexit\n"
# Where UEFI looks on a disk that it knows nothing of (UEFI specification, 3.5.1.1), by CPU.
_FALLBACKS = {"aarch64": "BOOTAA64.EFI"}


def source(name: str, known: Known, site: Site) -> Rendered | Refusal | None:
    """The text of ``grub/grub.cfg``, made from the machine's profile.

    A file that a person published under the very name wins over what is made.  Where none can be
    made, the text shows why and gives up.
    """
    folder, _, asked = name.rpartition("/")
    match = _ASKED.fullmatch(asked)
    if not match or name in site.files or (folder not in _FOLDERS and not match["whose"]):
        return None
    if match["whose"] and match["whose"].lower() not in _own_names(known):
        return None
    try:
        text, profile = render(known, site)
    except Unwritable as error:
        return Rendered(name, apology(str(error)).encode(), "apology")
    return Rendered(name, text.encode(), profile)


def render(known: Known, site: Site) -> tuple[str, str]:
    """The script for a machine, and the name of the profile it comes from.

    Raises:
        Unwritable: a value cannot stand in it, or the machine runs what GRUB cannot load.
    """
    if known.interface.netboot.script or known.interface.netboot.script_url:
        raise Unwritable("the record has an iPXE script, which GRUB cannot read")
    profile = profile_of(known, site)
    title = quoted(f"Boots: profile {profile.name} for {known.mac}", "the profile name")
    if profile.disk:
        return f"echo {title}\n{_disk(known)}", profile.name
    if not profile.kernel:
        raise Unwritable(f'profile "{profile.name}" is an iPXE script, not a kernel')
    return f"echo {title}\n{_load(profile, known, site)}", profile.name


def apology(why: str) -> str:
    """A script that shows why there is none, and goes on to the next boot device."""
    shown = "".join(each if _PLAIN.fullmatch(each) and each not in _SPOILT else "?" for each in why)
    return f"echo 'Boots: {shown}'\n{_GIVE_UP}"


def quoted(text: str, what: str) -> str:
    """`text` as one word of a GRUB script, and of what GRUB makes of it for a kernel.

    Raises:
        Unwritable: it is empty, has control characters, quotes or backslashes, or is not ASCII.
    """
    if not _PLAIN.fullmatch(text) or not _SPOILT.isdisjoint(text):
        raise Unwritable(f"{what} {shown(text)!r} cannot stand in grub.cfg")
    return f"'{text}'"


def _load(profile: Profile, known: Known, site: Site) -> str:
    kernel = quoted(_path(profile.kernel, known, site), "the kernel")
    args = [
        quoted(part, "the kernel argument")
        for text in arguments(profile, known, site)
        for part in text.split(" ")
        if part
    ]
    initrds = [quoted(_path(name, known, site), "the initrd") for name in profile.initrds]
    # A command that fails does not end the script.
    steps = [" ".join(["linux", kernel, *args])]
    if initrds:
        steps.append(" ".join(["initrd", *initrds]))
    tests = "".join(f"if {step}; then\n" for step in steps)
    ends = "fi\n" * len(steps)
    return f"{tests}boot\n{ends}echo 'Boots: the kernel could not be loaded'\n{_GIVE_UP}"


def _disk(known: Known) -> str:
    """From the loader on the machine's own disk; shim sees to it that it is signed.

    GRUB tells what it starts that it came from the root, whatever disk the file is on.  With plain
    "exit" some firmware ends in its own menu.
    """
    loader = f"/EFI/BOOT/{_FALLBACKS.get(known.machine.cpu, 'BOOTX64.EFI')}"
    return (
        f"if search --no-floppy --file --set=root {loader}; then\n"
        f"if chainloader {loader}; then\nboot\nfi\nfi\nexit\n"
    )


def _path(name: str, known: Known, site: Site) -> str:
    """A published file as a path below the root of GRUB's server; a URL as GRUB writes it.

    The path names the machine, so that it need not be known by its address.
    """
    name = name.replace("{cpu}", known.machine.cpu)
    if "://" in name:
        return _elsewhere(name)
    if name not in site.files:
        raise Unwritable(f'there is no file "{name}"')
    if quote(name, safe=URL_SAFE) != name:
        raise Unwritable(f"the file name {name!r} cannot stand in grub.cfg")
    return f"/{dashed(known.mac)}/{name}"


def _elsewhere(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Unwritable(f"the URL {shown(url)!r} cannot stand in grub.cfg") from None
    if parts.scheme not in {"http", "tftp"} or not _HOST.fullmatch(parts.netloc):
        raise Unwritable(f"GRUB cannot load {shown(url)!r}; it knows http and tftp")
    query = f"?{parts.query}" if parts.query else ""
    return f"({parts.scheme},{parts.netloc}){parts.path}{query}"


def _own_names(known: Known) -> set[str]:
    """What may follow ``grub.cfg-`` for this machine: its MAC, and its address in hex."""
    own = known.interface.reservation
    address = own.address if own is not None else IPv4Address(0)
    return {dashed(known.mac), f"{int(address):08x}"}
