"""What the doors ask: policy, over the world that is in force at that moment."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Protocol

import msgspec

from boots.app.ahead import Ahead
from boots.app.leasing import Leased
from boots.app.loops import says_what_to_run
from boots.app.owners import Holders, Owners
from boots.app.seen import Seen, claimed
from boots.app.world import World
from boots.machines.index import Index
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Mode, Site
from boots.policy import answer as policy
from boots.policy import boot, home, iso, metadata, path, reach, subnet, token
from boots.policy import client as clients
from boots.policy.client import Client
from boots.policy.compare import as_if_chosen
from boots.policy.got import Got, Ground, Refusal, Rendered, Script
from boots.policy.prepared import Prepared
from boots.policy.stranger import made_up
from boots.serve.doors import Fetch, Given
from boots.serve.iso import Images, Pictured
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

_GIVING_BACK = {MessageType.RELEASE, MessageType.DECLINE}
_ASKING = {MessageType.DISCOVER, MessageType.REQUEST, MessageType.INFORM}


class Leases(Holders, Protocol):
    """Addresses of the pool."""

    def ask(
        self, message: Message, client: Client, site: Site, known: Known | None
    ) -> Leased | str:
        """The machine with the address that this message gets; or why it gets none."""

    def keep(
        self, interface: str, leased: Leased, answer: policy.Answer, *, shadow: bool
    ) -> policy.Answer:
        """Keep what the answer gives; the answer that may leave."""

    def hear(self, message: Message, client: Client, interface: str) -> None:
        """Take a RELEASE or a DECLINE."""


Held = Callable[[Known], str]
"""Why a machine may boot nothing for a while, as it goes round in a loop; empty if it does not."""


class Answers:
    """Answers from `world`; putting another one there is what a reload comes to.

    `over` puts over an index what was ordered of its machines.  `leaves` hears of each machine
    that is told by a script or menu of ours what to run, before that leaves, and `ticket` gives
    it one where a run waits for it.
    """

    def __init__(
        self,
        world: World,
        leases: Leases | None = None,
        held: Held = lambda _: "",
        seen: Seen | None = None,
        over: Callable[[Index], Index] = lambda index: index,
        *,
        leaves: Callable[[Known], None] = lambda _: None,
        ticket: Callable[[Known, Site], str] = lambda _known, _site: "",
    ) -> None:
        self._over = over
        self._leaves = leaves
        self._ticket = ticket
        self.raw = world
        """The world in force without what was ordered."""
        self._world = replace(world, index=over(world.index))
        self._ahead: dict[str, Ahead] = {}
        self._leases = leases
        self._held = held
        self._seen = seen or Seen()
        self.owners = Owners(self._world.index, leases, self._seen)
        """Knows which machine asks."""

    def dhcp(self, interface: str, *, proxy: bool = False) -> Callable[[Message], policy.Answer]:
        """What the DHCP door of an interface asks; with `proxy` the one for boot questions."""

        def answer(message: Message) -> policy.Answer:
            world = self.world
            site = world.sites[interface]
            if site.mode.proxies or site.shadow:
                self._learn(message, site)
            if site.shadow:
                message = as_if_chosen(message, site)
            client = clients.from_dhcp(message, site.quirks)
            known = world.index.by_mac.get(client.mac) if client else None
            if client and site.mode is Mode.POOL and self._leases:
                if message.kind in _GIVING_BACK:
                    outside = subnet.outside(message, site, None)
                    if not outside and not self.is_machines(interface, message.giaddr):
                        self._leases.hear(message, client, interface)
                elif message.kind in _ASKING and _wants_lease(known):
                    return self._leased(self._leases, interface, message, client, known)
            elif client and known is None and site.mode is Mode.AUTO_PROXY:
                known = made_up(client.mac, site, client=client)
            return policy.answer(message, client, self._with_hold(known), site, proxy=proxy)

        return answer

    def _learn(self, message: Message, site: Site) -> None:
        """Take what a client says of its address, of networks of ours: anybody can write any."""
        address = claimed(message)
        if address is None:
            return
        known = self.world.index.by_mac.get(macs.from_bytes(message.chaddr))
        own = known.interface.reservation if known else None
        if subnet.is_near(address, site, own) and not subnet.outside(message, site, own):
            self._seen.learn(message)

    @property
    def world(self) -> World:
        """The world in force."""
        return self._world

    @world.setter
    def world(self, world: World) -> None:
        self.raw = world
        self._world = replace(world, index=self._over(world.index))
        self.owners.index = self._world.index
        for interface, ahead in self._ahead.items():
            ahead.put(self._answer_ahead(interface))

    def held(self, known: Known) -> str:
        """Why this machine may boot nothing for a while; empty if it may."""
        return self._held(known)

    def forget(self, mac: Mac) -> None:
        """Prepare nothing more from what was known of this MAC: something was ordered."""
        for ahead in self._ahead.values():
            ahead.forget(mac)

    def prepared(self, interface: str) -> Ahead:
        """What the DHCP door of an interface asks first: answers that need no thinking."""
        return self._ahead.setdefault(interface, Ahead(self._answer_ahead(interface)))

    def _answer_ahead(self, interface: str) -> Prepared | None:
        site = self._world.sites.get(interface)
        if site is None or site.shadow or site.mode not in {Mode.RESERVATION, Mode.POOL}:
            return None
        return Prepared(site, self._world.index.by_mac, self._held)

    def _leased(
        self,
        leases: Leases,
        interface: str,
        message: Message,
        client: Client,
        known: Known | None,
    ) -> policy.Answer:
        """The answer for a machine that has no address of its own."""
        site = self.world.sites[interface]
        leased = leases.ask(message, client, site, known)
        if isinstance(leased, str):
            return policy.Answer(leased, client)
        answer = policy.answer(message, client, self._with_hold(leased.known), site)
        return leases.keep(interface, leased, answer, shadow=site.shadow)

    def fetch(self, interface: str, *, tftp: bool) -> Fetch:
        """What the doors for files on an interface ask.

        A MAC or the serial number of a Raspberry Pi in the path says which machine is meant, else
        the address that asks.
        """

        def fetch(asked: str, peer: IPv4Address) -> Given:
            site = self.world.sites[interface]
            sealed, rest = ("", asked) if tftp else path.sealed(asked)
            wanted = path.read(rest)
            if token.stands_in(wanted.name, site.token_key):  # which then must be in no log
                why = "a token opens metadata over HTTP, where it stands first in the path"
                return Given("", "(a token)", Refusal(Ground.FORBIDDEN, why))
            if not self._reaches(peer, site):
                return Given("", wanted.name, _outside(peer))
            if not tftp and (sealed or _is_metadata(wanted.name, site)):
                owner = self.owners.of_metadata(sealed, peer, site)
                made = metadata.give(wanted.name, owner, site)
                return Given(owner.mac if owner else "", wanted.name, made, owner)
            known = self.owners.machine(
                wanted.mac or self.owners.board(wanted.name, peer), peer, site
            )
            if says_what_to_run(wanted.name):  # what its last script loads it still gets
                known = self._with_ticket(self._with_hold(known), site)
            what = boot.fetch(wanted.name, known, site, tftp=tftp)
            elsewhere = self.owners.elsewhere(known, peer, site)
            if elsewhere and known is not None and home.is_private(what, known, site):
                what = Refusal(Ground.FORBIDDEN, elsewhere)
            tells = says_what_to_run(wanted.name) and _tells(what)
            if known is not None and tells and not elsewhere:  # who looks on spends no order
                self._leaves(known)
            mac = "" if elsewhere else known.mac if known else wanted.mac or ""
            private = (
                known is not None
                and isinstance(what, Script)
                and home.is_for_few(what, known, site)
            )
            return Given(mac, wanted.name, what, known, path.trace_of(asked), elsewhere, private)

        return fetch

    def images(self, interface: str) -> Images:
        """What the ISO endpoint of an interface asks."""

        def find(asked: str, peer: IPv4Address) -> Pictured:
            mac = iso.read(asked)
            if isinstance(mac, Refusal):
                return Pictured("", mac)
            site = self.world.sites[interface]
            # A disc is given to machines with a record only, whatever the mode.
            known = self._with_hold(self.world.index.by_mac.get(mac))
            if reach.is_bmc(peer, known):
                return Pictured(mac, iso.image(known, site))
            if not self._reaches(peer, site):
                return Pictured("", _outside(peer))
            what = iso.image(known, site)
            elsewhere = self.owners.elsewhere(known, peer, site)
            if elsewhere and home.is_private_disc(what, site):
                return Pictured("", Refusal(Ground.FORBIDDEN, elsewhere))
            return Pictured(mac, what)

        return find

    def _with_hold(self, known: Known | None) -> Known | None:
        why = self._held(known) if known is not None else ""
        return msgspec.structs.replace(known, held=why) if known is not None and why else known

    def _with_ticket(self, known: Known | None, site: Site) -> Known | None:
        text = self._ticket(known, site) if known is not None else ""
        return msgspec.structs.replace(known, ticket=text) if known is not None and text else known

    def _reaches(self, peer: IPv4Address, site: Site) -> bool:
        return reach.reaches(peer, site) or self.owners.given_to(peer) is not None

    def may_boot(self, mac: Mac) -> bool:
        """Whether the machine with this MAC may boot from us."""
        world = self.world
        known = world.index.by_mac.get(mac)
        if known is None:
            return any(
                site.unknown and site.mode in {Mode.POOL, Mode.AUTO_PROXY}
                for site in world.sites.values()
            )
        return not boot.refused(known)

    def is_machines(self, interface: str, address: IPv4Address) -> bool:
        """Whether a machine has this address, by its record or a lease, and is no gateway."""
        if any(address == each.gateway for each in self.world.sites[interface].subnets):
            return False
        leased = self._leases is not None and self._leases.holder(address) is not None
        return leased or address in self.world.index.by_address

    def is_near(self, interface: str, address: IPv4Address) -> bool:
        """Whether an address is of a network of ours, as this interface has it."""
        world = self.world
        known = world.index.by_address.get(address)
        own = known.interface.reservation if known else None
        return subnet.is_near(address, world.sites[interface], own)


def _outside(peer: IPv4Address) -> Refusal:
    return Refusal(Ground.OUTSIDE, f"{peer} is in no network that we know: {reach.ADVICE}")


def _tells(what: Got) -> bool:
    """Whether this tells what to run; ``autoexec.ipxe`` only leads there."""
    match what:
        case Script(_, profile, problem):
            return not problem and profile != path.AUTOEXEC
        case Rendered():
            return True
        case _:
            return False


def _is_metadata(name: str, site: Site) -> bool:
    return metadata.is_name(name) and name not in site.files


def _wants_lease(known: Known | None) -> bool:
    return known is None or (known.interface.dhcp and known.interface.reservation is None)
