"""Which machines there are, and what their firmware and iPXE say and how long they wait: data.

The options are those of captures (`tests/vectors/dhcp`).  The timers are those of the sources:
PXE 2.1 §2.4 for the ROM, edk2's `mPxeDhcpTimeout` and `PXEBC_MTFTP_*`, iPXE's `config/dhcp.h`
and `retry.c`, and the defaults of the Raspberry Pi 4's EEPROM.
"""

import enum
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from boots.wire import options, pxe
from boots.wire.dhcp import Message


class Kind(enum.StrEnum):
    """What a machine's firmware is."""

    BIOS = "bios"
    UEFI = "uefi"
    UEFI_HTTP = "uefi-http"
    RPI4 = "rpi4"


class Stage(enum.StrEnum):
    """How far a boot is: what the machine has."""

    OFFER = "offer"
    ADDRESS = "address"
    BOOT_FILE = "boot-file"
    SCRIPT = "script"
    FILES = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tftp:
    """How a program reads by TFTP.

    `again` are the seconds after which it repeats itself, one by one; after the last it gives up.
    With `probe` it first asks for the size alone, and ends that with an error, as edk2 does.
    """

    blksize: int
    window: int = 1
    size: bool = True
    probe: bool = False
    again: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A client of DHCP.

    `discover` and `request` are the seconds after which it repeats itself, one by one; after the
    last it gives up.  An offer that comes sooner than `listens` seconds after the first DISCOVER
    waits for the timer, unless it says that nobody else will answer (175.176).
    `passes_over` gives the reason not to take an offer, and nothing for one to take.
    `omitted` are options that its REQUEST leaves out, `largest` is what that says in option 57.
    """

    options: Mapping[int, bytes]
    client_id: bool = False
    broadcast: bool = False
    discover: tuple[float, ...]
    request: tuple[float, ...]
    listens: float = 0.0
    passes_over: Callable[[Message], str] = lambda _: ""
    omitted: frozenset[int] = frozenset()
    largest: int = 0
    tftp: Tftp


# --- what they ask for


def _said(
    architecture: int, interface: tuple[int, int, int], asked: bytes, vendor: str = "PXEClient"
) -> dict[int, bytes]:
    undi = f"{interface[1]:03}{interface[2]:03}"
    return {
        options.MAX_SIZE.code: options.MAX_SIZE.write(1472),
        options.PARAMETER_LIST.code: asked,
        pxe.INTERFACE.code: bytes(interface),
        pxe.ARCHITECTURES.code: architecture.to_bytes(2),
        options.VENDOR_CLASS.code: f"{vendor}:Arch:{architecture:05}:UNDI:{undi}".encode(),
    }


_ROM_ASKS = bytes.fromhex("0103060c0f111a2b3c424380818283848586 87")
_EDK2_ASKS = bytes.fromhex(
    "010203040506 0c0d0f111216171c28292a2b3233363a3b3c424361 8081828384858687"
)
_EDK2_HTTP_ASKS = bytes.fromhex("010203040506 0c0d0f111216171c28292a2b3233363a3b3c eb 4361")
_IPXE_ASKS = bytes.fromhex("010306070c0f111a2b3c424377 8081828384858687 afcb")
_PI_ASKS = bytes.fromhex("01032b3c4243 8081828384858687")

_IPXE_FEATURES = {
    pxe.BUS_ID: bytes.fromhex("011af41000"),
    pxe.VERSION: bytes.fromhex("010000"),
    16: b"\2",
    **dict.fromkeys((23, 19, 17, 39, 25, 41, 33, 21, 18), b"\1"),
}


def _ipxe(architecture: int, interface: tuple[int, int, int], more: tuple[int, ...]) -> Program:
    """An iPXE as we load it: it waits for a proxyDHCP server unless told not to."""
    features = {**_IPXE_FEATURES, **dict.fromkeys(more, b"\1")}
    return Program(
        options={
            **_said(architecture, interface, _IPXE_ASKS),
            pxe.USER_CLASS.code: b"iPXE",
            pxe.IPXE.code: pxe.write_suboptions(features),
        },
        client_id=True,
        broadcast=architecture != 0,
        discover=(1, 2, 4, 8),
        request=_IPXE_AGAIN,
        listens=2,
        tftp=Tftp(blksize=1432, again=_IPXE_AGAIN),
    )


# --- which offers they take


def _wants_url(offer: Message) -> str:
    """edk2's HTTP boot passes over all others in silence."""
    if not offer.options.get(options.VENDOR_CLASS.code, b"").startswith(b"HTTPClient"):
        return "it does not say HTTPClient (option 60)"
    if not boot_file(offer).startswith(("http://", "https://")):
        return "its boot file (option 67) is no URL"
    return ""


def _wants_its_name(offer: Message) -> str:
    """A Pi's loader looks for its name among the options (raspberrypi/documentation#1686)."""
    if b"Raspberry Pi Boot" in offer.options.get(pxe.VENDOR.code, b""):
        return ""
    return 'it does not say "Raspberry Pi Boot" (option 43)'


def boot_file(message: Message) -> str:
    """The boot file that a message names: in option 67, or else in the header."""
    raw = options.read_bytes(message.options.get(options.BOOT_FILE_NAME.code, b""))
    return (raw.rstrip(b"\0") or message.file).decode(errors="replace")


# --- who they are

_PXE_WAITS = (4.0, 8.0, 16.0, 32.0)
# edk2 counts ticks of a second, the first of which is on its way already.
_EDK2_WAITS = (3.8, 8.0, 16.0, 32.0)
_IPXE_AGAIN = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_EDK2_TFTP = Tftp(blksize=1468, window=4, size=False, probe=True, again=(4.0,) * 6)

BANNER = 2.0
"""Seconds in which iPXE waits for somebody to press Ctrl-B."""
BOOTS_AGAIN = 3.0
"""Seconds from a boot that failed to the next DISCOVER: firmware says so, and sets up its card."""

ROM = Program(
    options=_said(0, (1, 2, 1), _ROM_ASKS),
    discover=_PXE_WAITS,
    request=(1, 2, 3, 4),
    tftp=Tftp(blksize=1432, again=_IPXE_AGAIN),
)
EDK2_PXE = Program(
    options=_said(7, (1, 3, 0), _EDK2_ASKS),
    broadcast=True,
    discover=_EDK2_WAITS,
    request=_PXE_WAITS,
    listens=math.inf,
    largest=65280,
    tftp=_EDK2_TFTP,
)
EDK2_HTTP = Program(
    options=_said(16, (1, 3, 0), _EDK2_HTTP_ASKS, "HTTPClient"),
    broadcast=True,
    discover=_EDK2_WAITS,
    request=_PXE_WAITS,
    listens=math.inf,
    passes_over=_wants_url,
    tftp=_EDK2_TFTP,
)
# It repeats each message after DHCP_REQ_TIMEOUT, and gives up after DHCP_TIMEOUT.  How it repeats
# itself in TFTP is not written down; a file may take TFTP_FILE_TIMEOUT, 30 s.
RPI4 = Program(
    options=_said(0, (1, 2, 1), _PI_ASKS),
    discover=(4.0,) * 11,
    request=(4.0,) * 11,
    passes_over=_wants_its_name,
    omitted=frozenset({options.VENDOR_CLASS.code}),
    tftp=Tftp(blksize=1024, again=(0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0)),
)
FIRMWARE: Mapping[Kind, Program] = {
    Kind.BIOS: ROM,
    Kind.UEFI: EDK2_PXE,
    Kind.UEFI_HTTP: EDK2_HTTP,
    Kind.RPI4: RPI4,
}
_EFI_IPXE = _ipxe(7, (1, 3, 10), (36,))
IPXE: Mapping[Kind, Program] = {
    Kind.BIOS: _ipxe(0, (1, 2, 1), (24, 34)),
    Kind.UEFI: _EFI_IPXE,
    Kind.UEFI_HTTP: _EFI_IPXE,
}


def stages(kind: Kind) -> tuple[Stage, ...]:
    """The stages of a boot; a Raspberry Pi reads no script."""
    return tuple(stage for stage in Stage if kind is not Kind.RPI4 or stage is not Stage.SCRIPT)
