"""Whole boots: all that a machine asks a server for on its way to OSIE, and what that costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from bench import files
from bench.cases import BOOTS, Case, Loaded, Subject, cpu_per
from bench.files import INITRD, KERNEL
from bench.place import SERVER, Place
from bench.subjects import BIOS_FILE, UEFI_FILE
from bench.suites.dhcp import Dhcp
from bench.suites.http import Http
from bench.suites.tftp import Tftp

PER_MACHINE = cpu_per("machine", 1e3, "ms")
MACHINES = 100
"""So many boot at once."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a kind of firmware does: its kind for DHCP, its boot file, and its TFTP window.

    A window of 0 is HTTP in place of TFTP.
    """

    kind: str
    boot_file: str
    window: int
    blksize: int = 1468


CHAINS: Mapping[str, Chain] = {
    "BIOS": Chain("bios", BIOS_FILE, window=1, blksize=1456),
    "UEFI": Chain("uefi", UEFI_FILE, window=4),
    "UEFI HTTP": Chain("http", UEFI_FILE, window=0),
}


@dataclass(frozen=True, slots=True)
class WholeBoot:
    """Machines boot at once, stage by stage; every answer of every stage is checked.

    Firmware, iPXE and the system each have an address given; the firmware fetches 1 MiB, iPXE the
    script, the kernel and the initramfs, each on a new connection.
    """

    chain: Chain
    machines: int = MACHINES

    def __call__(self, place: Place, subject: Subject, share: float) -> Loaded:
        """Run all stages."""
        machines = max(round(self.machines * share), 10)
        # Boots names a machine's files below its MAC.
        below = "%m/" if subject.name == BOOTS else ""
        stages = [
            self._address(machines, self.chain.kind),
            self._boot_file(machines, below),
            self._address(machines, "ipxe"),
            Http(machines, clients=machines),
            Http(machines, clients=machines, file=KERNEL, path=f"/%m/osie/{KERNEL}"),
            Http(machines, clients=machines, file=INITRD, path=f"/%m/osie/{INITRD}"),
            self._address(machines, "os"),
        ]
        return reduce(together, [stage(place, subject, 1.0) for stage in stages])

    @staticmethod
    def _address(machines: int, kind: str) -> Dhcp:
        return Dhcp(machines=machines, exchanges=machines, outstanding=machines, mix=kind)

    def _boot_file(self, machines: int, below: str) -> Tftp | Http:
        name = self.chain.boot_file
        if not self.chain.window:
            return Http(machines, clients=machines, file=name, path=f"/{below}{name}")
        return Tftp(
            machines,
            clients=machines,
            window=self.chain.window,
            blksize=self.chain.blksize,
            file=name,
            path=f"{below}{name}",
        )


def together(before: Loaded, after: Loaded) -> Loaded:
    """Two stages of the same machines as one."""
    done = [before.operations, after.operations]
    return Loaded(
        operations=min(done),
        seconds=before.seconds + after.seconds,
        wrong=before.wrong + after.wrong,
        lost=before.lost + after.lost,
        retries=before.retries + after.retries,
        notes=tuple(dict.fromkeys((*before.notes, *after.notes))),
    )


def cases(quick: bool) -> list[Case]:
    """A case for each kind of firmware; the short form has the two that speak TFTP."""
    wanted = ["BIOS", "UEFI"] if quick else list(CHAINS)
    return [_case(name, CHAINS[name]) for name in wanted]


def _case(name: str, chain: Chain) -> Case:
    given = (chain.boot_file, KERNEL, INITRD)
    own = files.boots(*given)
    if not chain.window:
        over_http = f"http://{SERVER}:{files.HTTP_PORT}/%m/{chain.boot_file}"
        own = files.expecting(own, {"http": over_http})
    return Case(
        "boots",
        f"{name}, {MACHINES} machines at once",
        PER_MACHINE,
        (own, files.dnsmasq_and_nginx(*given)),
        WholeBoot(chain),
        steered=True,
    )
