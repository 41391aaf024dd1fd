"""``pxelinux.cfg``: what PXELINUX, and U-Boot in its manner, read of what a machine runs.

Both ask for ``pxelinux.cfg/01-52-54-00-12-34-56``; PXELINUX before that for the machine's UUID;
then for its address in hex, shorter and shorter, and for ``default``.  A machine that has a record
gets its own text whichever it asks for, so the first question is the last.

Every line is a word and the rest of the line; there is no quoting.  U-Boot puts its variables in
place of ``${…}`` and ``$(…)``, and takes what stands before a colon in a path for a server.

U-Boot reads it only when told to.  Of itself it asks for ``boot.scr.uimg`` first, and then starts
an EFI program, in which iPXE stands still (Debian's 2025 in U-Boot 2023.01); so that script tells
it.
"""

import re
import struct
import zlib
from urllib.parse import quote

from boots.model.mac import dashed
from boots.model.machine import Known
from boots.model.site import Profile, Site
from boots.policy.got import Ground, Refusal, Rendered
from boots.policy.ipxe_words import Unwritable, shown
from boots.policy.script import arguments, profile_of

_FOLDER = "pxelinux.cfg"
_ASKED = re.compile(
    r"01-[0-9a-f]{2}(?:-[0-9a-f]{2}){5}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9a-f]{1,8}"
    r"|default(?:-[a-z0-9_-]+)?",  # U-Boot adds its CPU, its chip and its board
    re.IGNORECASE,
)
_U_BOOT_SCRIPT = "boot.scr.uimg"
_READ_OURS = b"pxe get && pxe boot\n"
_LINE = re.compile(r"[\x20-\x7e]*")
_PATH_SAFE = "/@+=~"


def source(name: str, known: Known, site: Site) -> Rendered | Refusal | None:
    """The text of ``pxelinux.cfg/…``: the record's own, or made from its profile.

    A file that a person published under the very name wins over what is made.
    """
    if name == _U_BOOT_SCRIPT:
        return _u_boot_script(name, known, site)
    folder, _, asked = name.rpartition("/")
    if folder.rpartition("/")[2] != _FOLDER or not _ASKED.fullmatch(asked):
        return None
    own = known.interface.netboot.pxelinux
    if own:
        return Rendered(name, own.encode(), "record", private=True)
    if name in site.files:
        return None
    try:
        profile = _profile(known, site)
        text = _menu(profile, known, site)
    except Unwritable as error:
        return Refusal(Ground.BROKEN, str(error))
    return Rendered(name, text.encode(), profile.name)


def _u_boot_script(name: str, known: Known, site: Site) -> Rendered | None:
    """None where there is nothing for U-Boot to read: it then goes on to an EFI program."""
    if name in site.files or isinstance(source(f"{_FOLDER}/default", known, site), Refusal):
        return None
    return Rendered(name, _image(_READ_OURS), "u-boot", "application/octet-stream")


def _image(script: bytes) -> bytes:
    """A script as U-Boot's ``source`` takes it, in its older format (include/image.h)."""
    data = struct.pack(">II", len(script), 0) + script
    linux, any_cpu, script_type, plain = 5, 0, 6, 0
    kind = bytes([linux, any_cpu, script_type, plain])

    def head(crc: int) -> bytes:
        no_time, no_address = 0, 0
        return struct.pack(
            ">7I4s32s",
            *(0x27051956, crc, no_time, len(data), no_address, no_address, zlib.crc32(data)),
            *(kind, b"boots"),
        )

    return head(zlib.crc32(head(0))) + data


def _profile(known: Known, site: Site) -> Profile:
    if known.interface.netboot.script or known.interface.netboot.script_url:
        raise Unwritable("the record has an iPXE script, which PXELINUX and U-Boot cannot read")
    profile = profile_of(known, site)
    if not profile.disk and not profile.kernel:
        raise Unwritable(f'profile "{profile.name}" is an iPXE script, not a kernel')
    return profile


def _menu(profile: Profile, known: Known, site: Site) -> str:
    """One entry that is booted without a question; U-Boot takes its own device tree."""
    label = _word(profile.name, "the profile name")
    lines = [f"DEFAULT {label}", "PROMPT 0", f"LABEL {label}"]
    if not profile.kernel:
        return "\n".join([*lines, "LOCALBOOT 0", ""])
    lines.append(f"KERNEL {_path(profile.kernel, known, site)}")
    if profile.initrds:
        initrds = [_path(name, known, site) for name in profile.initrds]
        lines.append(f"INITRD {','.join(initrds)}")
    args = " ".join(filter(None, arguments(profile, known, site)))
    if args:
        lines.append(f"APPEND {_rest_of_line(args, 'the kernel arguments')}")
    return "\n".join([*lines, ""])


def _path(name: str, known: Known, site: Site) -> str:
    """Where a published file is, as a path below our root.

    Of URLs PXELINUX reads some and U-Boot none.
    """
    name = name.replace("{cpu}", known.machine.cpu)
    if "://" in name:
        raise Unwritable(
            f"{shown(name)!r} is a URL, which U-Boot cannot load; publish the file here"
        )
    if name not in site.files:
        raise Unwritable(f'there is no file "{name}"')
    if quote(name, safe=_PATH_SAFE) != name:
        raise Unwritable(f"the file name {name!r} cannot stand in pxelinux.cfg")
    return f"/{dashed(known.mac)}/{name}"


def _word(text: str, what: str) -> str:
    if " " in text or not text:
        raise Unwritable(f"{what} {text!r} cannot stand in pxelinux.cfg")
    return _rest_of_line(text, what)


def _rest_of_line(text: str, what: str) -> str:
    if not _LINE.fullmatch(text) or "${" in text or "$(" in text or text == "-":
        raise Unwritable(f"{what} {shown(text)!r} cannot stand in pxelinux.cfg")
    return text
