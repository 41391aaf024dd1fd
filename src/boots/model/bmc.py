"""BMCs: the small computer in a machine that turns it on and off, and how it is reached."""

import enum
import re
from ipaddress import IPv6Address

from boots.model.word import Word

HIDDEN = "…"
"""Stands where a password must not be shown."""
REDFISH = "https"
IPMI = "ipmi"

_PORTS = {REDFISH: 443, IPMI: 623}
_SCHEMES = {"redfish": REDFISH, "https": REDFISH, "ipmi": IPMI}
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?"
_SYSTEM = r"/redfish/v1/Systems/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~%:@+,=-]+"
_URL = re.compile(
    rf"(?P<scheme>[A-Za-z]+)://(?P<host>{_HOST}|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/.*)?"
)
_PATH = re.compile(rf"/?|/redfish/v1/?|{_SYSTEM}/?")


class NetworkBoot(enum.Enum):
    """How a BMC is to say "from the network" to the firmware."""

    PXE = "pxe"
    """PXE, in the mode that the firmware is set to."""
    UEFI_PXE = "uefi-pxe"
    """PXE, and by UEFI: some firmware takes IPMI's word for BIOS otherwise."""
    UEFI_HTTP = "uefi-http"
    """HTTP, by UEFI; IPMI has no word for it."""


class Bmc(Word, frozen=True):
    """A machine's BMC: where it is, and what opens it.

    `url` is of the scheme ``redfish``, ``https`` (the same) or ``ipmi``.  At most one of
    `password` and `password_file` is there.  `verify` says whether its certificate must be
    trusted, by those of the file `authority`, else by the system's.
    """

    url: str
    username: str = ""
    password: str = ""
    password_file: str = ""
    verify: bool = True
    authority: str = ""
    boot: NetworkBoot = NetworkBoot.PXE

    def __repr__(self) -> str:
        """Without what nobody may read in a log."""
        return f"Bmc(url={self.url!r}, username={self.username!r})"


class Address(Word, frozen=True):
    """Where a BMC is: `protocol` is `REDFISH` or `IPMI`, `system` a path or nothing."""

    protocol: str
    host: str
    port: int
    system: str = ""


class NoAddress(ValueError):
    """A URL that is not a BMC's: what is wrong with it, and what to write instead."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}; {advice}")
        self.problem = problem
        self.advice = advice


def address(url: str) -> Address:
    """Where a URL leads.

    Raises:
        NoAddress: nowhere that a BMC can be.  It holds no more of the URL than its scheme, as
            a password may stand in it.
    """
    like = "write one like redfish://10.0.0.5/redfish/v1/Systems/1 or ipmi://10.0.0.5"
    scheme = url.partition("://")[0]
    if scheme == "http":
        problem = "http would send the password for all to read"
        raise NoAddress(problem, "write https:// or redfish://")
    if scheme not in _SCHEMES:
        raise NoAddress("this is not the URL of a BMC", like)
    if "@" in url.removeprefix(f"{scheme}://").partition("/")[0]:
        advice = "write username and password_file beside it"
        raise NoAddress("a user name or password does not belong into the URL", advice)
    found = _URL.fullmatch(url)
    if not found or not _is_host(found["host"]):
        raise NoAddress("this is not the URL of a BMC", like)
    protocol = _SCHEMES[scheme]
    path = found["path"] or ""
    if path not in {"", "/"} and (protocol == IPMI or not _PATH.fullmatch(path)):
        if protocol == IPMI:
            raise NoAddress("IPMI has no paths", "write ipmi://, the address and nothing else")
        problem = "this is not the path of a system"
        raise NoAddress(
            problem, "write /redfish/v1/Systems/ and its id, or nothing behind the host"
        )
    port = int(found["port"] or _PORTS[protocol])
    if not 0 < port < 65_536:
        raise NoAddress(f"there is no port {port}", "write one from 1 to 65535, or none")
    system = path.rstrip("/") if "/Systems/" in path else ""
    return Address(protocol=protocol, host=found["host"].strip("[]"), port=port, system=system)


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return ".." not in host
    try:
        IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True
