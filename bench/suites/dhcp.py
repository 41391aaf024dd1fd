"""DHCP: exchanges of four messages, renewals, strangers, nonsense; at saturation and at rates."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.cases import P99, Case, Load, Loaded, Subject, Unit, cpu_per
from bench.files import BOOT_FILE, LARGE_FILE
from bench.files import boots as with_files
from bench.place import LOAD, SERVER, Place, server_mac
from bench.programs import program
from bench.subjects import boots, dhcp_limit, dnsmasq, kea
from bench.suites.http import Http
from bench.suites.tftp import Tftp, own_addresses

EXCHANGE = cpu_per("exchange", 1e6, "µs")
RENEWAL = cpu_per("renewal", 1e6, "µs")
RATES = (1000, 2000, 3000, 4000, 5000, 7000, 10_000, 15_000, 20_000, 30_000, 40_000)
TARGET_RATE = 10_000


@dataclass(frozen=True, slots=True)
class Dhcp:
    """A load of DHCP: `machines` known ones, `outstanding` exchanges at once or `rate` a second.

    `mode` is relayed, direct or renew; `mix` the kinds of clients; `strangers` go beside each
    exchange; `malformed` is in per cent of packets; `wait` is in milliseconds, until a message
    without an answer is repeated, and `tries` how often it is sent.
    """

    machines: int = 1000
    first: int = 0
    exchanges: int = 40_000
    outstanding: int = 64
    rate: int = 0
    seconds: float = 0
    mode: str = "relayed"
    unicast: bool = False
    mix: str = "uefi,ipxe"
    strangers: int = 0
    malformed: int = 0
    wait: int = 1000
    tries: int = 4

    def words(self, subject: Subject, share: float) -> list[str]:
        """The arguments of dhcpload."""
        length = ["-n", str(max(int(self.exchanges * share), min(self.exchanges, 20)))]
        if self.seconds:
            length = ["-t", f"{self.seconds * share:.3f}"]
        files = [f"{kind}={file}" for kind, file in subject.expects.items()]
        return [
            *("-s", str(SERVER), "-S", server_mac(), "-g", str(LOAD), "-M", self.mode),
            *("-m", str(self.machines), "-N", str(self.outstanding), "-p", self.mix, *length),
            *("-F", str(self.first), "-T", str(self.tries)),
            *("-w", str(self.wait), "-u", str(self.strangers), "-x", str(self.malformed)),
            *(("-r", str(self.rate)) if self.rate else ()),
            *(("-U",) if self.unicast else ()),
            *(word for file in files for word in ("-b", file)),
        ]

    def __call__(self, place: Place, subject: Subject, share: float) -> Loaded:
        """Run it."""
        return loaded(place.run(program("dhcpload"), *self.words(subject, share)))


@dataclass(frozen=True, slots=True)
class Renewing:
    """Every machine gets its address in the warm-up; then they renew."""

    renewal: Dhcp

    def __call__(self, place: Place, subject: Subject, share: float) -> Loaded:
        """Run it."""
        if share <= WARM_UP:
            first = replace(self.renewal, mode="relayed", exchanges=self.renewal.machines)
            return first(place, subject, 1.0)
        return self.renewal(place, subject, share)


WARM_UP = 0.1
LONG_ENOUGH = 0.5
"""Seconds; in less a generator's own start weighs."""


def loaded(said: Mapping[str, Any]) -> Loaded:
    """What dhcpload printed."""
    notes = []
    if said["first_wrong"]:
        notes.append(f"first wrong answer: {said['first_wrong']}")
    if said["malformed_answered"]:
        notes.append(f"{said['malformed_answered']} of {said['malformed']} malformed answered")
    if said["skipped"] > 0:
        notes.append(f"{said['skipped']} exchanges not begun: the server was behind")
    if said["seconds"] > LONG_ENOUGH and said["generator_cpu"] > 0.95 * said["seconds"]:
        notes.append("the generator had no time to spare")
    return Loaded(
        operations=said["operations"],
        seconds=said["seconds"],
        p50=said["latency_ms"]["p50"] / 1000,
        p99=said["latency_ms"]["p99"] / 1000,
        wrong=said["wrong"],
        lost=said["lost"] + max(said["skipped"], 0),
        retries=said["retries"],
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class Together:
    """DHCP while TFTP and HTTP take all that the server has left."""

    dhcp: Dhcp
    tftp: Tftp
    http: Http

    def __call__(self, place: Place, subject: Subject, share: float) -> Loaded:
        """Run it."""
        own_addresses(place)
        tftp: list[str | Path] = [program("tftpload"), *self.tftp.words(place, 1)]
        http: list[str | Path] = [program("httpload"), *self.http.words(place, 1)]
        with place.beside(*tftp), place.beside(*http):
            return self.dhcp(place, subject, share)


def cases(quick: bool) -> list[Case]:
    """Every case of DHCP; the short form has what the targets speak of."""
    long = () if quick else (*_direct(), *_kinds(), *_large())
    return [*_saturated(), *long, *_latency(quick), _together()]


def _saturated() -> list[Case]:
    thousand = (
        boots(1000),
        dnsmasq(1000),
        dnsmasq(1000, lease_file=True),
        kea(1000, persist=True),
        kea(1000, persist=False),
        dhcp_limit(),
    )
    many = (boots(100_000), kea(100_000, persist=True))
    first = Dhcp(machines=100_000, exchanges=100_000)
    return [
        Case("dhcp", "1,000 reservations, relayed", EXCHANGE, thousand, Dhcp()),
        Case(
            "dhcp",
            "100,000 reservations, relayed, the first lease of each",
            EXCHANGE,
            many,
            first,
            warm_up=0.02,
            rounds=3,
        ),
    ]


THREE = (boots(1000), dnsmasq(1000), kea(1000, persist=True))
MOST_ROUNDS = 3
SHORTER = Dhcp(exchanges=20_000)


def _case(name: str, load: Load, *more: Subject, flat: bool = False, unit: Unit = EXCHANGE) -> Case:
    """A thousand machines, the three servers, and more."""
    subjects = (*THREE, *more)
    return Case("dhcp", f"1,000, {name}", unit, subjects, load, flat=flat, rounds=MOST_ROUNDS)


def _direct() -> list[Case]:
    direct = replace(SHORTER, mode="direct")
    to_mac = replace(direct, unicast=True)
    return [
        _case("direct, replies by broadcast", direct, dhcp_limit(), flat=True),
        _case("direct, replies to the MAC", to_mac, flat=True),
    ]


def _kinds() -> list[Case]:
    renewing = Renewing(replace(SHORTER, mode="renew", mix="os", exchanges=40_000))
    mixed = replace(SHORTER, mix="bios,uefi,ipxe,os")
    strangers = replace(SHORTER, strangers=4, outstanding=16, exchanges=10_000)
    quiet = (boots(1000), dnsmasq(1000, quiet=True), kea(1000, persist=False, quiet=True))
    silent = _case("relayed, peers without their logs", SHORTER)
    return [
        replace(silent, subjects=quiet),
        _case("renewals", renewing, dhcp_limit(), unit=RENEWAL),
        _case("BIOS, UEFI, iPXE and systems mixed", mixed, dhcp_limit()),
        _case("and four DISCOVERs of strangers beside each", strangers),
        _case("5 % malformed", replace(SHORTER, malformed=5)),
    ]


def _large() -> list[Case]:
    few = Dhcp(machines=100_000, exchanges=60, outstanding=4, wait=5000)
    return [
        Case(
            "dhcp",
            "100,000 reservations, 60 exchanges, 4 at once",
            EXCHANGE,
            (boots(100_000), dnsmasq(100_000)),
            few,
            rounds=1,
            note="dnsmasq looks for a machine line by line: it was not made for so many",
        ),
    ]


def _latency(quick: bool) -> list[Case]:
    """Latency under offered loads, for the picture."""
    return [
        Case(
            "dhcp",
            f"{rate:,} exchanges a second",
            P99,
            THREE,
            Dhcp(rate=rate, seconds=3, outstanding=4000),
            rounds=1,
        )
        for rate in ((TARGET_RATE,) if quick else RATES)
    ]


def _together() -> Case:
    load = Together(
        Dhcp(rate=TARGET_RATE, seconds=4, outstanding=4000),
        Tftp(transfers=1_000_000, clients=32, wait=10_000),
        Http(1_000_000, clients=16, file=LARGE_FILE, by_bytes=True),
    )
    return Case(
        "dhcp",
        f"{TARGET_RATE:,} exchanges a second beside 32 TFTP and 16 HTTP clients",
        P99,
        (with_files(BOOT_FILE, LARGE_FILE),),
        load,
        warm_up=0.25,
        rounds=MOST_ROUNDS,
        note="three generators share a core, so it is what it can be at most",
    )
