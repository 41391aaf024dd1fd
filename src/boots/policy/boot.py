"""The boot decision: the only place where it is decided what a machine runs next.

`decide` answers the question of DHCP (what next?), `fetch` the one of TFTP and HTTP (may I have
this?).  They agree: what `decide` refuses a machine, `fetch` refuses it at every door, and every
URL that `decide` hands out is one that `fetch` gives.
"""

from dataclasses import dataclass
from urllib.parse import quote

from boots.model.mac import separated
from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import script
from boots.policy.client import OUR_CLASSES, Client, Program, lacks_ours
from boots.policy.generated import generate
from boots.policy.got import File, Got, Ground, Refusal, Script
from boots.policy.ipxe_words import Unwritable
from boots.policy.path import AUTOEXEC, SCRIPT, SCRIPT_NAMES, URL_SAFE, leads_back, tftp_base
from boots.policy.programs import Misfit, misfit

# A name that no file has: a ROM left without one waits a minute for a proxyDHCP server, with
# this one it is refused at once and goes on to the next boot device.  Smee's name for it.
NOT_ALLOWED = "netboot-not-allowed"


@dataclass(frozen=True, slots=True)
class Load:
    """Fetch this URL and run it; `doubt` says why that may fail, as far as it can be seen."""

    url: str
    why: str
    doubt: Misfit | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """Go on without us: the next boot device, or the system that is running already."""

    why: str


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer at all."""

    why: str


Decision = Load | Disk | Silence


def decide(client: Client, known: Known | None, site: Site) -> Decision:
    """What the program now running on the machine should run next.

    A chain ends after two loads: a boot file, then the script.  Firmware gets the boot file, and
    an iPXE that is not ours where the site or a quirk wants that; ours gets the script.
    """
    if known is None:
        return Silence("no record has this MAC")
    if client.program is Program.OS:
        return Disk("an operating system asks: it gets its address, and nothing to boot")
    refusal = refused(known)
    if refusal:
        return Disk(refusal)
    if client.program is Program.IPXE and not is_strange(client, site):
        return _script(client, known, site)
    return _boot_file(client, known, site)


def is_strange(client: Client, site: Site) -> bool:
    """Whether an iPXE must load ours first.

    Never one that we loaded, or the chain would have no end: that has the site's user class; and
    it lacks nothing (`lacks_ours`), by which it is known where the site names no class.
    """
    if site.user_class:
        return client.user_class != site.user_class
    known_class = client.user_class in OUR_CLASSES
    return bool(client.quirk.chain_load) and not known_class and lacks_ours(client)


def refused(known: Known) -> str:
    """Why this machine may boot nothing from us, at any door; empty if it may."""
    reservation = known.interface.reservation
    if reservation is not None and (reservation.boot_server or reservation.boot_file):
        return "its record names a boot server of its own"
    if not known.interface.netboot.allowed:
        return "netboot is off for this machine"
    return known.held


def without(client: Client, site: Site) -> str:
    """What an iPXE would need to fetch from us by URL and says that it lacks; empty for nothing."""
    scheme = site.http_url.partition(":")[0]
    return scheme.upper() if client.features and scheme not in client.features else ""


def _script(client: Client, known: Known, site: Site) -> Decision:
    own = known.interface.netboot.script_url
    # A script that stands in the record wins over a URL, as it does in `fetch`.
    if own and not known.interface.netboot.script and not leads_back(own, site):
        return Load(own, "iPXE gets the script URL of its record")
    lacking = without(client, site)
    if lacking:
        why = f"iPXE without {lacking} gets its script over TFTP"
        return Load(tftp_url(known, site, SCRIPT), why)
    return Load(http_url(known, site, SCRIPT), "iPXE gets its script")


def _boot_file(client: Client, known: Known, site: Site) -> Decision:
    whose, name = _chosen(client, known, site)
    if not name:
        return Disk(_without_boot_file(client))
    if name not in site.files:
        return Disk(f"{whose} {name}, which is not among the boot files")
    http = client.program is Program.UEFI_HTTP
    url = file_url(known, site, name, http=http)
    doubt = misfit(name, site.programs.get(name), client.architecture)
    return Load(url, f"{whose} {name} over {'HTTP' if http else 'TFTP'}", doubt)


def _chosen(client: Client, known: Known, site: Site) -> tuple[str, str]:
    """Who says which boot file it is, and its name: the nearer to the machine wins."""
    own, architecture = known.interface.netboot, client.architecture
    name = own.boot_files.get(architecture) or own.boot_file
    if name:
        return "its record names", name
    profile = site.profiles.get(own.profile or site.default_profile)
    name = profile.boot_files.get(architecture, "") if profile else ""
    if profile and name:
        return f"profile {profile.name} names", name
    name = client.quirk.boot_file
    if name in site.files:
        return "a quirk names", name
    return f"{architecture.value} loads", site.boot_files.get(architecture, "")


def _without_boot_file(client: Client) -> str:
    if client.code is None:
        return "the client does not say its architecture (option 93)"
    return f"no boot file is installed for {client.architecture.value} (option 93: {client.code})"


def file_url(known: Known, site: Site, name: str, *, http: bool) -> str:
    """The URL of a boot file, over HTTP or TFTP, with the MAC as the site wants it written."""
    base = site.http_url if http else tftp_base(site)
    return f"{base}/{separated(known.mac, site.mac_separator)}/{quote(name, safe=URL_SAFE)}"


def http_url(known: Known, site: Site, name: str) -> str:
    """The URL of a name among our files or scripts, for one machine."""
    return f"{site.http_url}/{known.mac}/{quote(name, safe=URL_SAFE)}"


def tftp_url(known: Known, site: Site, name: str) -> str:
    """The same over TFTP."""
    return f"{tftp_base(site)}/{known.mac}/{quote(name, safe=URL_SAFE)}"


# --- what may be fetched


def fetch(name: str, known: Known | None, site: Site, *, tftp: bool = False) -> Got:
    """What a machine gets that asks for `name` (see `boots.policy.path`).

    With `tftp` a script's own files are fetched over TFTP, too: its reader has no HTTP.
    """
    if known is None:
        return Refusal(Ground.STRANGER, "no machine of ours asks")
    why = refused(known)
    if why:
        return Refusal(Ground.FORBIDDEN, why)
    if name in SCRIPT_NAMES:
        return _rendered(name, known, site, tftp=tftp)
    if name == NOT_ALLOWED:
        why = f"there is nothing for it to boot; boots explain {known.mac} says why"
        return Refusal(Ground.FORBIDDEN, why)
    made = generate(name, known, site)
    if made is not None:
        return made
    path = site.files.get(name)
    if path is None:
        return Refusal(Ground.MISSING, f'there is no file "{name}"')
    return File(name, path)


def _rendered(name: str, known: Known, site: Site, *, tftp: bool) -> Script:
    try:
        if name == AUTOEXEC:
            # Who asks for this is an iPXE of 2025, which has HTTP.
            return Script(script.autoexec(http_url(known, site, SCRIPT)), AUTOEXEC)
        base = tftp_url(known, site, "") if tftp else http_url(known, site, "")
        text, profile = script.render(known, site, base.rstrip("/"))
    except Unwritable as error:
        return Script(script.apology(str(error)), "", str(error))
    return Script(text, profile, private=bool(known.interface.netboot.script))
