"""What ``boots doctor`` looks into, in which order, and with what of the house."""

import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

from boots.app import world as worlds
from boots.app.world import World
from boots.cli import written
from boots.doctor import doors, fetching, kernel, offers, tables, transfers
from boots.doctor.asking import Heard, Link, Relay, Way, ask, questions
from boots.doctor.doors import Door
from boots.doctor.errors import DoctorError
from boots.doctor.fetching import Fetched, Outcome
from boots.doctor.inlet import Inlet
from boots.doctor.offers import Circumstances
from boots.doctor.place import Place
from boots.doctor.urls import of_chains
from boots.doctor.words import Finding, Report, Severity
from boots.documents.fault import Faulty
from boots.machines.files import Cache
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Mode
from boots.policy import client as clients
from boots.policy import home
from boots.policy.answer import Answer, answer
from boots.policy.explain import FIRMWARE, Firmware, chain
from boots.policy.got import Got
from boots.policy.served import as_served
from boots.serve import sockets
from boots.settings import Settings

# For a MAC that is nobody's: of a server that answers strangers.
_STRANGER = Mac("02:b0:07:5d:0c:01")
_FIRST = 0x646F6300  # of the transactions, so that they can be told in a capture
_ASKED = {"aarch64": ("UEFI arm64 PXE", "BIOS with iPXE")}
_USUAL = ("BIOS PXE ROM", "BIOS with iPXE", "UEFI x64 PXE", "UEFI x64 HTTP")


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask for, whom to ask as a relay, how long; and whether from another host."""

    mac: Mac | None = None
    relay: IPv4Address | None = None
    seconds: float = 4.0
    elsewhere: bool = False


def examine(settings: Settings, asking: Asking) -> Report:
    """Look into all of it.

    Raises:
        StartError: an interface is not there.
        SettingsError: a setting is wrong.
    """
    addresses = {name: sockets.interface_address(name) for name in settings.interfaces}
    try:
        world = worlds.build(settings, addresses, Cache())
    except Faulty as error:
        return Report(
            findings=tuple(map(written.faulty, error.faults)), asked=("the records alone",)
        )
    places = [
        Place(name, addresses[name], site, here=not asking.elsewhere)
        for name, site in world.sites.items()
    ]
    looked = [_Examination(settings, world, place, asking) for place in places]
    findings = [finding for each in looked for finding in each.findings()]
    findings += written.judge(settings, world, places)
    return Report(
        findings=tuple(dict.fromkeys(findings)),
        asked=tuple(line for each in looked for line in each.asked),
    )


class _Examination:
    """One interface."""

    def __init__(self, settings: Settings, world: World, place: Place, asking: Asking) -> None:
        self._settings, self._place, self._asking = settings, place, asking
        self._mac = asking.mac or _somebody(world, place)
        known = world.index.by_mac.get(self._mac)
        self._known = as_served(self._mac, known, place.site)
        self._firmware = _firmware(self._known)
        self._ports = tables.open_ports() if place.here else []
        self._index = socket.if_nametoindex(place.interface)
        self.asked: list[str] = []

    def findings(self) -> Iterator[Finding]:
        """All that is wrong there."""
        place = self._place
        down: list[Finding] = []
        if place.here:
            down = list(doors.judge(place, self._doors(), self._index, self._ports, tables.holder))
            yield from down
        if any(finding.code == "not-running" for finding in down):
            fetched: list[Fetched] = []  # each would only be told as closed once more
        else:
            fetched = self._fetched()
            yield from transfers.judge(place, fetched)
            yield from self._of_certificate(fetched)
        yield from self._of_dhcp(fetched)
        yield from self._of_kernel()

    # --- DHCP

    def _of_dhcp(self, fetched: Sequence[Fetched]) -> Iterator[Finding]:
        if self._place.site.mode is Mode.OFF:
            self._say("DHCP is off (dhcp.mode), and was not asked")
            return
        yield from self._of_link(fetched)
        if self._asking.relay is not None:
            yield from self._of_relay(self._asking.relay, fetched)

    def _of_link(self, fetched: Sequence[Fetched]) -> Iterator[Finding]:
        place = self._place
        with ExitStack() as opened:
            inlet: Inlet | None = None
            how = "broadcast on the wire"
            if place.here:
                try:
                    inlet = opened.enter_context(Inlet(place.interface))
                    how += f", and handed to this host as if it had come in by {place.interface}"
                except DoctorError as error:
                    how += f"; this host's own server could not be asked: {error}"
            try:
                link = Link(place.interface, inlet)
            except DoctorError as error:
                self._say(f"DHCP was not asked: {error}")
                return
            opened.callback(link.close)
            self._say(f"DISCOVER for {self._mac}: {how}")
            heard, expected = self._ask(link)
        deaf = place.here and inlet is None
        yield from self._judged(place, heard, {} if deaf else expected, fetched)

    def _of_relay(self, server: IPv4Address, fetched: Sequence[Fetched]) -> Iterator[Finding]:
        own = self._place.own.ip
        try:
            relay = Relay(own, server)
        except DoctorError as error:
            self._say(f"not asked as a relay: {error}")
            return
        try:
            self._say(f"DISCOVER for {self._mac}: as the relay {own}, to {server}")
            heard, expected = self._ask(relay)
        finally:
            relay.close()
        place = replace(self._place, interface=f"relay {own}", here=False)
        yield from self._judged(place, heard, expected, fetched)

    def _ask(self, way: Way) -> tuple[list[Heard], Mapping[str, Answer]]:
        """What was offered, and what we would answer."""
        asked = questions(self._firmware, self._mac, _FIRST)
        site = self._place.site
        expected = {}
        for firmware, message in asked.values():
            sent = way.dressed(message)
            client = clients.from_dhcp(sent, site.quirks)
            expected[firmware.name] = answer(sent, client, self._known, site)
        return ask(way, asked, self._asking.seconds, time.monotonic), expected

    def _judged(
        self,
        place: Place,
        heard: Sequence[Heard],
        expected: Mapping[str, Answer],
        fetched: Sequence[Fetched],
    ) -> Iterator[Finding]:
        known = Circumstances(
            listens=any(doors.is_open(door, self._index, self._ports) for door in self._dhcp()),
            answers=transfers.answering(fetched),
            drops=kernel.drops() if place.here else (),
        )
        for finding in offers.judge(place, heard, expected, known):
            if finding.code != "not-running":  # the doors have told that
                yield finding

    # --- doors and files

    def _dhcp(self) -> list[Door]:
        port = self._settings.dhcp.port
        return [] if self._place.site.mode is Mode.OFF else [Door("DHCP", "udp", port)]

    def _doors(self) -> list[Door]:
        settings, own = self._settings, self._place.own.ip
        found = self._dhcp()
        if self._place.site.mode.proxies:
            found.append(Door("proxyDHCP", "udp", settings.dhcp.proxy_port))
        if settings.tftp.enabled:
            at = _listens_at(self._place.site.tftp, own)
            found.append(Door("TFTP", "udp", settings.tftp.port, at))
        at = _listens_at(self._place.site.server, own)
        if settings.http.enabled:
            found.append(Door("HTTP", "tcp", settings.http.port, at))
            if settings.http.certificate:
                found.append(Door("HTTPS", "tcp", settings.http.https_port, at))
        if settings.syslog.enabled:
            at = _listens_at(self._place.site.syslog or own, own)
            found.append(Door("syslog", "udp", settings.syslog.port, at))
        return found

    def _fetched(self) -> list[Fetched]:
        """Try all that this machine would be told to load."""
        site = self._place.site
        chains = [chain(each, self._mac, self._known, site) for each in self._firmware]
        urls = of_chains(chains, self._is_the_machines)
        if self._settings.http.certificate:
            port = self._settings.http.https_port
            urls.append(f"https://{site.server}:{port}/healthz")
        where = "past the wire, so MTU and switches were not tried" if self._place.here else ""
        if urls:
            self._say(f"{len(urls)} URLs of its boot fetched{where and ' from this host, '}{where}")
        return list(_fetch(urls))

    def _is_the_machines(self, got: Got) -> bool:
        """Whether this goes to the machine's own addresses, and not to ours."""
        known, site = self._known, self._place.site
        if known is None or not home.elsewhere(known, site.server, None, site):
            return False
        return home.is_private(got, known, site)

    def _of_certificate(self, fetched: Sequence[Fetched]) -> Iterator[Finding]:
        """Whether the server still shows what was in the file when it started."""
        path = self._settings.http.certificate
        try:
            pem = Path(path).read_text() if path else ""
        except (OSError, ValueError):
            return  # what is wrong with the file is said of the file
        if pem and any(written.served_another(pem, each.certificate) for each in fetched):
            yield Finding(
                code="certificate",
                severity=Severity.WARNING,
                title=f"the server shows another certificate than {path} holds",
                advice="restart it: a certificate is read at the start",
                interface=self._place.interface,
            )

    def _of_kernel(self) -> Iterator[Finding]:
        place, site = self._place, self._place.site
        if not place.here:
            return
        lost = [
            str(each.network)
            for each in site.subnets
            if site.server not in each.network
            and kernel.way_to(each.network[1]) not in {place.own.ip, IPv4Address(0)}
        ]
        yield from kernel.judge(
            place,
            sockets.interface_mtu(place.interface),
            self._settings.tftp.largest_block,
            is_strict=kernel.strict(place.interface),
            lost=lost,
        )

    def _say(self, line: str) -> None:
        self.asked.append(f"{self._place.interface}: {line}")


def _fetch(urls: Iterable[str]) -> Iterator[Fetched]:
    """Try these, but of a door that does not answer only the first."""
    dead: set[tuple[str, str]] = set()
    for url in urls:
        door = urlsplit(url)[:2]
        if door not in dead:
            found = fetching.fetch(url, time.monotonic)
            if found.outcome in {Outcome.SILENT, Outcome.CLOSED}:
                dead.add(door)
            yield found


def _listens_at(told: IPv4Address, own: IPv4Address) -> IPv4Address:
    return told if sockets.is_ours(told) else own


def _somebody(world: World, place: Place) -> Mac:
    """The MAC of a record that is answered here, of one with an address if there is one."""
    reserved = (
        known
        for address in world.index.by_address
        if place.site.network is None or address in place.site.network
        if (known := world.index.by_address[address]).interface.dhcp
    )
    found = next(reserved, None)
    return next(iter(world.index.by_mac), _STRANGER) if found is None else found.mac


def _firmware(known: Known | None) -> list[Firmware]:
    names = _ASKED.get(known.machine.cpu if known else "", _USUAL)
    return [each for each in FIRMWARE if each.name in names]
