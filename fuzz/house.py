"""A small server without a network: records, files, and what must never leave it.

Two machines have metadata that only their tokens or addresses open, and a third, which asks, has
none; beside the published files lies one that is not published.
"""

import functools
import tempfile
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import NamedTuple

from boots.app.answers import Answers
from boots.app.world import World
from boots.machines import index
from boots.model import mac as macs
from boots.model.machine import (
    Architecture,
    Interface,
    Machine,
    Metadata,
    Netboot,
    Place,
    RaspberryPi,
    Reservation,
)
from boots.model.site import Iso, Mode, Site
from boots.policy.placeholder import PLACEHOLDER
from fuzz.told import PEER

INTERFACE = "lan0"
HIDDEN = b"hidden from everybody"
"""Stands in what nobody may get by a name."""

PUBLIC = b"for anybody "
OWNER = IPv4Address("192.168.1.50")
ASKER = IPv4Address(PEER[0])
MACS = ("52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03")


class House(NamedTuple):
    """What the doors ask, the site, and the folder of files."""

    answers: Answers
    site: Site
    folder: Path


@functools.cache
def house() -> House:
    """The one there is."""
    folder = Path(tempfile.mkdtemp(prefix="boots-fuzz-"))
    published = folder / "published"
    published.mkdir()
    (folder / "hidden").write_bytes(HIDDEN)
    contents = {
        "undionly.kpxe": PUBLIC * 300,
        "snponly.efi": PUBLIC * 10_000,
        "grub/grubx64.efi": PUBLIC,
        "osie/vmlinuz-x86_64": PUBLIC,
        "osie/initramfs-x86_64": PUBLIC,
        "empty.img": b"",
        "disc.iso": PUBLIC * 100 + PLACEHOLDER + PUBLIC * 3000,
    }
    files = {}
    for name, content in contents.items():
        path = published / name.replace("/", "-")
        path.write_bytes(content)
        files[name] = str(path)
    site = Site(
        server=IPv4Address("192.168.1.1"),
        http_url="http://192.168.1.1:8080",
        tftp=IPv4Address("192.168.1.1"),
        network=IPv4Network("192.168.1.0/24"),
        mode=Mode.POOL,
        boot_files={
            Architecture.BIOS: "undionly.kpxe",
            Architecture.X64_UEFI: "snponly.efi",
        },
        files=files,
        token_key=b"the key of the house",
        iso=Iso(enabled=True, url="disc.iso"),
    )
    built, faults = index.build([_machine(at) for at in range(len(MACS))])
    assert faults == []
    return House(Answers(World(built, {INTERFACE: site})), site, folder)


def _machine(at: int) -> Machine:
    address = (OWNER, IPv4Address(int(OWNER) + 1), ASKER)[at]
    reservation = Reservation(address=address, prefix=24, gateway=IPv4Address("192.168.1.1"))
    netboot = Netboot(raspberry_pi=RaspberryPi(serial=f"1000000{at}")) if at else Netboot()
    mac = macs.parse(MACS[at])
    assert mac is not None
    hidden = HIDDEN.decode() if address != ASKER else ""
    return Machine(
        name=f"machine-{at}",
        interfaces=(Interface(mac=mac, reservation=reservation, netboot=netboot),),
        place=Place(file="records.yaml", line=at + 1),
        metadata=Metadata(
            instance_id=f"i-{at}", user_data=hidden, vendor_data=hidden, ssh_keys=(hidden,)
        ),
    )
