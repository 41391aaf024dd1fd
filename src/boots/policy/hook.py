"""Tinkerbell's in-memory OS, HookOS or CaptainOS, as a profile with the arguments it reads.

Names, values and order are those of Smee 2025 and of Tinkerbell 2026; an argument without a value
is written all the same.
"""

from boots.model.machine import Known
from boots.model.site import Profile, Site

NAME = "hook"
INITRD = "{initrd}"
"""Among a profile's arguments: where those go that name the initrds."""
SITE_ARGS = "{kernel_args}"
"""Among a profile's arguments: where the site's go."""

_CONSOLES = ("console=tty0", "console=ttyS1,115200")
# A stranger's console is not known: all that such machines have.
_ALL_CONSOLES = (
    *("console=tty1", "console=tty2", "console=ttyAMA0,115200", "console=ttyAMA1,115200"),
    *("console=ttyS0,115200", "console=ttyS1,115200"),
)


def profile(known: Known, site: Site) -> Profile:
    """The profile for a machine, with what its record says of kernel and initrd."""
    netboot, hook = known.interface.netboot, site.hook
    base = (netboot.osie_url or hook.url).rstrip("/") or "osie"
    return Profile(
        name=NAME,
        kernel=f"{base}/{netboot.kernel or hook.kernel}",
        initrds=(f"{base}/{netboot.initrd or hook.initrd}",),
        args=_strangers_arguments(known, site) if known.stranger else _arguments(known, site),
    )


def _arguments(known: Known, site: Site) -> tuple[str, ...]:
    hook, vlan, new = site.hook, known.interface.vlan, site.hook.release >= 2026
    return (
        *((f"vlan_id={vlan}",) if vlan else ()),
        *(() if new else (SITE_ARGS,)),
        # facility has been used to carry further arguments: it may hold blanks.
        f"facility={known.machine.facility}",
        f"syslog_host={_syslog(site)}",
        f"grpc_authority={hook.grpc_authority}",
        f"tinkerbell_tls={_truth(hook.tls)}",
        f"tinkerbell_insecure_tls={_truth(hook.insecure_tls)}",
        f"worker_id={(known.machine.agent_id if new else '') or known.mac}",
        f"hw_addr={known.mac}",
        "modules=loop,squashfs,sd-mod,usb-storage",
        "intel_iommu=on",
        "iommu=pt",
        INITRD,
        *_CONSOLES,
    )


def _strangers_arguments(known: Known, site: Site) -> tuple[str, ...]:
    """Those of the static script that Smee has for machines without a record."""
    return (
        f"syslog_host={_syslog(site)}",
        f"grpc_authority={site.hook.grpc_authority}",
        f"tinkerbell_tls={_truth(site.hook.tls)}",
        f"worker_id={known.mac}",
        f"hw_addr={known.mac}",
        *_ALL_CONSOLES,
        "intel_iommu=on",
        "iommu=pt",
        SITE_ARGS,
        INITRD,
    )


def _syslog(site: Site) -> str:
    return site.hook.syslog or str(site.syslog or "")


def _truth(value: bool) -> str:
    return "true" if value else "false"
