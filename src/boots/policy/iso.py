"""The ISO endpoint: which image a machine gets, and the kernel arguments written into it."""

import re
from dataclasses import dataclass

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import STORE, Known
from boots.model.site import Site
from boots.policy import leaks
from boots.policy.boot import refused
from boots.policy.got import Ground, Refusal
from boots.policy.placeholder import PLACEHOLDER

ROOM = "iso"
_CONSOLES = "console=ttyAMA0 console=ttyS0 console=tty0 console=tty1 console=ttyS1"
# What would end the line or the command in grub.cfg and isolinux.cfg, or mean something there.
_UNFIT = re.compile(r"[^\x20-\x7e]|[;|&<>{}$`\"'\\]")


@dataclass(frozen=True, slots=True)
class Image:
    """An ISO, and what is overwritten in it.

    `source` is a URL, or with `local` a path on this server.  `text` is as long as
    `placeholder`, which it takes the place of.  Where it is not `trusted`, it was named from afar:
    it must not be this machine or its link, where there may be what only we may ask.
    """

    source: str
    local: bool
    placeholder: bytes
    text: bytes
    trusted: bool = True


def is_wanted(path: str) -> bool:
    """Whether a path asks for an ISO."""
    return _parts(path)[:1] == [ROOM]


def read(path: str) -> Mac | Refusal:
    """The machine that ``/iso/ANYTHING/MAC/NAME.iso`` is for.

    BMCs choke on colons in a URL: any form of a MAC will do.
    """
    parts = _parts(path)
    if len(parts) < 2 or not parts[-1].endswith(".iso"):
        return Refusal(Ground.MISSING, "only names that end in .iso are here")
    mac = macs.parse(parts[-2])
    if mac is None:
        return Refusal(Ground.GARBLED, f'"{parts[-2]}" is no MAC; ask for /iso/MAC/NAME.iso')
    return mac


def image(known: Known | None, site: Site) -> Image | Refusal:
    """What this machine gets that asks for its ISO."""
    if not site.iso.enabled:
        return Refusal(Ground.MISSING, "no ISOs are served here (iso.enabled)")
    if known is None:
        return Refusal(Ground.STRANGER, "no machine of ours asks")
    why = refused(known)
    if why:
        return Refusal(Ground.FORBIDDEN, why)
    named = known.interface.netboot.iso_url or site.iso.url
    if not named:
        return Refusal(Ground.MISSING, "neither its record nor iso.url names an ISO")
    local = site.files.get(named)
    if local is None and not named.startswith(("http://", "https://")):
        why = f'the ISO "{named}" is neither a URL of HTTP nor among the boot files'
        return Refusal(Ground.BROKEN, why)
    placeholder = site.iso.placeholder or PLACEHOLDER
    leak = _leak(known, site)
    if leak:
        return Refusal(Ground.BROKEN, f"{leak}: {leaks.ADVICE}")
    text = arguments(known, site)
    unfit = _UNFIT.search(text)
    if unfit:
        why = f"{unfit[0]!r} in the kernel arguments cannot stand in a boot loader's file"
        return Refusal(Ground.BROKEN, why)
    if len(text) > len(placeholder):
        why = f"{len(text)} bytes of kernel arguments do not fit the {len(placeholder)} of the ISO"
        return Refusal(Ground.BROKEN, why)
    filled = text.encode().ljust(len(placeholder))
    trusted = known.machine.place.file != STORE or named == site.iso.url
    return Image(local or named, local is not None, placeholder, filled, trusted)


def _leak(known: Known, site: Site) -> str:
    """Why arguments look like they hold a secret, as in scripts; empty if they do not."""
    said = " ".join((*site.kernel_args, *known.interface.netboot.kernel_args))
    return leaks.secret_in(said, site.secrets_allowed)


def arguments(known: Known, site: Site) -> str:
    """The kernel arguments, as Smee 2025 or Tinkerbell 2026 writes them to the byte."""
    hook = site.hook
    extra = " ".join((*site.kernel_args, *known.interface.netboot.kernel_args))
    console = _console(known.machine.facility)
    vlan = f"vlan_id={known.interface.vlan}" if known.interface.vlan else ""
    told = (
        f"hw_addr={known.mac}",
        f"syslog_host={hook.syslog or site.syslog or ''}",
        f"grpc_authority={hook.grpc_authority}",
        f"tinkerbell_tls={'true' if hook.tls else 'false'}",
        f"worker_id={known.mac}",
    )
    own = (ipam(known),) if site.iso.static_ipam else ()
    if hook.release == 2025:  # what is empty leaves its blank behind
        return " ".join((extra, console, vlan, *told, *own))
    return " ".join(part for part in (console, vlan, *told, extra, *own) if part)


def _console(facility: str) -> str:
    if "console=" in facility:
        return f"facility={facility}"
    return f"facility={facility} {_CONSOLES}" if facility else _CONSOLES


def ipam(known: Known) -> str:
    """The machine's address for HookOS's static-network.sh, which then asks no DHCP server."""
    own = known.interface.reservation
    fields = [macs.dashed(known.mac), known.interface.vlan]
    if own is None:
        fields += [""] * 7
    else:
        fields += [
            str(own.address),
            str(own.netmask),
            str(own.gateway or ""),
            own.host_name,
            ",".join(map(str, own.name_servers)),
            ",".join(own.search),
            ",".join(map(str, own.ntp_servers)),
        ]
    return f"ipam={':'.join(fields)}"


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part]
