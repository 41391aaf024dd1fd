"""Prepared answers: what the plain path has said once, said again for a twentieth of the cost.

All that an answer depends on is either in the key of its form (the shape of the request, the
kind of the machine, the relay) or fills a blank.  That this is so is not taken on trust: before
a form is used it must give, byte for byte, the plain answer to the request it was cut from, and
that to a twin: the same request of a machine that was made up and differs in every blank.
What is out of the ordinary has no form and takes the plain path, each time.
"""

import hashlib
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple, TypeVar

import msgspec

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Interface, Known, Reservation
from boots.model.site import Mode, Site
from boots.policy import forms, twins
from boots.policy.address import behind_relay
from boots.policy.answer import answer
from boots.policy.answered import Answer
from boots.policy.client import from_dhcp
from boots.policy.destination import is_host
from boots.policy.forms import Filling, Form, Near, Ready
from boots.wire import dhcp
from boots.wire.dhcp import Message
from boots.wire.options import MessageType
from boots.wire.skim import Skimmed, Skimmer

_MOST_FORMS = 4_096
_MOST_FILLINGS = 16_384  # of machines that asked of late
_NOWHERE = bytes(4)
_NO_ADDRESS = IPv4Address(0)
_ASKING = {int(MessageType.DISCOVER), int(MessageType.REQUEST)}

K = TypeVar("K")
V = TypeVar("V")
Held = Callable[[Known], str]
Key = tuple[bytes, int, bytes, int, bool]


class Silent(NamedTuple):
    """A request that gets no answer, as no record has its MAC."""

    mac: str
    message: str
    why: str


class Prepared:
    """Answers of one site that gives addresses by reservation, as its records stand.

    `held` says why a machine is held, and nothing if it is not.
    """

    def __init__(self, site: Site, by_mac: Mapping[Mac, Known], held: Held) -> None:
        self._site = site
        self._by_mac = by_mac
        self._held = held
        self._skim = Skimmer().skim
        self._kinds: dict[bytes, int] = {}
        self._last: _Last | None = None
        self._fillings: dict[bytes, Filling] = {}
        self._forms: dict[Key, Form | None] = {}
        self._seen: dict[Key, None] = {}
        # As much of a MAC as quirks look at.
        longest = max((len(oui) for quirk in site.quirks for oui in quirk.match.ouis), default=0)
        self._oui_end = 28 + min(6, (longest + 2) // 3)

    def answer(self, data: bytes) -> Ready | Silent | None:
        """The answer to a packet; None where it must take the plain path."""
        asked = self._skim(data)
        if asked is None:
            return None
        octets = data[28:34]
        filling = self._fillings.get(octets)
        if filling is None:
            mac = macs.from_bytes(octets)
            known = self._by_mac.get(mac)
            if known is None:
                return self._silence(asked, mac)
            filling = self._filling(known)
            if filling is None:
                return None
            _keep(self._fillings, octets, filling, _MOST_FILLINGS)
        kind, _, address, _, _, known = filling
        _, shape, _, _, wanted = asked
        ciaddr = data[12:16]
        has_ciaddr = ciaddr != _NOWHERE
        if (
            (wanted is not None and wanted != address)
            or (has_ciaddr and ciaddr != address)
            or self._held(known)
        ):
            return None
        # The relay and what quirks see of the MAC stand side by side.
        key = shape, kind, data[24 : self._oui_end], data[10] & 0x80, has_ciaddr
        form = self._forms.get(key) or self._form(key, asked, filling)
        return form.fill(asked, filling) if form is not None and form.suits(filling) else None

    def forget(self, mac: Mac) -> None:
        """Fill no more blanks from what was known of this machine."""
        self._fillings.pop(macs.to_bytes(mac), None)

    def _silence(self, asked: Skimmed, mac: Mac) -> Silent | None:
        if self._site.mode is not Mode.RESERVATION or asked.kind not in _ASKING:
            return None
        return Silent(mac, MessageType(asked.kind).name, "no record has this MAC")

    # --- what a machine puts into the blanks

    def _filling(self, known: Known) -> Filling | None:
        interface = known.interface
        own = interface.reservation
        if own is None or not is_host(own.address, own):
            return None
        number = int(own.address)
        name = own.host_name.encode()
        last = self._last
        if last is None or not last.fits(interface, own, number, len(name)):
            kind = self._kinds.setdefault(_kind(interface, own, len(name)), len(self._kinds))
            last = self._last = _Last(kind, interface, own, number, len(name))
        return Filling(last.kind, str(own.address), number.to_bytes(4), number, name, known)

    # --- forms

    def _form(self, key: Key, asked: Skimmed, filling: Filling) -> Form | None:
        """A form for what was asked for twice, if there can be one.

        Once is not enough: who makes requests up must not have us cut forms for each.
        """
        if key in self._forms:
            return None
        if key not in self._seen:
            _keep(self._seen, key, None, _MOST_FORMS)
            return None
        del self._seen[key]
        message, plain = self._plain(asked, filling)
        near = _near(message, self._site)
        if near is not None and not near[0] <= filling.number <= near[1]:
            return None  # of all machines of its kind this one may be out of place
        form = None
        if message.kind in _ASKING:
            form = self._cut(asked, filling, plain, near)
        _keep(self._forms, key, form, _MOST_FORMS)
        return form

    def _cut(self, asked: Skimmed, filling: Filling, plain: Answer, near: Near) -> Form | None:
        form = forms.cut(asked, filling, plain, self._site, near)
        if form is None or not _says(form, asked, filling, plain, self._site):
            return None
        other = twins.machine(filling, near, self._oui_end - 28)
        like = twins.request(asked, filling, other)
        if like is None or not form.suits(other):
            return None
        _, same = self._plain(like, other)
        return form if _says(form, like, other, same, self._site) else None

    def _plain(self, asked: Skimmed, filling: Filling) -> tuple[Message, Answer]:
        message = dhcp.decode(asked.data)
        client = from_dhcp(message, self._site.quirks)
        return message, answer(message, client, filling.known, self._site)


class _Last(NamedTuple):
    """The machine that was told its kind last: the next one is often of the same."""

    kind: int
    interface: Interface
    own: Reservation
    number: int
    length: int

    def fits(self, interface: Interface, own: Reservation, number: int, length: int) -> bool:
        """Whether another machine is of its kind: a fourth of the time that `_kind` takes."""
        _, seen, like, before, size = self
        changed = msgspec.structs.replace(own, address=like.address, host_name=like.host_name)
        return (
            length == size
            and not (number ^ before) >> 32 - own.prefix
            and changed == like
            and interface.netboot == seen.netboot
            and interface.dhcp == seen.dhcp
            and interface.vlan == seen.vlan
        )


def _kind(interface: Interface, own: Reservation, length: int) -> bytes:
    """All that an answer depends on of a record, but for what fills the blanks; its digest.

    A record may hold a whole script.
    """
    network = int(own.address) >> 32 - own.prefix
    alike = msgspec.structs.replace(own, address=_NO_ADDRESS, host_name="")
    parts = (network, length, alike, interface.netboot, interface.dhcp, interface.vlan)
    return hashlib.blake2b(_ENCODER.encode(parts), digest_size=16).digest()


def _packed(value: IPv4Address | IPv4Network) -> object:
    """Addresses as they are quickest told apart."""
    return value.packed if isinstance(value, IPv4Address) else str(value)


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_packed)


def _near(message: Message, site: Site) -> Near:
    found = behind_relay(message, site)
    if found is None:
        return None
    return int(found.network.network_address), int(found.network.broadcast_address)


def _says(form: Form, asked: Skimmed, filling: Filling, plain: Answer, site: Site) -> bool:
    """Whether a form, filled in, says all that a plain answer does."""
    reply, to, client = plain.reply, plain.to, plain.client
    if reply is None or to is None or client is None:
        return False
    ready = form.fill(asked, filling)
    hardware = macs.to_bytes(to.hardware) if to.hardware is not None else b""
    return (
        ready.data == dhcp.encode(reply, plain.limit)
        and (ready.to, ready.hardware) == ((str(to.address), to.port), hardware)
        and ready.source == to.source
        and forms.gist(plain, reply, client, site) == ready.gist
    )


def _keep(kept: dict[K, V], key: K, value: V, most: int) -> None:
    """Keep one more.  When there are too many all go: to find the oldest costs more each time."""
    if len(kept) >= most:
        kept.clear()
    kept[key] = value
