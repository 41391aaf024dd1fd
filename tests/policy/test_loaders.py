"""Boards whose own loaders fetch what they run: their whole boot, packet by packet."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.policy.made import (
    ADDRESS,
    FILES,
    NOWHERE,
    SERVER,
    answered,
    known,
    replied,
    request,
    rom,
    site,
)

from boots.model.machine import Netboot, RaspberryPi
from boots.model.site import Mode, Site
from boots.policy.boot import fetch
from boots.policy.got import File, Got, Ground, Refusal, Rendered
from boots.policy.path import read
from boots.wire import dhcp, options, pxe
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

REQUEST = MessageType.REQUEST

# --- Raspberry Pi

PI_4 = bytes.fromhex("dca6320136c2")
PI_5 = bytes.fromhex("2ccf67000001")
UUID = b"\0RPi4" + bytes(12)
HERE = site(files={**FILES, "rpi/start4.elf": "/srv/start4.elf", "rpi/vmlinuz": "/srv/vmlinuz"})
BOARD = RaspberryPi(serial="1234abcd", folder="rpi", config="kernel=vmlinuz\n")


def pi(kind: MessageType, chaddr: bytes, **more: bytes) -> Message:
    """What the EEPROM sends; its REQUEST has no option 60 (raspberrypi/rpi-eeprom#82)."""
    own = {97: UUID, 55: bytes((1, 3, 43, 60, 66, 67, 128)), **_codes(more)}
    if kind is REQUEST:
        return request(kind, architecture=0, more=own, chaddr=chaddr)
    return rom(kind, more=own, chaddr=chaddr)


def _codes(more: dict[str, bytes]) -> dict[int, bytes]:
    return {int(name.removeprefix("option_")): raw for name, raw in more.items()}


@pytest.mark.parametrize("chaddr", [PI_4, PI_5], ids=["4", "5"])
def test_a_raspberry_pi_goes_from_its_discover_to_its_kernel(chaddr: bytes) -> None:
    machine = known(Netboot(raspberry_pi=BOARD, kernel_args=("console=tty1",)))
    chosen = {"option_50": ADDRESS.packed, "option_54": SERVER.packed}
    offer = replied(pi(MessageType.DISCOVER, chaddr), machine, HERE)
    ack = replied(pi(REQUEST, chaddr, **chosen), machine, HERE)

    assert (MessageType.OFFER, MessageType.ACK) == (offer.kind, ack.kind)
    for reply in (offer, ack):
        assert (ADDRESS, SERVER) == (reply.yiaddr, reply.siaddr)
        assert b"Raspberry Pi Boot" in reply.options[pxe.VENDOR.code]
        assert (str(SERVER), UUID) == (reply.get(options.TFTP_SERVER_NAME), reply.options[97])
        assert 0 not in codes_of(dhcp.encode(reply))  # padding between options is not understood

    def got(name: str) -> Got:
        return fetch(read(name).name, machine, HERE, tftp=True)

    assert got("1234abcd/start4.elf") == File("rpi/start4.elf", "/srv/start4.elf")
    assert got("1234abcd/config.txt") == Rendered(
        "1234abcd/config.txt", b"kernel=vmlinuz\n", "record", private=True
    )
    assert got("1234abcd/vmlinuz") == File("rpi/vmlinuz", "/srv/vmlinuz")
    assert got("1234abcd/cmdline.txt") == Rendered(
        "1234abcd/cmdline.txt", b"console=tty1", "record"
    )


def codes_of(raw: bytes) -> bytes:
    """The codes of the options field, up to its END."""
    codes, at = bytearray(), 240
    while raw[at] != 255:
        codes.append(raw[at])
        at += 2 + raw[at + 1] if raw[at] else 1
    return bytes(codes)


@pytest.mark.parametrize("chaddr", [PI_4, PI_5], ids=["4", "5"])
def test_a_raspberry_pi_beside_another_dhcp_server_hears_who_has_its_files(chaddr: bytes) -> None:
    where = site(mode=Mode.PROXY)
    found = asked(pi(MessageType.DISCOVER, chaddr), Netboot(raspberry_pi=BOARD), where)
    assert found is not None
    assert (NOWHERE, SERVER) == (found.yiaddr, found.siaddr)
    assert ("PXEClient", str(SERVER)) == (
        found.get(options.VENDOR_CLASS),
        found.get(options.TFTP_SERVER_NAME),
    )
    assert b"Raspberry Pi Boot" in found.options[pxe.VENDOR.code]
    theirs = {"option_54": b"\xc0\xa8\1\2"}
    assert asked(pi(REQUEST, chaddr, **theirs), Netboot(), where) is None


def asked(message: Message, netboot: Netboot, where: Site) -> Message | None:
    return answered(message, known(netboot), where).reply


# --- U-Boot


def u_boot(kind: MessageType, **more: Any) -> Message:
    return rom(kind, architecture=22, **more)


def test_u_boot_goes_from_its_discover_to_its_menu() -> None:
    machine = known()
    chosen = {50: ADDRESS.packed, 54: SERVER.packed}
    for message in (u_boot(MessageType.DISCOVER), u_boot(REQUEST, more=chosen)):
        reply = replied(message, machine)
        assert (ADDRESS, SERVER, b"") == (reply.yiaddr, reply.siaddr, reply.file)
        assert 67 not in reply.options
    menu = fetch(read("pxelinux.cfg/01-52-54-00-12-34-56").name, machine, site(), tftp=True)
    assert isinstance(menu, Rendered)
    assert b"osie/vmlinuz-x86_64" in menu.content


def test_u_boot_of_a_machine_that_may_not_boot_is_told_so() -> None:
    machine = known(Netboot(allowed=False))
    assert b"" == replied(u_boot(MessageType.DISCOVER), machine).file
    got = fetch(read("pxelinux.cfg/01-52-54-00-12-34-56").name, machine, site(), tftp=True)
    assert got == Refusal(Ground.FORBIDDEN, "netboot is off for this machine")


def test_u_boot_takes_the_first_offer_so_a_proxy_makes_none() -> None:
    # It does not join two offers: one without an address would leave it without one.
    assert asked(u_boot(MessageType.DISCOVER), Netboot(), site(mode=Mode.PROXY)) is None


# --- a relay's name for the server that gives the addresses (RFC 5107)


def test_a_proxy_keeps_its_own_name_behind_a_relay_that_stands_in_for_servers() -> None:
    where, relay = site(mode=Mode.PROXY), {82: b"\x0b\4\x0a\0\0\2"}
    behind: dict[str, Any] = {"giaddr": IPv4Address("192.168.1.254")}
    offer = asked(rom(more=relay, **behind), Netboot(), where)
    assert offer is not None
    assert (SERVER, relay[82]) == (offer.get(options.SERVER_ID), offer.options[82])
    taken = rom(REQUEST, more={**relay, 54: b"\x0a\0\0\2"}, **behind)
    assert asked(taken, Netboot(), where) is None
