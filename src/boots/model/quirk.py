"""Quirks: clients that must be answered otherwise than the standards say, as data."""

from collections.abc import Mapping

from boots.model.machine import Architecture
from boots.model.word import Word


class Match(Word, frozen=True):
    """Which clients a quirk is about: those to whom all that is not empty applies.

    `codes` are numbers of option 93, `vendor_class` and `user_class` beginnings of options 60
    and 77, `ouis` beginnings of MACs.  `programs` are names of `Program`, kinds of client as
    told by the message alone.  `has` are codes of options of which one is there at least.
    """

    codes: tuple[int, ...] = ()
    architectures: tuple[Architecture, ...] = ()
    vendor_class: str = ""
    user_class: str = ""
    ouis: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    has: tuple[int, ...] = ()


class Behaviour(Word, frozen=True):
    """What is done otherwise; None or empty leaves it as it is.

    `architecture` is what the client is, whatever it says.
    `program` is which kind of client it is, by a name of `Program`.
    `vendor_class` is sent as option 60, ``""`` sends none.
    `discovery_control` is whether option 43 tells it to skip the search for boot servers.
    `vendor_options` are further sub-options of 43, raw, by code.
    `options` are further options, raw, by code.
    `omit` are codes of options that are not sent.
    `server_name` sends the address of the TFTP server as option 66, too.
    `whole_path` gives its boot file as a full URL.
    `broadcast` sends its replies to everybody, whatever its flags say.
    `chain_load` gives an iPXE that lacks what ours has a boot file of ours before the script.
    `boot_file` replaces the boot file of its architecture, where it is installed.
    `largest_block` is the largest TFTP block in bytes.
    """

    architecture: Architecture | None = None
    program: str | None = None
    vendor_class: str | None = None
    discovery_control: bool | None = None
    vendor_options: Mapping[int, bytes] = {}
    options: Mapping[int, bytes] = {}
    omit: tuple[int, ...] = ()
    server_name: bool | None = None
    whole_path: bool | None = None
    broadcast: bool | None = None
    chain_load: bool | None = None
    boot_file: str = ""
    largest_block: int = 0


PLAIN = Behaviour()
"""Nothing is done otherwise."""


class Quirk(Word, frozen=True):
    """One row: its name, whom it is about, what is done, and who needs it (for people)."""

    name: str
    match: Match
    behaviour: Behaviour
    needed_by: str = ""
