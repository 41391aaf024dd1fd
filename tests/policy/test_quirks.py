"""Quirks: how rows are matched and joined, and for each row we ship what it changes."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import msgspec
import pytest
from tests.policy import made
from tests.policy.made import ADDRESS, MAC, SERVER, known, reservation, site

from boots.model.mac import Mac
from boots.model.machine import Architecture, Known
from boots.model.quirk import PLAIN, Behaviour, Match, Quirk
from boots.policy import client as clients
from boots.policy.answer import Answer, answer
from boots.policy.client import Program
from boots.policy.quirks import HABITS, SHIPPED, Facts, behaviour, matches, merged
from boots.wire import dhcp
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

DISCOVER, REQUEST, NAK = MessageType.DISCOVER, MessageType.REQUEST, MessageType.NAK
PI = bytes.fromhex("dca632010203")
VIRTUALBOX = bytes.fromhex("080027010203")
BIOS_IPXE = "http dns tftp bzimage"
FILES = {**made.FILES, "ipxe.pxe": "/srv/ipxe.pxe"}


def facts(**changes: object) -> Facts:
    plain = Facts(
        mac=MAC,
        program="PXE_ROM",
        architecture=Architecture.X64_UEFI,
        code=7,
        vendor_class="PXEClient:Arch:00007:UNDI:003000",
        user_class="",
        options=frozenset({53, 60, 93, 97}),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


# --- matching

MATCHING = {
    "nothing is asked": (Match(), True),
    "its code": (Match(codes=(6, 7)), True),
    "another code": (Match(codes=(6,)), False),
    "its architecture": (Match(architectures=(Architecture.X64_UEFI,)), True),
    "another architecture": (Match(architectures=(Architecture.BIOS,)), False),
    "the beginning of option 60": (Match(vendor_class="PXEClient:Arch:00007"), True),
    "another option 60": (Match(vendor_class="HTTPClient"), False),
    "another option 77": (Match(user_class="iPXE"), False),
    "the beginning of its MAC": (Match(ouis=("00:11:22", "52:54:00")), True),
    "another's MAC": (Match(ouis=("00:11:22",)), False),
    "its program": (Match(programs=("OS", "PXE_ROM")), True),
    "another program": (Match(programs=("OS",)), False),
    "an option that came": (Match(has=(94, 97)), True),
    "an option that did not come": (Match(has=(94,)), False),
    "two things of which one does not apply": (Match(codes=(7,), programs=("OS",)), False),
}


@pytest.mark.parametrize(("match", "expected"), MATCHING.values(), ids=MATCHING)
def test_a_quirk_is_about_those_to_whom_all_applies(match: Match, expected: bool) -> None:
    assert expected == matches(match, facts())


def test_a_client_without_option_93_has_no_code_to_match() -> None:
    assert not matches(Match(codes=(0, 7)), facts(code=None))


# --- joining


def quirk(name: str, match: Match = Match(), **said: object) -> Quirk:  # noqa: B008  # frozen
    return Quirk(name=name, match=match, behaviour=Behaviour(**said))  # type: ignore[arg-type]


def test_nobody_s_quirk_changes_nothing() -> None:
    assert PLAIN == behaviour(facts(), (quirk("a", Match(codes=(1,)), broadcast=True),))


def test_the_later_of_two_wins_and_what_it_leaves_open_stays() -> None:
    rows = (quirk("a", broadcast=True, boot_file="a"), quirk("b", boot_file="b"))
    assert Behaviour(broadcast=True, boot_file="b") == behaviour(facts(), rows)


def test_false_and_no_vendor_class_win_over_true_and_a_vendor_class() -> None:
    first = Behaviour(broadcast=True, chain_load=True, vendor_class="x")
    second = Behaviour(broadcast=False, vendor_class="")
    assert Behaviour(broadcast=False, chain_load=True, vendor_class="") == merged(first, second)


def test_options_of_several_quirks_are_joined() -> None:
    first = Behaviour(options={1: b"a", 2: b"a"}, vendor_options={9: b"a"}, omit=(7,))
    second = Behaviour(options={2: b"b"}, vendor_options={10: b"b"}, omit=(7, 12))
    joined = Behaviour(options={1: b"a", 2: b"b"}, vendor_options={9: b"a", 10: b"b"}, omit=(7, 12))
    assert joined == merged(first, second)


# --- what each thing a quirk can say changes in a reply


def answered(message: Message, *rows: Quirk) -> Answer:
    place = site(files=FILES)
    client = clients.from_dhcp(message, rows or SHIPPED)
    mac = client.mac if client else MAC
    return answer(message, client, at(mac), place)


def at(mac: Mac) -> Known:
    machine = known()
    interface = msgspec.structs.replace(machine.interface, mac=mac)
    return msgspec.structs.replace(machine, interface=interface)


def replied(message: Message, *rows: Quirk) -> Message:
    reply = answered(message, *rows).reply
    assert reply is not None
    return reply


def always(**said: object) -> Quirk:
    return quirk("always", **said)


def test_a_quirk_says_what_architecture_and_program_a_client_is() -> None:
    client = clients.from_dhcp(
        made.system(), (always(architecture=Architecture.ARM64_UEFI, program="PXE_ROM"),)
    )
    assert client is not None
    assert (Architecture.ARM64_UEFI, Program.PXE_ROM) == (client.architecture, client.program)


def test_a_quirk_sends_another_vendor_class_or_none() -> None:
    assert b"PXEClient" == replied(made.rom(), always(vendor_class="PXEClient")).options[60]
    assert 60 not in replied(made.http_firmware(), always(vendor_class="")).options


def test_a_quirk_leaves_the_search_for_boot_servers_on() -> None:
    assert 43 not in replied(made.rom(), always(discovery_control=False)).options
    row = always(discovery_control=True)
    assert bytes.fromhex("060108") == replied(made.http_firmware(), row).options[43]


def test_a_quirk_adds_and_leaves_out_options() -> None:
    row = always(options={150: b"\1\2\3\4", 3: SERVER.packed}, omit=(1, 53), server_name=True)
    options = replied(made.rom(), row).options
    assert (b"\1\2\3\4", b"192.168.1.1") == (options[150], options[66])
    assert 1 not in options
    assert bytes([MessageType.OFFER]) == options[53]


def test_a_quirk_never_replaces_what_is_the_protocol_s_own() -> None:
    rows = always(options={53: b"\6", 54: bytes(4), 51: bytes(4), 61: b"x", 82: b"x"})
    assert replied(made.rom()).options == replied(made.rom(), rows).options


def test_a_quirk_gives_the_whole_url() -> None:
    url = f"tftp://192.168.1.1/{MAC}/undionly.kpxe".encode()
    assert url == replied(made.rom(), always(whole_path=True)).file


def test_a_quirk_broadcasts() -> None:
    to = answered(made.rom(), always(broadcast=True)).to
    assert to is not None
    assert (made.EVERYONE, None) == (to.address, to.hardware)


def test_a_quirk_gives_another_boot_file_where_it_is_installed() -> None:
    assert b"own.efi" == replied(made.rom(), always(boot_file="own.efi")).file
    assert b"undionly.kpxe" == replied(made.rom(), always(boot_file="gone.efi")).file


# --- iPXE that must load ours first


@pytest.mark.parametrize("user_class", [b"Boots", b"Tinkerbell"])
def test_our_own_ipxe_is_never_chain_loaded(user_class: bytes) -> None:
    row = always(chain_load=True)
    assert b"auto.ipxe" in replied(made.ipxe(features="", user_class=user_class), row).file


def test_an_ipxe_that_has_all_that_ours_has_is_never_chain_loaded() -> None:
    # It may be the one that we loaded a moment ago.
    row = always(chain_load=True)
    assert b"auto.ipxe" in replied(made.ipxe(features=BIOS_IPXE), row).file
    assert b"undionly.kpxe" in replied(made.ipxe(features="http dns tftp"), row).file


# --- the rows that we ship


class Vector(NamedTuple):
    """A message, and what of the reply its quirk makes different."""

    message: Message
    look: Callable[[Message], object]
    with_quirk: object
    without: object


def option(code: int) -> Callable[[Message], object]:
    return lambda reply: reply.options.get(code, b"").hex()


def file(reply: Message) -> object:
    return reply.file.decode()


# The EEPROM's DISCOVER, and its REQUEST, which has no option 60.
PI_DISCOVER = made.rom(more={97: bytes(17)}, chaddr=PI)
PI_REQUEST = made.request(
    REQUEST, architecture=0, more={97: bytes(17), 54: SERVER.packed}, chaddr=PI
)
PI_43 = "060108091400001152617370626572727920506920426f6f740a0400505845"

VECTORS: dict[str, list[Vector]] = {
    "raspberry-pi": [
        Vector(PI_DISCOVER, file, "snponly-arm64.efi", "undionly.kpxe"),
    ],
    "raspberry-pi-loader": [
        Vector(PI_DISCOVER, option(43), PI_43, "060108"),
        Vector(PI_REQUEST, option(43), PI_43, ""),
        Vector(PI_REQUEST, option(66), b"192.168.1.1".hex(), ""),
    ],
    "u-boot": [Vector(made.rom(architecture=22), file, "", "netboot-not-allowed")],
    "virtualbox-ipxe": [
        Vector(
            made.ipxe(features="http dns tftp", chaddr=VIRTUALBOX),
            file,
            "tftp://192.168.1.1/08:00:27:01:02:03/ipxe.pxe",
            "http://192.168.1.1:8080/08:00:27:01:02:03/auto.ipxe",
        )
    ],
}


def test_every_row_has_a_vector_and_every_vector_a_row() -> None:
    assert [row.name for row in SHIPPED] == list(VECTORS)


@pytest.mark.parametrize(
    ("name", "vector"), [(name, vector) for name, each in VECTORS.items() for vector in each]
)
def test_a_row_changes_the_reply(name: str, vector: Vector) -> None:
    others = [row for row in SHIPPED if row.name != name]
    assert vector.with_quirk == vector.look(replied(vector.message))
    assert vector.without == vector.look(replied(vector.message, *others))


@pytest.mark.parametrize("row", SHIPPED, ids=lambda row: row.name)
def test_a_row_says_who_needs_it_and_names_programs_that_exist(row: Quirk) -> None:
    assert row.needed_by
    names = (*row.match.programs, *filter(None, [row.behaviour.program]))
    assert all(name in Program.__members__ for name in names)


def test_an_operating_system_on_a_raspberry_pi_is_one() -> None:
    reply = replied(made.system(chaddr=PI))
    assert (b"", None) == (reply.file, reply.options.get(43))


def test_a_row_of_the_operator_s_wins() -> None:
    own = quirk("own", Match(ouis=("dc:a6:32",)), boot_file="own.efi", server_name=False)
    reply = replied(PI_DISCOVER, *SHIPPED, own)
    assert (b"own.efi", None) == (reply.file, reply.options.get(66))


# --- what everybody gets for the sake of a few

HABIT_VECTORS: dict[str, Callable[[], bool]] = {
    "no-vendor-class": lambda: 60 not in replied(made.rom(architecture=11)).options,
    "without-uuid": lambda: (
        97 not in replied(made.rom()).options
        and b"\1\2" == replied(made.rom(more={97: b"\1\2"})).options[97]
    ),
    "no-nak": lambda: ADDRESS == replied(made.rom(REQUEST, more={50: bytes((9, 9, 9, 9))})).yiaddr,
    "one-offer": lambda: (
        (ADDRESS, SERVER, b"snponly.efi", bytes.fromhex("060108"))
        == _offered(replied(made.rom(architecture=7)))
    ),
    "bare-name": lambda: b"/" not in replied(made.rom(architecture=11)).file,
    "codes-of-x64": lambda: (
        {b"snponly.efi"} == {replied(made.rom(architecture=code)).file for code in (7, 8, 9)}
    ),
    "http-client": lambda: (
        (b"HTTPClient", 1)
        == (
            (reply := replied(made.http_firmware())).options[60],
            reply.file.count(b"//"),
        )
    ),
    "bare-user-class": lambda: (
        replied(made.ipxe(user_class=b"iPXE")).file
        == replied(made.ipxe(user_class=made.listed(b"iPXE"))).file
    ),
    "boot-server-of-its-own": lambda: (
        {66, 67}
        <= set(
            made.replied(
                made.rom(), known(reserved=reservation(boot_server="10.0.0.1", boot_file="x"))
            ).options
        )
    ),
    "no-padding": lambda: b"\0" not in _area(dhcp.encode(replied(PI_DISCOVER))),
}


def _offered(reply: Message) -> tuple[object, ...]:
    return reply.yiaddr, reply.siaddr, reply.file, reply.options[43]


def _area(raw: bytes) -> bytes:
    """The codes of the options as they stand, up to END."""
    codes, position = bytearray(), 240
    while raw[position] != 255:
        codes.append(raw[position])
        position += 2 + raw[position + 1] if raw[position] else 1
    return bytes(codes)


def test_every_habit_has_a_vector() -> None:
    assert [habit.name for habit in HABITS] == list(HABIT_VECTORS)


@pytest.mark.parametrize("name", HABIT_VECTORS)
def test_a_habit_is_kept(name: str) -> None:
    assert HABIT_VECTORS[name]()


def test_no_habit_is_without_who_needs_it() -> None:
    assert all(habit.what and habit.needed_by for habit in HABITS)
