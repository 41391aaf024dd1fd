"""What clients ask for by name, over TFTP and HTTP: a path to a machine and a plain name."""

import re
from typing import NamedTuple
from urllib.parse import unquote

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.site import Site
from boots.policy.token import is_one as is_token

SCRIPT = "auto.ipxe"
# iPXE of 2025 and later asks for this one where it was loaded from, before any DHCP of its own.
AUTOEXEC = "autoexec.ipxe"
SCRIPT_NAMES = frozenset({SCRIPT, AUTOEXEC})

# What need not be quoted in the path of a URL, besides letters and digits.
URL_SAFE = "/:@+,=~"

# With tracing on, Smee hung a W3C traceparent on names; its users' DHCP servers may still do so.
_TRACEPARENT = re.compile(r"-[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", re.IGNORECASE)
# What PXELINUX and U-Boot, and what GRUB asks for first: 01 is the hardware type, Ethernet.
_OF_A_MAC = re.compile(r"(?:^|/)(?:pxelinux\.cfg/|grub\.cfg-)01-([0-9a-fA-F-]{17})$")
_BY_INSTANCE = ["tootles", "instanceID"]
# Where Smee's two generations had the same files; kept for configurations that name them.
_OLD_ROOMS = ("ipxe/script/", "ipxe/binary/", "ipxe/", "tftp/")


def tftp_base(site: Site) -> str:
    """Where the site's TFTP URLs begin; the port is only written where it is not 69."""
    port = "" if site.tftp_port == 69 else f":{site.tftp_port}"
    return f"tftp://{site.tftp}{port}"


class Wanted(NamedTuple):
    """A name among the site's files or scripts, and the machine that the path says it is for."""

    mac: Mac | None
    name: str


def sealed(path: str) -> tuple[str, str]:
    """The token that a path of metadata begins with, empty if it has none, and the rest."""
    parts = [part for part in path.split("/") if part]
    if parts and is_token(parts[0]):
        return parts[0], "/".join(parts[1:])
    return "", path


def read(path: str) -> Wanted:
    """Take a path apart: doubled and leading slashes fall away, a MAC among the folders is noted.

    shim asks for ``//grubx64.efi``; some firmware turns slashes around.  A MAC that is part of
    the name, as in ``pxelinux.cfg/01-52-54-00-12-34-56``, says more than one among the folders.
    """
    traced = _TRACEPARENT.sub("", path.replace("\\", "/"))
    parts = [part for part in traced.split("/") if part and part != "."]
    if parts[:2] == _BY_INSTANCE:  # whose name may be a MAC
        return Wanted(None, "/".join(parts))
    mac, parts = _without_mac(parts)
    name = "/".join(parts)
    if name.startswith(_OLD_ROOMS):
        room = next(each for each in _OLD_ROOMS if name.startswith(each))
        name = name.removeprefix(room)
    of = _OF_A_MAC.search(name)
    return Wanted((macs.parse(of[1]) if of else None) or mac, name)


def trace_of(path: str) -> str:
    """The W3C traceparent that hangs on a path, empty if none does."""
    found = _TRACEPARENT.search(path)
    return found[0][1:].lower() if found else ""


def _without_mac(parts: list[str]) -> tuple[Mac | None, list[str]]:
    """The MAC among the folders, and the other parts.

    PXELINUX puts the folder it came from before every path: of two MACs only what stands behind
    the last counts.
    """
    read_as = map(macs.parse, parts[:-1])
    found = [(at, mac) for at, mac in enumerate(read_as) if mac is not None]
    if not found:
        return None, parts
    last, mac = found[-1]
    before = parts[:last] if len(found) == 1 else []
    return mac, before + parts[last + 1 :]


def named(url: str, site: Site) -> str | None:
    """The name that a URL of the site's own stands for; None for anybody else's URL."""
    for base in (site.http_url, tftp_base(site)):
        if url.startswith(f"{base}/"):
            return read(unquote(url.removeprefix(base).partition("?")[0])).name
    return None


def leads_back(url: str, site: Site) -> bool:
    """Whether a URL is that of our own script, which can then not be what the script loads.

    Records written for another server on our address name it so.
    """
    return named(url, site) in SCRIPT_NAMES
