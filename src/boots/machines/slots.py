"""Which values of a record are its machine's own, in each form of record.

A value counts if it does nothing else than to become what its roles say: with another one in its
place the machine would be the same but for that.  The rest of a record decides what a machine is.
"""

from collections.abc import Callable, Mapping
from typing import Any

NAME, AGENT, INSTANCE = ("name", 0), ("agent", 0), ("instance", 0)
"""Roles of a machine: its name, its agent's, its instance's."""

BMC = (("bmc url", 0), ("bmc user", 0), ("bmc password", 0), ("bmc file", 0))
"""Roles of its BMC, in the order of `packed.Opened`."""

Path = tuple[str | int, ...]
Role = tuple[str, int]
Roles = tuple[Role, ...]
Form = Callable[[Path, Mapping[str, Any]], Roles | None]
"""The roles of the value at a path of this record.

None of them: it is kept in the record, and nobody reads it.  None: it is not the machine's own.
"""


def mac(interface: int) -> Role:
    """The MAC of an interface, from 0."""
    return "mac", interface


def address(interface: int) -> Role:
    """The address of an interface."""
    return "address", interface


def host(interface: int) -> Role:
    """The host name that an interface gets."""
    return "host", interface


_SHORT: Mapping[Path, Roles] = {
    ("name",): (NAME,),
    ("mac",): (mac(0),),
    ("address",): (address(0),),
    ("host_name",): (host(0),),
    ("instance_id",): (INSTANCE,),
    ("bmc", "url"): (BMC[0],),
    ("bmc", "username"): (BMC[1],),
    ("bmc", "password"): (BMC[2],),
    ("bmc", "password_file"): (BMC[3],),
}


def of_short(path: Path, record: Mapping[str, Any]) -> Roles | None:
    """The short form, of machines that list no interfaces."""
    if record.get("interfaces") is not None:
        return None
    if path[0] == "notes":
        return ()
    if path == ("name",) and not record.get("host_name"):
        return NAME, host(0)
    return _SHORT.get(path)


def of_hardware(path: Path, _: Mapping[str, Any]) -> Roles | None:
    """Tinkerbell's Hardware."""
    match path:
        case ("metadata", "name"):
            return (NAME,)
        case ("spec", "agentID"):
            return (AGENT,)
        case ("spec", "interfaces", int(number), *rest):
            return _of_interface(number, tuple(rest))
        case ("spec", "metadata", *rest):
            return _of_metadata(tuple(rest))
        case ("metadata", "namespace") | ("spec", "userData" | "vendorData"):
            return None
        case ("metadata" | "spec" | "status", _, *_):
            return ()
    return None


def of_2020(path: Path, _: Mapping[str, Any]) -> Roles | None:
    """Tinkerbell's hardware JSON of 2020."""
    match path:
        case ("id",):
            return NAME, AGENT
        case ("network", "interfaces", int(number), *rest):
            return _of_interface(number, tuple(rest))
        case ("metadata", *rest):
            return _of_metadata(tuple(rest))
    return None


def _of_interface(number: int, path: Path) -> Roles | None:
    match path:
        case ("dhcp", "mac"):
            return (mac(number),)
        case ("dhcp", "hostname"):
            return (host(number),)
        case ("dhcp", "ip", "address"):
            return (address(number),)
    return None


def _of_metadata(path: Path) -> Roles | None:
    match path:
        case ("instance", "id"):
            return (INSTANCE,)
        case ("instance", "hostname"):
            return ()
    return None
