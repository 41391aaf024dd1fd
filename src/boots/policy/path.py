"""What clients ask for by name, over TFTP and HTTP: a path to a machine and a plain name."""

import re
from typing import NamedTuple

from boots.model import mac as macs
from boots.model.mac import Mac

SCRIPT = "auto.ipxe"
# iPXE of 2025 and later asks for this one beside the program it was loaded from.
SCRIPT_NAMES = frozenset({SCRIPT, "autoexec.ipxe"})

# With tracing on, Smee hung a W3C traceparent on names; its users' DHCP servers may still do so.
_TRACEPARENT = re.compile(r"-[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
# Where Smee's two generations had the same files; kept for configurations that name them.
_OLD_ROOMS = ("ipxe/script/", "ipxe/binary/", "ipxe/", "tftp/")


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
