"""What clients ask for by name, over TFTP and HTTP: a path to a machine and a plain name."""

import re
from typing import NamedTuple
from urllib.parse import unquote

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.site import Site

SCRIPT = "auto.ipxe"
# iPXE of 2025 and later asks for this one where it was loaded from, before any DHCP of its own.
AUTOEXEC = "autoexec.ipxe"
SCRIPT_NAMES = frozenset({SCRIPT, AUTOEXEC})

# What need not be quoted in the path of a URL, besides letters and digits.
URL_SAFE = "/:@+,=~"

# With tracing on, Smee hung a W3C traceparent on names; its users' DHCP servers may still do so.
_TRACEPARENT = re.compile(r"-[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
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


def read(path: str) -> Wanted:
    """Take a path apart: doubled and leading slashes fall away, a MAC among the folders is noted.

    shim asks for ``//grubx64.efi``; some firmware turns slashes around.
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part and part != "."]
    mac = None
    for position, part in enumerate(parts[:-1]):
        mac = macs.parse(part)
        if mac is not None:
            del parts[position]
            break
    name = _TRACEPARENT.sub("", "/".join(parts))
    for room in _OLD_ROOMS:
        if name.startswith(room):
            name = name.removeprefix(room)
            break
    return Wanted(mac, name)


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
