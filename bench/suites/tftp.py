"""TFTP: a file of 1 MiB, again and again, by block sizes, windows and clients at once."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bench import files
from bench.cases import Case, Loaded, Subject, Unit, cpu_per
from bench.files import MIB
from bench.place import SERVER, Place
from bench.programs import program
from bench.subjects import address
from boots.lab.link import Link

PER_MIB = cpu_per("MiB", 1e3, "ms")
ONE_BY_ONE = Unit("ms for the file, one client", lambda m: (m.p50 or 0.0) * 1000)
TAKES = Unit("s for the file, half of the clients within", lambda m: m.p50 or 0.0)
SPARE = 0.95
"""A generator that works more of the time than this may be what bounds the rate."""


@dataclass(frozen=True, slots=True)
class Tftp:
    """A load of TFTP: so many `clients` at once make so many `transfers` of 1 MiB.

    `file` is what they must get, and `path` how they ask for it, where that is not its name.
    `wait` is in milliseconds, until a client that hears nothing repeats itself.
    """

    transfers: int
    blksize: int = 1468
    window: int = 1
    clients: int = 32
    wait: int = 1000
    file: str = files.BOOT_FILE
    path: str = ""

    def words(self, place: Place, share: float) -> list[str]:
        """The arguments of tftpload."""
        count = max(round(self.transfers * share), self.clients)
        return [
            *("-s", str(SERVER), "-f", self.path or self.file),
            *("-e", str(files.folder(place) / self.file)),
            *("-b", str(self.blksize), "-w", str(self.window), "-c", str(self.clients)),
            *("-n", str(count), "-a", str(address(0)), "-t", str(self.wait)),
        ]

    def __call__(self, place: Place, _subject: Subject, share: float) -> Loaded:
        """Run it."""
        own_addresses(place)
        return loaded(place.run(program("tftpload"), *self.words(place, share)), self)


def own_addresses(place: Place) -> None:
    """Have the load's end of the cable be every machine, so that each client has its address."""
    words = place.words("ip", "route", "replace", "local", "10.1.0.0/16", "dev", "lo")
    subprocess.run(words, check=True)


def loaded(said: Mapping[str, Any], asked: Tftp) -> Loaded:
    """What tftpload printed; operations are MiB."""
    notes = []
    if said["said"]:
        notes.append(f"first fault: {said['said']}")
    if said["transfers"] and (said["blksize"], said["window"]) != (asked.blksize, asked.window):
        notes.append(f"granted blksize {said['blksize']}, window {said['window']}")
    if said["busy"] > SPARE:
        notes.append("the generator had no time to spare")
    first = said["first_block_ms"]
    notes.append(f"first block {first['p50']:.2f} ms, 99 of 100 within {first['p99']:.2f}")
    return Loaded(
        operations=said["bytes"] / MIB,
        seconds=said["seconds"],
        p50=said["transfer_ms"]["p50"] / 1000,
        p99=said["transfer_ms"]["p99"] / 1000,
        wrong=said["wrong"] + said["errors"],
        lost=said["stalls"],
        retries=said["again"] + said["gaps"],
        notes=tuple(notes),
    )


def _lossy() -> list[Case]:
    """One packet in a hundred is lost each way, and each is 25 ms under way."""
    bad = Link(drop=0.01, delay=0.025)
    plain = (files.boots(files.BOOT_FILE), files.dnsmasq(), files.tftpd_hpa(), files.atftpd())
    return [
        Case(
            "tftp",
            f"window {window}, 1 % lost and 25 ms each way",
            TAKES,
            (*(plain if window == 1 else (plain[0], plain[-1])), files.tftp_limit()),
            Tftp(32, window=window),
            warm_up=0,
            link=bad,
            rounds=1,
        )
        for window in (1, 4)
    ]


def cases(quick: bool) -> list[Case]:
    """Every case of TFTP; the short form has what the targets speak of."""
    return [*_targets(), *(() if quick else (*_clients(), *_blocks(), *_lossy()))]


def _all() -> tuple[Subject, ...]:
    own = files.boots(files.BOOT_FILE)
    return own, files.dnsmasq(), files.tftpd_hpa(), files.atftpd(), files.tftp_limit()


def _windowed() -> tuple[Subject, ...]:
    """Those that grant windows."""
    limits = files.tftp_limit(), files.tftp_limit(gso=True)
    return files.boots(files.BOOT_FILE), files.atftpd(), *limits


def _targets() -> list[Case]:
    load = Tftp(200)
    windows = [
        Case("tftp", f"window {window}, 32 clients", PER_MIB, _windowed(), many)
        for window, many in ((4, replace(load, window=4)), (16, replace(load, window=16)))
    ]
    return [Case("tftp", "window 1, 32 clients", PER_MIB, _all(), load), *windows]


def _clients() -> list[Case]:
    few, many = Tftp(20, clients=1), Tftp(512, clients=256)
    windowed = replace(few, window=4, transfers=60)
    return [
        Case("tftp", "window 1, one client", ONE_BY_ONE, _all(), few, rounds=3),
        Case("tftp", "window 4, one client", ONE_BY_ONE, _windowed(), windowed, rounds=3),
        Case("tftp", "window 1, 256 clients", PER_MIB, _all(), many, rounds=3),
        Case(
            "tftp", "window 4, 256 clients", PER_MIB, _windowed(), replace(many, window=4), rounds=3
        ),
    ]


def _blocks() -> list[Case]:
    """Who asks so: PXE ROMs 512 to 1468, GRUB 1024, iPXE 1432, shim 512 with a window of 4."""
    load = Tftp(100)
    sizes = [
        Case(
            "tftp",
            f"blksize {size}, 32 clients",
            PER_MIB,
            _all(),
            replace(load, blksize=size),
            rounds=3,
        )
        for size in (512, 1024, 1432)
    ]
    shim = replace(load, blksize=512, window=4)
    shims = Case("tftp", "blksize 512, window 4", PER_MIB, _windowed(), shim, rounds=3)
    return [*sizes, shims]
