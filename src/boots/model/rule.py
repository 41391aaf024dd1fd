"""Rules of enrolment: which record a machine that has none would get."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from boots.model.machine import Place
from boots.model.word import Word


class Bound(Word, frozen=True):
    """A comparison with a number: `relation` is ``=``, ``>=``, ``<=``, ``>`` or ``<``.

    `written` is it as a person wrote it.
    """

    relation: str
    number: int
    written: str


class Match(Word, frozen=True):
    """Which machines a rule is about: those to which all that is not empty applies.

    Of several patterns or networks one must fit, of several bounds all.  Patterns are those of a
    shell, upper and lower case are one, and a `mac` is any of the machine's.  `switch`, `port`,
    `port_description` and `vlan` are those of one and the same NIC.  `memory` and `largest_disk`
    are in bytes, `disks`, `nics` and `cpus` are how many.  `network` holds the address that the
    machine has now.
    """

    manufacturer: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    serial: tuple[str, ...] = ()
    uuid: tuple[str, ...] = ()
    mac: tuple[str, ...] = ()
    cpu: tuple[str, ...] = ()
    cpu_model: tuple[str, ...] = ()
    firmware: tuple[str, ...] = ()
    secure_boot: bool | None = None
    switch: tuple[str, ...] = ()
    port: tuple[str, ...] = ()
    port_description: tuple[str, ...] = ()
    vlan: tuple[Bound, ...] = ()
    memory: tuple[Bound, ...] = ()
    disks: tuple[Bound, ...] = ()
    largest_disk: tuple[Bound, ...] = ()
    nics: tuple[Bound, ...] = ()
    cpus: tuple[Bound, ...] = ()
    network: tuple[IPv4Network, ...] = ()


class Rule(Word, frozen=True):
    """One rule: its name, whom it is about, and the record they get, in our short form.

    The texts of the record may be templates.  With `auto` the record is made without asking.
    `of_switch` is whether its match or a template of its asks where the machine is plugged in.
    """

    name: str
    place: Place
    match: Match = Match()
    record: Mapping[str, Any] = {}
    auto: bool = False
    of_switch: bool = False
