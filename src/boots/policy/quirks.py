"""Quirks: which clients are answered otherwise than the standards say, and how, as a table.

`SHIPPED` are the rows that come with Boots; `docs/reference/quirks.md` is made from them.  An
operator's own come after them, and the later wins.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import msgspec

from boots.model.mac import Mac
from boots.model.machine import Architecture
from boots.model.quirk import PLAIN, Behaviour, Match, Quirk
from boots.wire import pxe


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message says of its client, as far as a quirk may ask.

    `program` is a name of `boots.policy.client.Program`, `code` the number in option 93.
    `options` are the codes of all options that came.
    """

    mac: Mac
    program: str
    architecture: Architecture
    code: int | None
    vendor_class: str
    user_class: str
    options: frozenset[int]


def matches(match: Match, facts: Facts) -> bool:
    """Whether all that is not empty in a match applies."""
    return (
        (not match.codes or facts.code in match.codes)
        and (not match.architectures or facts.architecture in match.architectures)
        and facts.vendor_class.startswith(match.vendor_class)
        and facts.user_class.startswith(match.user_class)
        and (not match.ouis or facts.mac.startswith(match.ouis))
        and (not match.programs or facts.program in match.programs)
        and (not match.has or bool(facts.options & set(match.has)))
    )


def behaviour(facts: Facts, quirks: Iterable[Quirk]) -> Behaviour:
    """What all matching quirks come to."""
    found = (quirk.behaviour for quirk in quirks if matches(quirk.match, facts))
    return reduce(merged, found, PLAIN)


def merged(first: Behaviour, second: Behaviour) -> Behaviour:
    """Both at once; where they differ, the second.  Options are joined code by code."""
    if first == PLAIN:
        return second
    changes = {
        field: value
        for field in Behaviour.__struct_fields__
        if (value := getattr(second, field)) not in (None, "", 0, (), {}) or value is False
    }
    for field in ("vendor_options", "options"):
        changes[field] = {**getattr(first, field), **getattr(second, field)}
    if second.vendor_class == "":
        changes["vendor_class"] = ""
    changes["omit"] = tuple(dict.fromkeys((*first.omit, *second.omit)))
    return msgspec.structs.replace(first, **changes)


RASPBERRY_PI = (
    *("b8:27:eb", "dc:a6:32", "e4:5f:01", "28:cd:c1", "d8:3a:dd"),
    *("2c:cf:67", "88:a2:9e"),
)
# The menu has one entry, of type 0; its name is what the Pi's loader looks for.
_PI_MENU = b"\0\0\x11Raspberry Pi Boot"
_PI_PROMPT = b"\0PXE"

SHIPPED: tuple[Quirk, ...] = (
    Quirk(
        name="raspberry-pi",
        match=Match(ouis=RASPBERRY_PI),
        behaviour=Behaviour(architecture=Architecture.ARM64_UEFI),
        needed_by="Raspberry Pi 3, 4 and 5 call themselves BIOS PCs (code 0):"
        " raspberrypi/rpi-eeprom#182, raspberrypi/firmware#1928, tinkerbell/smee 935986d",
    ),
    Quirk(
        name="raspberry-pi-loader",
        match=Match(
            ouis=RASPBERRY_PI,
            programs=("PXE_ROM", "OS"),
            has=(pxe.ARCHITECTURES.code, pxe.UUID.code),
        ),
        behaviour=Behaviour(
            program="PXE_ROM",
            discovery_control=True,
            vendor_options={pxe.BOOT_MENU: _PI_MENU, pxe.MENU_PROMPT: _PI_PROMPT},
            server_name=True,
        ),
        needed_by="Raspberry Pi 3, 4 and 5 pass over an offer without their name in the boot menu"
        " (raspberrypi/documentation#1686); Pi 4 leaves option 60 out of its REQUEST"
        " (raspberrypi/rpi-eeprom#82)",
    ),
    Quirk(
        name="u-boot",
        match=Match(codes=(21, 22, 23, 24)),
        behaviour=Behaviour(program="OS"),
        needed_by="U-Boot asks for `pxelinux.cfg/…` at the TFTP server by itself, and would load"
        " a boot file in vain: tinkerbell/tinkerbell#443, siderolabs/sidero#806",
    ),
    Quirk(
        name="virtualbox-ipxe",
        match=Match(ouis=("08:00:27",), programs=("IPXE",)),
        behaviour=Behaviour(chain_load=True, boot_file="ipxe.pxe"),
        needed_by="VirtualBox's own iPXE cannot start a kernel and has no UNDI to pass on:"
        " danderson/netboot#51 and #52, coreos/tectonic-installer#932",
    ),
)


@dataclass(frozen=True, slots=True)
class Habit:
    """What every client gets for the sake of a few that cannot be told from others."""

    name: str
    what: str
    needed_by: str


HABITS: tuple[Habit, ...] = (
    Habit(
        "no-vendor-class",
        "An offer with an address to a PXE ROM has no option 60.",
        "Ampere eMAG ignores the boot file where it is there: tinkerbell/smee#225, #228",
    ),
    Habit(
        "without-uuid",
        "A client without option 97, or with one that cannot be read, is answered as others.",
        "Old Intel ROMs: danderson/netboot#21",
    ),
    Habit(
        "no-nak",
        "Firmware and iPXE never get a NAK.",
        "Dell ROMs boot from disk after one: metal3-io/ironic-image#195",
    ),
    Habit(
        "one-offer",
        "The offer of an address has the boot file, next-server and option 43.6 in it.",
        "HP's UEFI never joins two offers to one: garybowers/bootimus#77;"
        " others go on to port 4011 without them",
    ),
    Habit(
        "bare-name",
        "A PXE ROM gets the boot file's name without the MAC before it.",
        "Lenovo HR330A never asks for a name with a folder: tinkerbell/boots#223",
    ),
    Habit(
        "codes-of-x64",
        "Codes 7, 8 and 9 of option 93 are all x64 UEFI.",
        "RFC 4578 has two of them swapped (erratum 4625), and firmware of both opinions exists",
    ),
    Habit(
        "http-client",
        "UEFI HTTP firmware gets option 60 `HTTPClient`, and a URL without doubled slashes.",
        "edk2 passes over offers without it, and follows no redirection: tinkerbell/smee#229",
    ),
    Habit(
        "bare-user-class",
        "Option 77 is read as a bare string, and as RFC 3004's list.",
        "iPXE sends the bare one: ipxe/ipxe#1374",
    ),
    Habit(
        "boot-server-of-its-own",
        "A record with options 66 and 67 gets them as written, and nothing of netboot.",
        "NVIDIA's NVOS switches: tinkerbell/tinkerbell 61d99ee8",
    ),
    Habit(
        "no-padding",
        "No option 0 stands between options.",
        "Raspberry Pi 4's older EEPROMs read no further: raspberrypi/rpi-eeprom#84",
    ),
)
