"""Findings about boot files: missing, of the wrong kind, broken off, or started in vain.

`seen` names threads and clients in which a thing was met with.
"""

import re

from boots.timeline.case import Also, Case, Row, When
from boots.timeline.classify import last_part
from boots.timeline.patience import SOON
from boots.timeline.signs import Kind
from boots.timeline.words import Stage, State

_BOOT = (Stage.BOOT_FILE,)
_FILES = (Stage.BOOT_FILE, Stage.KERNEL, Stage.INITRD)
_SOON = 25.0  # seconds in which firmware is back that could not start what it loaded
_FULL_BLOCK = 8192  # bytes: what leaves before a path shows that it takes no full packets

# What the name of a boot program says of the machines that can start it.
_ARCHITECTURES = (
    (re.compile(r"(?:arm64|aa64|aarch64)\.efi$"), "arm64-uefi"),
    (re.compile(r"(?:arm32|armv7|arm)\.efi$"), "arm32-uefi"),
    (re.compile(r"riscv64\.efi$"), "riscv64-uefi"),
    (re.compile(r"(?:loong64|loongarch64)\.efi$"), "loong64-uefi"),
    (re.compile(r"(?:i386|ia32)\.efi$"), "ia32-uefi"),
    (re.compile(r"(?:x86_64|amd64|x64)\.efi$|^(?:snponly|ipxe|snp)\.efi$"), "x64-uefi"),
    (re.compile(r"\.k?k?pxe$|pxelinux\.0$"), "bios"),
)


def architecture_of(name: str) -> str:
    """For which machines a boot program is, as far as its name says; empty if it does not."""
    last = last_part(name)
    return next((kind for pattern, kind in _ARCHITECTURES if pattern.search(last)), "")


def _is_of_another_kind(case: Case) -> bool:
    if not _never_started(case):
        return False
    kind = architecture_of(case.file(case.of(Stage.BOOT_FILE)))
    return bool(kind) and case.boot.architecture not in {"", "unknown", kind}


def _never_started(case: Case) -> bool:
    """Whether a boot file arrived and never said a word."""
    step = case.of(Stage.BOOT_FILE)
    return step is not None and bool(step.ended) and not step.problem and _never_ipxe(case)


def _starts_nothing(case: Case) -> bool:
    """The same, and the firmware asks anew (edk2 within milliseconds), or all is silent."""
    asks = case.step.stage is Stage.FIRMWARE_DHCP
    return _never_started(case) and (asks or case.is_back or case.silence > SOON)


def _has_own_drivers(case: Case) -> bool:
    return last_part(case.file(case.step)).startswith(("ipxe.", "ipxe-"))


def _is_shim(case: Case) -> bool:
    return last_part(case.file(case.step)).startswith("shim")


def _is_grub(case: Case) -> bool:
    return last_part(case.file(case.step)).startswith("grub")


def _is_small(case: Case) -> bool:
    return case.step.sent <= _FULL_BLOCK and "by TFTP" in case.step.detail


def _is_small_http(case: Case) -> bool:
    return case.step.sent <= _FULL_BLOCK < case.step.size and "by HTTP" in case.step.detail


def _is_back_soon(case: Case) -> bool:
    return case.is_back and case.silence <= _SOON


def _never_ipxe(case: Case) -> bool:
    return not case.has(Stage.IPXE_DHCP, Stage.SCRIPT)


ANOTHER_KIND = Also("its name is of another architecture than the machine's", _is_of_another_kind)
OWN_DRIVERS = Also("it is an iPXE with drivers of its own", _has_own_drivers)
SHIM = Also("it is shim", _is_shim)
GRUB = Also("it is GRUB", _is_grub)
SMALL = Also("hardly a full packet had arrived", _is_small)
SMALL_HTTP = Also("hardly a full packet of it had arrived by HTTP", _is_small_http)
BACK_SOON = Also(f"the machine began anew within {_SOON:.0f} s", _is_back_soon)
NO_IPXE = Also("it neither asked DHCP again nor for a script", _never_ipxe)

STARTS_NOTHING = Also(
    f"a boot file had arrived, and the firmware asks anew, or nothing came for {SOON:.0f} s",
    _starts_nothing,
)
NEVER_STARTED = Also("a boot file had arrived, and nothing of it was heard", _never_started)

_CANNOT_START = (
    "Either it is a program for another kind of machine than {architecture}: `file` on it tells."
    " Or Secure Boot refuses it as it is not signed: the screen says Security Violation or Access"
    " Denied; boot shim then, or switch Secure Boot off."
)
_WRONG = (
    "Name the right boot file for {architecture} in its record or profile (boot_files), or take"
    " the name out: the server then chooses by architecture."
)

BROKEN: tuple[Row, ...] = (
    Row(
        code="server-stopped",
        state=State.FAILED,
        when=When(at=_FILES, problem="server is stopping|worker ended|another process ended"),
        title="This server stopped while {mac} fetched {file}",
        advice="Start the machine once more.",
        seen="restarts during a boot",
    ),
    Row(
        code="file-unreadable",
        state=State.FAILED,
        when=When(at=_FILES, problem="cannot be sent|Input/output|No space left|Permission denied"),
        title="This server cannot read {file}: {why}",
        advice="Look at the disk and the rights of that file: the server reads it as its own user.",
        seen="cobbler; MAAS LP2156073",
    ),
    Row(
        code="too-many-transfers",
        state=State.FAILED,
        when=When(at=_FILES, problem="too many transfers"),
        title="{file} was refused to {mac}: {why}",
        advice="Too many machines fetch at once, or something asks again and again: see who does.",
        seen="raspberrypi/firmware#1120",
    ),
    Row(
        code="address-unknown",
        state=State.FAILED,
        when=When(at=(*_FILES, Stage.SCRIPT), problem="no machine of ours asks"),
        title="{file} was asked for from an address that no machine here has",
        advice=(
            "Something between translates addresses (NAT), or the machine has its address from"
            " another server: make URLs with its MAC in the path, or let it ask directly."
        ),
        seen="infra-controller#2331",
    ),
    Row(
        code="client-unheard",
        state=State.FAILED,
        when=When(at=_FILES, problem="no word of the client"),
        title="{file} was sent to {mac}, and nothing ever came back: {why}",
        advice=(
            "A firewall lets port 69 through and not the high ports of a transfer: set"
            " tftp.single_port, or open them. Or what we send does not arrive: look at the route"
            " to the machine, and its link."
        ),
        seen="firewalls that do not follow TFTP",
    ),
    Row(
        code="path-mtu",
        state=State.FAILED,
        when=When(at=_FILES, problem="no answer to|no acknowledgement", also=SMALL),
        title="{file} broke off at the first full packets: {why}",
        advice=(
            "Full packets do not get through (a tunnel, a VLAN tag, another MTU): set"
            " tftp.largest_block to 1400 or less; if it then works, that is it."
        ),
        seen="shylent/python-tx-tftp#33, MAAS LP2118408, FOGProject/fogproject#455",
    ),
    Row(
        code="transfer-lost",
        state=State.FAILED,
        when=When(at=_FILES, problem="no answer to|no acknowledgement"),
        title="{mac} fell silent at byte {sent} of {file}",
        advice=(
            "The machine lost its power or its link, or the network loses packets: look at the"
            " error counters of its switch port."
        ),
        seen="MAAS LP2129772",
    ),
    Row(
        code="client-ended-it",
        state=State.FAILED,
        when=When(at=_FILES, problem="the client ended it", longer=5),
        title="{mac} ended the transfer of {file} at byte {sent}: {why}",
        advice=(
            "The program that loads it had no room, or could not take it. A boot file may be too"
            " large for a ROM; look at the screen."
        ),
        seen="garybowers/bootimus#73, #82",
    ),
    Row(
        code="transfer-broke",
        state=State.FAILED,
        when=When(
            at=_FILES,
            problem="closed the connection|broke off|stalled|timed out|No route to host",
            longer=5,
        ),
        title="{mac} gave up on {file} at byte {sent} of {size}: {why}",
        advice=(
            "Large files that iPXE gives up on: a newer iPXE, or snponly.efi in place of ipxe.efi;"
            " some fast cards do well at 10 Gbit/s. Out of memory: more, or a smaller initrd."
        ),
        seen="ipxe/ipxe#1545, #1023, #526, ipxedust#102",
    ),
    Row(
        code="boot-file-missing",
        state=State.FAILED,
        when=When(at=_BOOT, problem="there is no file", longer=5),
        title="The boot file {file} is not among the files of this server",
        advice="Put it into a folder of boot.files, or name one that is there: `boots check`.",
        seen="siderolabs/sidero#1295, MAAS LP2129772",
    ),
    Row(
        code="boot-file-refused",
        state=State.FAILED,
        when=When(at=_BOOT, problem=".", longer=5),
        title="{file} was not given to {mac}: {why}",
        advice="`boots explain {mac}` says what it may fetch.",
        seen="tinkerbell/tinkerbell#223",
    ),
    Row(
        code="path-mtu-http",
        state=State.STUCK,
        when=When(at=_FILES, over=False, quiet=True, back=False, also=SMALL_HTTP),
        title="{file} stands still before the first full packets",
        advice=(
            "Full packets do not get through, and nobody says so (a tunnel, a VLAN tag, a firewall"
            " that drops ICMP): `ping -M do -s 1472 {address}` from this server tells. Mend the"
            " path's MTU, or have this server find out: `sysctl net.ipv4.tcp_mtu_probing=1`."
        ),
        seen="Linux's tcp_mtu_probing; tunnels between racks",
    ),
    Row(
        code="transfer-stalled",
        state=State.STUCK,
        when=When(at=_FILES, over=False, quiet=True, back=False),
        title="{file} stands still at byte {sent} of {size}",
        advice=(
            "Large downloads that iPXE stops in the middle of: a newer iPXE, or snponly.efi in"
            " place of ipxe.efi; some cards of 25 Gbit/s do well when the port is slower. Over"
            " TFTP: packets of full size are lost on the way (tftp.largest_block)."
        ),
        seen="ipxe/ipxe#1545, #1023, maxiepax/go-via#4",
    ),
)

STARTED_IN_VAIN: tuple[Row, ...] = (
    Row(
        code="boot-file-doubtful",
        state=State.FAILED,
        when=When(
            at=(*_BOOT, Stage.FIRMWARE_DHCP), sign=Kind.DOUBTFUL, stale=True, also=STARTS_NOTHING
        ),
        title="{server} cannot run on {mac}: {text}",
        advice=_WRONG,
        seen="UEFI that reports 7 or 9; linuxserver/docker-netbootxyz#8",
    ),
    Row(
        code="wrong-architecture",
        state=State.FAILED,
        when=When(at=(*_BOOT, Stage.FIRMWARE_DHCP), quiet=True, also=ANOTHER_KIND),
        title="{boot_file} is no program for {architecture}: {mac} has it and starts nothing",
        advice=_WRONG,
        seen="danderson/netboot#132; linuxserver/docker-netbootxyz#8",
    ),
    Row(
        code="boot-file-passed-over",
        state=State.FAILED,
        when=When(at=(Stage.FIRMWARE_DHCP,), quiet=True, also=NEVER_STARTED),
        title="{mac} has all of {boot_file}, could not start it, and tried its next way to boot",
        advice=_CANNOT_START,
        seen="edk2, which tries HTTP boot after PXE",
    ),
    Row(
        code="shim-alone",
        state=State.STUCK,
        when=When(at=_BOOT, over=True, quiet=True, also=SHIM),
        title="shim arrived at {mac} and did not fetch what it loads",
        advice=(
            "Either the firmware did not start it: with Secure Boot on its screen says Security"
            " Violation or Access Denied, and its revocation list refuses old ones: take a newer"
            " shim. Or shim looked for GRUB at another server: in proxy mode it asks the DHCP"
            " server for it."
        ),
        seen="rhboot/shim#165, #300, #524, ipxe/ipxe#1749",
    ),
    Row(
        code="grub-silent",
        state=State.STUCK,
        when=When(at=_BOOT, over=True, quiet=True, also=GRUB),
        title="GRUB arrived at {mac} and did not ask for its grub.cfg",
        advice=(
            "Either it was built for another place than it came from: it looks for grub.cfg in"
            " its own prefix. Or it asks another server: in proxy mode GRUB asks the DHCP"
            " server. Its screen is a grub> prompt: `set` there shows prefix and root."
        ),
        seen="rhboot/grub2#87, rhboot/shim#165",
    ),
    Row(
        code="boot-file-not-started",
        state=State.FAILED,
        when=When(at=_BOOT, over=True, also=BACK_SOON),
        title="{mac} has all of {file}, could not start it, and began anew {back} s later",
        advice=_CANNOT_START,
        seen="FOGProject/fogproject#960, FOGProject/fog-docs#79, danderson/netboot#132",
    ),
    Row(
        code="ipxe-own-drivers",
        state=State.STUCK,
        when=When(at=_BOOT, over=True, quiet=True, also=OWN_DRIVERS),
        title="{file} arrived at {mac}, and iPXE was not heard of after it",
        advice=(
            "This build drives network cards with drivers of its own and may have none for this"
            ' one (its screen says "no more network devices"): name snponly.efi, or'
            " undionly.kpxe for BIOS, which use the firmware's. Says the screen \"No configuration"
            ' methods succeeded", the switch port blocks after the link was reset: portfast.'
        ),
        seen="siderolabs/sidero#447, ipxe/ipxe#1097, #937",
    ),
    Row(
        code="ipxe-silent",
        state=State.STUCK,
        when=When(at=_BOOT, over=True, quiet=True, also=NO_IPXE),
        title="{file} arrived at {mac}, and nothing was heard of it after that",
        advice=(
            'Look at the screen. "No configuration methods succeeded": the switch port blocks'
            " after the link was reset (portfast), or waits for LACP (fall back to a single"
            " link). No line of iPXE's at all: the program does not run on {architecture}, or"
            " Secure Boot refused it. A picture that stands still: try the other iPXE"
            " (ipxe.efi in place of snponly.efi)."
        ),
        seen=(
            "ipxe/ipxe#1337, TritonDataCenter/sdcboot#2, ipxe/ipxe#937, raspberrypi/rpi-eeprom#480"
        ),
    ),
)

LOOPS: tuple[Row, ...] = (
    Row(
        code="chain-loop",
        state=State.FAILED,
        when=When(
            at=(Stage.BOOT_FILE, Stage.IPXE_DHCP, Stage.FIRMWARE_DHCP),
            sign=Kind.AGAIN,
            says="fetched again",
            stale=True,
            also=Also(
                "the same boot file was fetched three times or more",
                lambda case: any(
                    sign.count >= 2 for sign in case.signs(Kind.AGAIN, "fetched again")
                ),
            ),
        ),
        title="{mac} loads {server} again and again in one boot",
        advice=(
            "iPXE is given iPXE: another DHCP server names the boot file for it as well, or"
            " boot.user_class is one that this iPXE does not send. Let the other server name"
            " none for user class iPXE; `boots explain {mac}` shows what this one says."
        ),
        seen="ipxe/ipxe#913, warewulf/warewulf#1146, FOGProject/fogproject#960",
    ),
)
