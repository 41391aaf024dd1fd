"""Which machines come in which round, and the site that they come to."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from bench.place import LOAD, NIC, SERVER
from boots.lab.fleet import plan
from boots.lab.fleet.plan import Machine

MIX = "bios=2,uefi=2,uefi-http=1,rpi4=1"
NETWORK = IPv4Network("10.0.0.0/16")
OF_AGENT = "02:50:a6:00:00:01"
AGENT = "agent"
"""The machine whose runs a simulated agent works off: the load's end of the cable."""

_STRANGERS_SEED, _NEW_SEED = 7_001, 90_000
_SETTINGS = f"""\
interfaces = ["{NIC}"]

[[subnets]]
network = "10.0.0.0/8"
pool = ["10.9.0.0-10.9.3.255"]

[dhcp]
mode = "pool"
netboot_lease_time = 60
lease_time = 120

[boot]
files = ["files"]
osie = "osie"
loop_limit = 0

[store]
keep_events = 20000
"""


@dataclass(frozen=True, slots=True)
class Churn:
    """How many machines there are, and how many of them come in a round of so many seconds.

    `known` have records, `strangers` have none and come again, `new` were never seen before.
    `kib` is how large kernel and initrd are, each; `mix` and `strange` are their kinds.
    """

    seconds: float = 60.0
    known: int = 400
    known_a_round: int = 120
    strangers: int = 40
    strangers_a_round: int = 10
    new_a_round: int = 4
    kib: int = 4096
    mix: str = MIX
    strange: str = "bios,uefi"

    def fleet(self) -> list[Machine]:
        """All that have a record."""
        return plan.fleet(self.known, plan.mix(self.mix), seed=1)

    def round(self, number: int) -> Sequence[Machine]:
        """Who comes in a round, in this order; in the first all, so that none is met later."""
        chance = random.Random(number)  # noqa: S311  # nothing here is a secret
        shares = plan.mix(self.strange)
        strangers = plan.fleet(self.strangers, shares, _STRANGERS_SEED)
        come = [
            *chance.sample(self.fleet(), self.known_a_round if number else self.known),
            *chance.sample(strangers, self.strangers_a_round if number else self.strangers),
            *plan.fleet(self.new_a_round, shares, _NEW_SEED + number),
        ]
        chance.shuffle(come)
        return come


HOUR = Churn()
SMOKE = Churn(5.0, 30, 10, 6, 2, 1, 256, "bios", "bios")


def write_site(folder: Path, churn: Churn) -> Path:
    """The files of a site below `folder`; returns that of the settings."""
    files, osie = folder / "files", folder / "osie"
    (files / "rpi").mkdir(parents=True)
    osie.mkdir()
    boot_file = bytes(range(256)) * 1024
    for name in ("undionly.kpxe", "snponly.efi", "rpi/start4.elf", "rpi/kernel8.img"):
        (files / name).write_bytes(boot_file)
    for name in ("vmlinuz-x86_64", "initramfs-x86_64"):
        (osie / name).write_bytes(bytes(churn.kib << 10))
    write_records(folder, churn, 0)
    settings = folder / "boots.toml"
    settings.write_text(_SETTINGS)
    return settings


def write_records(folder: Path, churn: Churn, edition: int) -> None:
    """The records; of each edition one machine has something else in it."""
    lines = list(plan.records(churn.fleet(), NETWORK, str(SERVER)))
    lines += [f"  - name: {AGENT}", f"    mac: {OF_AGENT}", f"    address: {LOAD}/8"]
    lines.append(f"    domain: edition-{edition}.example")
    place = folder / "machines"
    place.mkdir(exist_ok=True)
    new = folder / "machines.new"
    new.write_text("\n".join(lines) + "\n")
    new.replace(place / "machines.yaml")
