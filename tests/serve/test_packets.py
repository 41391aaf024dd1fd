"""The latest DHCP messages: what is kept, for how long, and as what they are shown."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from boots.serve.packets import MOST, Packet, Packets, Place, capture, decoded, discreet
from boots.wire import dhcp, options, pcap
from boots.wire.dhcp import BOOTREPLY, BOOTREQUEST, Message
from boots.wire.options import MessageType
from boots.wire.pcap import Datagram

MAC, OTHER = "52:54:00:12:34:56", "52:54:00:12:34:57"
US, THEM = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
RELAY = IPv4Address("198.51.100.1")
NOWHERE, EVERYONE = IPv4Address(0), IPv4Address("255.255.255.255")
HEARD, SENT = Place("lan0", US, 67, ours=False), Place("lan0", US, 67, ours=True)
OFFER = Message(
    op=BOOTREPLY,
    xid=0x1234,
    chaddr=bytes.fromhex("525400123456"),
    yiaddr=THEM,
    file=b"snponly.efi",
    options={53: bytes([MessageType.OFFER]), options.LEASE_TIME.code: (300).to_bytes(4)},
)
DISCOVER = Message(
    op=BOOTREQUEST,
    xid=0x1234,
    flags=dhcp.BROADCAST,
    chaddr=OFFER.chaddr,
    options={53: bytes([MessageType.DISCOVER])},
)


def of(mac: str, message: Message = DISCOVER) -> bytes:
    return dhcp.encode(replace(message, chaddr=bytes.fromhex(mac.replace(":", ""))))


class Bench:
    def __init__(self, most: int = 16) -> None:
        self.now = 1_700_000_000.25
        self.packets = Packets(lambda: self.now, most)
        self.heard, self.sent = self.packets.keeper(HEARD), self.packets.keeper(SENT)


def test_what_came_and_went_is_kept_by_machine_in_its_order() -> None:
    bench = Bench()
    bench.heard(of(MAC), ("0.0.0.0", 68))
    bench.heard(of(OTHER), ("0.0.0.0", 68))
    bench.now += 1
    bench.sent(of(MAC, OFFER), ("192.0.2.7", 68))

    assert [
        (1_700_000_000.25, HEARD, of(MAC), ("0.0.0.0", 68)),
        (1_700_000_001.25, SENT, of(MAC, OFFER), ("192.0.2.7", 68)),
    ] == bench.packets.of(MAC)
    assert 3 == len(bench.packets.all())


def test_the_oldest_make_room_for_others() -> None:
    bench = Bench(most=3)
    for number in range(10):
        bench.now = float(number)
        bench.heard(of(MAC), ())

    assert [7.0, 8.0, 9.0] == [each.at for each in bench.packets.of(MAC)]


def test_a_flood_of_large_messages_takes_no_more_than_some_megabytes() -> None:
    bench = Bench(MOST)
    for number in range(MOST + 100):
        bench.heard(bytes([number % 256]) * 4096, ())

    assert sum(len(each.data) for each in bench.packets.all()) <= 4 << 20


def test_a_message_is_shown_by_names() -> None:
    bench = Bench()
    bench.sent(of(MAC, OFFER), ("192.0.2.7", 68))
    kind, fields = decoded(bench.packets.all()[0])

    assert "OFFER" == kind
    assert (
        ("xid", "00001234"),
        ("yiaddr", "192.0.2.7"),
        ("chaddr", MAC),
        ("file", "snponly.efi"),
        ("53 message type", "OFFER"),
        ("51 lease time", "300"),
    ) == fields


def test_the_flag_for_broadcasts_is_shown() -> None:
    bench = Bench()
    bench.heard(of(MAC), ())

    assert ("flags", "broadcast") in decoded(bench.packets.all()[0])[1]


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x01" * 300])
def test_what_is_no_dhcp_is_shown_as_such(data: bytes) -> None:
    bench = Bench()
    bench.heard(data, ("192.0.2.9", 68))
    kind, fields = decoded(bench.packets.all()[0])

    assert "malformed" == kind
    assert [("bytes", data.hex(" "))] == [each for each in fields if each[0] == "bytes"]
    assert [] == bench.packets.of(MAC)
    [datagram] = pcap.datagrams(capture(bench.packets.all()))
    assert data == datagram.payload


@pytest.mark.parametrize(
    ("ours", "data", "peer", "ends"),
    [
        (False, of(MAC), ("0.0.0.0", 68), (NOWHERE, 68, EVERYONE, 67)),
        (False, of(MAC), (), (NOWHERE, 68, EVERYONE, 67)),
        (False, of(MAC), ("192.0.2.7", 68), (THEM, 68, US, 67)),
        (False, of(MAC, replace(DISCOVER, giaddr=RELAY)), (), (RELAY, 67, EVERYONE, 67)),
        (True, of(MAC, OFFER), ("192.0.2.7", 68), (US, 67, THEM, 68)),
        (True, of(MAC, OFFER), ("255.255.255.255", 68), (US, 67, EVERYONE, 68)),
    ],
    ids=["a DISCOVER", "of a storm", "a renewal", "a relay of a storm", "a reply", "to all"],
)
def test_a_capture_has_the_ends_as_far_as_they_are_known(
    ours: bool, data: bytes, peer: tuple[str, int], ends: tuple[IPv4Address, int, IPv4Address, int]
) -> None:
    bench = Bench()
    (bench.sent if ours else bench.heard)(data, peer)

    assert [Datagram(1_700_000_000.25, *ends, data)] == list(
        pcap.datagrams(capture(bench.packets.of(MAC)))
    )


def test_another_server_s_reply_goes_to_the_client_s_port() -> None:
    bench = Bench()
    bench.packets.keeper(Place("lan0", US, 68, ours=False))(of(MAC, OFFER), ("192.0.2.9", 67))
    [datagram] = pcap.datagrams(capture(bench.packets.of(MAC)))

    assert (IPv4Address("192.0.2.9"), 67, EVERYONE, 68) == (
        datagram.source,
        datagram.source_port,
        datagram.destination,
        datagram.destination_port,
    )


SECRET = b"http://me:hunter2@h/a?token=hunter3"


def sent(data: bytes) -> Packet:
    return Packet(1.0, SENT, data, ("192.0.2.7", 68))


@pytest.mark.parametrize(
    "message",
    [
        replace(OFFER, file=SECRET),
        replace(OFFER, options={**OFFER.options, 67: SECRET + b"\0"}),
        replace(OFFER, options={**OFFER.options, 209: SECRET}),
    ],
    ids=["file", "option 67", "an option of the record's"],
)
def test_for_lookers_on_there_are_stars_for_a_url_with_a_secret(message: Message) -> None:
    whole = sent(dhcp.encode(message))
    (found,) = discreet([whole])

    assert len(whole.data) == len(found.data)
    said = dhcp.decode(found.data)
    assert (message.yiaddr, set(message.options)) == (said.yiaddr, set(said.options))
    assert "OFFER" == decoded(found)[0]
    assert b"http://***" in capture([found])
    for secret in (b"hunter2", b"hunter3"):
        assert secret in capture([whole])
        assert secret not in capture([found])


def test_other_messages_are_shown_as_they_are() -> None:
    url = replace(OFFER, file=b"http://192.0.2.1/auto.ipxe?arch=x86_64")
    packets = [sent(dhcp.encode(each)) for each in (OFFER, DISCOVER, url)]
    packets.append(sent(b"of no use"))

    assert packets == discreet(packets)


def test_a_message_of_which_that_cannot_be_told_is_not_shown() -> None:
    long = {**OFFER.options, 67: SECRET.ljust(300, b"x")}
    cut = dhcp.encode(replace(OFFER, file=SECRET))[:200]

    assert [] == discreet([sent(dhcp.encode(replace(OFFER, options=long))), sent(cut)])
