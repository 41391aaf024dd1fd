"""Opening the doors: a socket for each, of our own or from systemd, and what they ask."""

import os
import socket
import ssl
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from typing import Protocol

import structlog

from boots.app.answers import Answers
from boots.app.descriptors import shares, tell_if_few
from boots.app.fairness import Fairness
from boots.app.process import files_allowed
from boots.journal.limited import Limited
from boots.model.site import Mode
from boots.serve import sockets
from boots.serve.connections import Bounds
from boots.serve.dhcp import DhcpDoor, Kept
from boots.serve.doors import Record
from boots.serve.doubtful import DoubtfulFiles
from boots.serve.ear import Ear, Hearer, listening
from boots.serve.foreign import HEARD_A_SECOND, ForeignServers, Neighbourhood
from boots.serve.http import Extras, HttpDoor
from boots.serve.ndp import NdpDoor
from boots.serve.packets import Keep, Packets, Place
from boots.serve.shadow import Shadow
from boots.serve.syslog import SyslogDoor
from boots.serve.tftp import TftpDoor
from boots.settings import Settings
from boots.wire.dhcp import CLIENT_PORT

TRANSFERS = frozenset({"tftp", "http"})
"""The doors that files and scripts leave by."""

EVERY = TRANSFERS | {"dhcp", "ndp", "syslog"}
_log = structlog.get_logger()


class Door(Protocol):
    """A door whose socket asyncio watches."""

    def open(self, loop: AbstractEventLoop) -> None:
        """Begin to answer."""

    def close(self, loop: AbstractEventLoop) -> None:
        """Stop answering."""


class Opening:
    """Binds every socket that the settings call for, and makes the doors behind them.

    `given` are sockets that are open already, by the name of their door; else they are systemd's.
    With `secure` there is an HTTPS door, too.
    `only` names the doors that are opened.  `packets` keeps the DHCP messages.
    `listeners` says afterwards what was bound, for people.
    """

    def __init__(
        self,
        settings: Settings,
        addresses: Mapping[str, IPv4Interface],
        answers: Answers,
        record: Record,
        alive: Callable[[], object],
        *,
        extras: Extras | None = None,
        packets: Packets | None = None,
        given: dict[str, list[socket.socket]] | None = None,
        secure: ssl.SSLContext | None = None,
        only: AbstractSet[str] = EVERY,
    ) -> None:
        self._settings = settings
        self._addresses = addresses
        self._answers = answers
        self._record = record
        self._alive = alive
        self._extras = extras or Extras()
        self._packets = packets or Packets(time.time)
        self._doubtful = DoubtfulFiles(record, time.monotonic)
        self._limited = Limited(record)
        self._fairness = Fairness(settings, answers, self._limited)
        self._bound: set[tuple[str, IPv4Address]] = set()
        self._given = sockets.from_systemd(os.environ, os.getpid()) if given is None else given
        self._secure = secure
        self._only = only
        connections, files = settings.http.connections, files_allowed()
        self._shares = shares(files, len(addresses), connections, secure=secure is not None)
        tell_if_few(files, self._shares, connections)
        self.listeners: list[str] = []

    def doors(self) -> Iterator[Door | HttpDoor]:
        """Each door as soon as its socket is bound, so that whoever opens it can close it again.

        Raises:
            StartError: a socket cannot be bound.
        """
        for interface, own in self._addresses.items():
            address = own.ip
            yield from self._doors_of(interface, address)
            if self._settings.http.enabled and "http" in self._only:
                at = self.listens_at("http", "", address)
                yield self._http_door("http", interface, at, self._extras)
                if self._secure is not None:
                    secure = replace(
                        self._extras, tls=self._secure, mac_of=self._answers.owners.mac_of
                    )
                    yield self._http_door("https", interface, at, secure)
        for name, unused in self._given.items():
            for each in unused:
                each.close()
                _log.warning("a socket of systemd's is not used", name=name)

    def _sock(self, door: str, interface: str, make: Callable[[], socket.socket]) -> socket.socket:
        """The socket systemd holds for a door, or one of our own."""
        ready = self._given.get(f"{door}-{interface}") or self._given.get(door)
        handed = bool(ready)
        found = ready.pop(0) if ready else make()
        if handed and door in {"dhcp", "dhcp-proxy"}:
            sockets.hold_to(found, interface)
        address, port = found.getsockname()[:2]
        self.listeners.append(f"{door} {interface} {address}:{port}")
        return found

    def listens_at(self, door: str, named: str, address: IPv4Address) -> IPv4Address:
        """Where a door listens: where clients are told it is, if that address is this machine's.

        Of several interfaces the first one has it; the others listen on their own.
        """
        told = IPv4Address(named or self._settings.address or address)
        taken = told in {own.ip for own in self._addresses.values()} or (door, told) in self._bound
        if told != address and (taken or not sockets.is_ours(told)):
            told = address
        self._bound.add((door, told))
        return told

    def _doors_of(
        self,
        interface: str,
        address: IPv4Address,
    ) -> Iterator[Door]:
        settings, record = self._settings, self._record
        if settings.dhcp.mode != "off" and "dhcp" in self._only:
            yield from self._dhcp_doors(interface)
        if settings.tftp.enabled and "tftp" in self._only:
            at = self.listens_at("tftp", settings.tftp.address, address)
            bound = self._sock("tftp", interface, partial(sockets.udp, at, settings.tftp.port))
            block = settings.tftp.largest_block
            mtu = block + 32 if block else sockets.interface_mtu(interface)
            fetch = self._answers.fetch(interface, tftp=True)
            yield TftpDoor(
                bound,
                fetch,
                record,
                time.monotonic,
                mtu,
                single_port=settings.tftp.single_port,
                admits=self._fairness.tftp(),
                limited=self._limited,
                most=self._shares.transfers,
            )
        if settings.router_advertisements and not settings.dhcp.shadow and "ndp" in self._only:
            ndp = sockets.icmpv6(interface)
            if ndp is not None:
                admits = self._fairness.ndp()
                yield NdpDoor(ndp, interface, self._answers.may_boot, record, admits)
        if settings.syslog.enabled and "syslog" in self._only:
            at = self.listens_at("syslog", settings.syslog.address, address)
            bound = self._sock("syslog", interface, partial(sockets.udp, at, settings.syslog.port))
            yield SyslogDoor(bound, self._answers.owners.mac_of, record, self._fairness.syslog())

    def _dhcp_doors(self, interface: str) -> Iterator[Door]:
        """Port 67, port 4011 where we are a proxyDHCP server, and an ear for other servers."""
        settings, record = self._settings.dhcp, self._record
        shadow = Shadow(interface, record, time.monotonic) if settings.shadow else None
        foreign = ForeignServers(interface, self._around(interface), record, time.monotonic)
        yield from self._ear(interface, foreign, shadow)
        ports = {"dhcp": settings.port}
        if Mode(settings.mode).proxies:
            ports["dhcp-proxy"] = settings.proxy_port
        for door, port in ports.items():
            proxy = door == "dhcp-proxy"
            bound = self._sock(
                door, interface, partial(sockets.udp, IPv4Address(0), port, interface)
            )
            yield DhcpDoor(
                bound,
                interface,
                self._answers.dhcp(interface, proxy=proxy),
                record,
                to_sender=partial(self._answers.is_near, interface) if proxy else None,
                shadow=shadow,
                prepared=None if proxy else self._answers.prepared(interface),
                # What comes to port 4011 is for us, whatever server it names.
                foreign=None if proxy else foreign,
                doubtful=self._doubtful,
                is_machines=partial(self._answers.is_machines, interface),
                admits=self._fairness.dhcp(),
                packets=Kept(
                    heard=self._keeper(interface, port, ours=False),
                    sent=self._keeper(interface, port, ours=True),
                ),
            )

    def _ear(
        self, interface: str, foreign: ForeignServers, shadow: Shadow | None
    ) -> Iterator[Door]:
        """What hears other servers, where that is ours to open.

        It hears what is not for us in shadow mode only: on a bridge with other traffic that is
        dear.
        """
        ours, friends = self._own_addresses(), self._friends()
        deaf_to = ours if shadow else ours | friends
        heard = listening(interface, deaf_to, promiscuous=shadow is not None)
        if heard is not None:
            hearers: list[Hearer] = [foreign.heard]
            if shadow is not None:
                hearers.append(shadow.overheard)
            keep = self._keeper(interface, CLIENT_PORT, ours=False)
            most = 0 if shadow else HEARD_A_SECOND
            yield Ear(heard, hearers, time.monotonic, most, keep, interface=interface)
        elif shadow:
            _log.warning(
                "other servers' replies cannot be heard: that needs CAP_NET_RAW",
                interface=interface,
            )

    def _keeper(self, interface: str, port: int, *, ours: bool) -> Keep:
        address = self._addresses[interface].ip
        return self._packets.keeper(Place(interface, address, port, ours))

    def _around(self, interface: str) -> Neighbourhood:
        """Who is wanted on an interface, and whether others are expected there."""
        answers, wanted = self._answers, self._own_addresses() | self._friends()

        def expects() -> bool:
            site = answers.world.sites[interface]
            return site.mode.proxies or site.shadow or not site.authoritative

        return Neighbourhood(
            is_wanted=lambda address: address in wanted or sockets.is_ours(address),
            may_boot=answers.may_boot,
            expects=expects,
        )

    def _own_addresses(self) -> set[IPv4Address]:
        told = {IPv4Address(self._settings.address)} if self._settings.address else set()
        return {own.ip for own in self._addresses.values()} | told

    def _friends(self) -> set[IPv4Address]:
        return {IPv4Address(each) for each in self._settings.dhcp.friends if each}

    def _http_door(self, door: str, interface: str, at: IPv4Address, extras: Extras) -> HttpDoor:
        http = self._settings.http
        port = http.port if door == "http" else http.https_port
        return HttpDoor(
            self._sock(door, interface, partial(sockets.tcp, at, port)),
            self._answers.fetch(interface, tftp=False),
            self._record,
            time.monotonic,
            self._alive,
            extras=replace(
                extras,
                images=self._answers.images(interface),
                interface=interface,
                limited=self._limited,
                bounds=Bounds(
                    most=self._shares.connections,
                    is_known=self._answers.owners.is_at,
                    trusted=extras.trusted,
                ),
            ),
        )
