import math
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from boots.lab.fleet.dhcp import Exchange, Identity
from boots.lab.fleet.kinds import FIRMWARE, IPXE, Kind, Program
from boots.wire import dhcp, options, pcap, pxe
from boots.wire.dhcp import BOOTREPLY, BROADCAST, Message
from boots.wire.options import MessageType

VECTORS = Path(__file__).parents[2] / "vectors" / "dhcp"
MAC = bytes.fromhex("025400770001")
UUID = b"\0" + bytes(range(16))
SERVER = IPv4Address("198.51.100.1")
ADDRESS = IPv4Address("198.51.100.100")
URL = b"http://198.51.100.1/snponly.efi"
XID = 0x1234


def exchange(program: Program, *, only_offer: bool = False) -> Exchange:
    return Exchange(Identity(MAC, UUID), program, XID, only_offer=only_offer)


def reply(kind: MessageType, more: dict[int, bytes] | None = None, **fields: object) -> Message:
    said = {
        options.MESSAGE_TYPE.code: bytes([kind]),
        options.SERVER_ID.code: SERVER.packed,
        options.SUBNET_MASK.code: bytes([255, 255, 255, 0]),
        **(more or {}),
    }
    given: dict[str, object] = {"xid": XID, "chaddr": MAC, "yiaddr": ADDRESS, **fields}
    return Message(op=BOOTREPLY, options=said, **given)  # type: ignore[arg-type]


# --- what they say


@pytest.mark.parametrize(
    ("capture", "program", "number"),
    [
        ("edk2-x64-pxe-shim-grub", FIRMWARE[Kind.UEFI], 0),
        ("edk2-x64-http", FIRMWARE[Kind.UEFI_HTTP], 0),
        ("ipxe-bios", IPXE[Kind.BIOS], 0),
    ],
)
def test_a_client_says_what_its_captures_say(capture: str, program: Program, number: int) -> None:
    seen = [
        message
        for datagram in pcap.datagrams((VECTORS / f"{capture}.pcap").read_bytes())
        if datagram.destination_port == 67
        and (message := dhcp.decode(datagram.payload)).chaddr[:3] != b""
    ]
    discover, request = seen[number], next(m for m in seen if m.kind is MessageType.REQUEST)
    asking = exchange(program)
    own = {pxe.UUID.code, options.CLIENT_ID.code, options.SERVER_ID.code, 50}

    said = asking.start(0.0)
    offer = {options.VENDOR_CLASS.code: b"HTTPClient", options.BOOT_FILE_NAME.code: URL}
    then = asking.receive(reply(MessageType.OFFER, offer), 3.0) or asking.tick(3.8)

    assert then is not None
    for expected, actual in ((discover, said), (request, then)):
        assert expected.flags == actual.flags
        assert expected.options.keys() == actual.options.keys()
        for code in expected.options.keys() - own - {pxe.IPXE.code}:
            assert expected.options[code] == actual.options[code], code
        assert expected.get(pxe.IPXE) == actual.get(pxe.IPXE)


def test_a_pi_leaves_its_vendor_class_out_of_its_request() -> None:
    asking = exchange(FIRMWARE[Kind.RPI4])
    discover = asking.start(0.0)
    request = asking.receive(
        reply(MessageType.OFFER, {43: b"\x09\x14\0\0\x11Raspberry Pi Boot"}), 1
    )

    assert request is not None
    assert discover.get(options.VENDOR_CLASS) == "PXEClient:Arch:00000:UNDI:002001"
    assert request.get(options.VENDOR_CLASS) is None


# --- when


@pytest.mark.parametrize(
    ("program", "times", "gives_up"),
    [
        (FIRMWARE[Kind.BIOS], [0, 4, 12, 28], 60),
        (FIRMWARE[Kind.UEFI], [0, 3.8, 11.8, 27.8], 59.8),
        (IPXE[Kind.BIOS], [0, 1, 3, 7], 15),
        (FIRMWARE[Kind.RPI4], [4 * number for number in range(11)], 44),
    ],
)
def test_a_client_that_nobody_answers_repeats_itself_and_gives_up(
    program: Program, times: list[float], gives_up: float
) -> None:
    asking = exchange(program)
    asking.start(0.0)
    sent = [0.0]
    while not asking.over:
        now = asking.deadline
        if asking.tick(now) is not None:
            sent.append(now)

    assert sent == pytest.approx(times)
    assert asking.ended == pytest.approx(gives_up)
    assert asking.failure == f"no OFFER to {len(times)} DISCOVERs"
    assert asking.retries == len(times) - 1


def test_a_rom_takes_the_first_offer_at_once() -> None:
    asking = exchange(FIRMWARE[Kind.BIOS])
    asking.start(0.0)
    request = asking.receive(reply(MessageType.OFFER), 0.5)

    assert request is not None
    assert request.options[options.REQUESTED_ADDRESS.code] == ADDRESS.packed
    assert request.options[options.SERVER_ID.code] == SERVER.packed
    assert asking.offered == 0.5


def test_edk2_always_waits_for_more_offers_and_that_is_its_own_wait() -> None:
    asking = exchange(FIRMWARE[Kind.UEFI])
    asking.start(0.0)

    assert asking.receive(reply(MessageType.OFFER), 0.3) is None
    assert asking.tick(3.0) is None
    request = asking.tick(3.8)
    assert request is not None
    assert request.kind is MessageType.REQUEST
    assert request.flags == BROADCAST
    assert asking.waited == pytest.approx(3.5)


def test_ipxe_goes_on_at_once_when_told_that_no_proxydhcp_will_come() -> None:
    asking = exchange(IPXE[Kind.UEFI])
    asking.start(0.0)
    told = {pxe.IPXE.code: bytes([pxe.NO_PXEDHCP, 1, 1])}

    assert asking.receive(reply(MessageType.OFFER, told), 0.1) is not None


def test_ipxe_waits_three_seconds_for_proxydhcp_when_not_told() -> None:
    asking = exchange(IPXE[Kind.UEFI])
    asking.start(0.0)

    assert asking.receive(reply(MessageType.OFFER), 0.1) is None
    again = asking.tick(1.0)
    assert again is not None
    assert again.kind is MessageType.DISCOVER
    request = asking.tick(3.0)
    assert request is not None
    assert request.kind is MessageType.REQUEST
    assert asking.waited == 0  # the server could have ended it


# --- what it comes to


def test_an_ack_gives_the_lease() -> None:
    asking = exchange(FIRMWARE[Kind.BIOS])
    asking.start(0.0)
    asking.receive(reply(MessageType.OFFER), 0.5)
    said = {options.BOOT_FILE_NAME.code: b"undionly.kpxe\0", 3: SERVER.packed}
    next_server = IPv4Address("198.51.100.2")
    asking.receive(reply(MessageType.ACK, said, siaddr=next_server), 0.7)

    lease = asking.lease
    assert lease is not None
    assert (lease.address, lease.prefix, lease.router) == (ADDRESS, 24, SERVER)
    assert (lease.next_server, lease.boot_file) == (next_server, "undionly.kpxe")
    assert (asking.over, asking.ended, asking.failure) == (True, 0.7, "")


def test_a_nak_ends_it_with_what_the_server_says() -> None:
    asking = exchange(FIRMWARE[Kind.BIOS])
    asking.start(0.0)
    asking.receive(reply(MessageType.OFFER), 0.5)
    asking.receive(reply(MessageType.NAK, {options.MESSAGE.code: b"not yours"}), 0.6)

    assert asking.failure == "the server sent a NAK: not yours"


def test_replies_to_others_are_passed_by() -> None:
    asking = exchange(FIRMWARE[Kind.BIOS])
    asking.start(0.0)

    assert asking.receive(reply(MessageType.OFFER, xid=XID + 1), 0.1) is None
    assert asking.receive(reply(MessageType.OFFER, chaddr=b"\2" * 6), 0.1) is None
    assert asking.offered is None


@pytest.mark.parametrize(
    ("kind", "said", "why"),
    [
        (Kind.UEFI_HTTP, {67: URL}, "it does not say HTTPClient (option 60)"),
        (Kind.UEFI_HTTP, {60: b"HTTPClient", 67: b"a"}, "its boot file (option 67) is no URL"),
        (Kind.RPI4, {43: b"\6\1\x08"}, 'it does not say "Raspberry Pi Boot" (option 43)'),
    ],
)
def test_an_offer_that_is_passed_over_is_told(kind: Kind, said: dict[int, bytes], why: str) -> None:
    asking = exchange(FIRMWARE[kind])
    asking.start(0.0)
    assert asking.receive(reply(MessageType.OFFER, said), 0.1) is None
    while not asking.over:
        asking.tick(asking.deadline)

    assert asking.failure.endswith(f"; one was passed over: {why}")


def test_with_an_offer_alone_it_is_over_when_one_has_come() -> None:
    asking = exchange(FIRMWARE[Kind.UEFI], only_offer=True)
    asking.start(0.0)
    asking.receive(reply(MessageType.OFFER), 0.2)

    assert (asking.over, asking.lease, asking.ended) == (True, None, 0.2)


def test_before_it_starts_nothing_is_due() -> None:
    assert exchange(FIRMWARE[Kind.BIOS]).deadline == math.inf
