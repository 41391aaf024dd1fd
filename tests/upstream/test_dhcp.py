"""What the tests of Smee (2025) and Tinkerbell (2026) expect of DHCP, and where we deviate.

Each row either holds, or stands in `DEVIATIONS` with the reason; `docs/explain/deviations.md` has
the same reasons for people.
"""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from tests.policy.made import FILES, known, replied, site

from boots.model.mac import Mac
from boots.model.machine import Architecture, Known, Netboot, Reservation, Route
from boots.model.site import Site
from boots.policy import client as clients
from boots.policy.answer import answer
from boots.policy.client import Program
from boots.wire import dhcp, options
from boots.wire.dhcp import Message

MAC = Mac("01:02:03:04:05:06")
HERE = IPv4Address("127.0.0.1")
TRACEPARENT = "00-23b1e307bb35484f535a1f772c06910e-d887dc3912240434-01"


def request(kind: int = 1, mac: Mac = MAC, **values: str) -> Message:
    """A request with options by number as `o60="…"`; values are text, or hex after ``0x``."""
    said = {
        int(name[1:]): bytes.fromhex(value[2:]) if value.startswith("0x") else value.encode()
        for name, value in values.items()
    }
    return Message(
        op=1, xid=1, chaddr=bytes.fromhex(mac.replace(":", "")), options={53: bytes([kind]), **said}
    )


def on(mac: Mac, machine: Known) -> Known:
    interface = msgspec.structs.replace(machine.interface, mac=mac)
    return msgspec.structs.replace(machine, interface=interface)


# --- 10.1: what is a netboot client

PXE = {"o60": "PXEClient:Arch:00000:UNDI:002001", "o93": "0x0000", "o94": "0x010201"}
HTTP = {"o60": "HTTPClient:Arch:xxxxx:UNDI:yyyzzz", "o93": "0x0010", "o94": "0x010203"}

VALID: dict[str, tuple[Message, bool]] = {
    "INFORM": (request(8, **PXE), False),
    "another vendor class": (request(o60="BadClient"), False),
    "no architecture": (request(o60=HTTP["o60"]), False),
    "no interface": (request(o60=HTTP["o60"], o93="0x0010"), False),
    "a UUID of another type": (request(**HTTP, o97="0x01" + "00" * 16), False),
    "a UUID of 2 bytes": (request(**HTTP, o97="0x0001"), False),
    "an empty UUID": (request(**HTTP, o97=""), True),
    "a UUID": (request(**HTTP, o97="0x00" + "01" * 16), True),
}
VALID_DEVIATIONS = {
    "INFORM": "RFC 2131 §4.3.5 wants an answer, and ROMs at port 4011 ask so",
    "no interface": "option 94 decides nothing; firmware without it boots all the same",
    "a UUID of another type": "an option that cannot be read counts as absent",
    "a UUID of 2 bytes": "an option that cannot be read counts as absent",
}


def boots(message: Message) -> bool:
    """Whether a message gets something to boot."""
    client = clients.from_dhcp(message)
    where = site(boot_files={each: "own.efi" for each in Architecture if each.value != "unknown"})
    reply = answer(message, client, on(MAC, known()), where).reply
    return reply is not None and reply.file.endswith(b"own.efi")


@pytest.mark.parametrize("case", VALID)
def test_the_same_are_netboot_clients_as_upstream(case: str) -> None:
    message, expected = VALID[case]
    assert (expected != (case in VALID_DEVIATIONS)) == boots(message)


# --- 10.2: architecture, boot file, next-server

UPSTREAM_FILES = {
    Architecture.BIOS: "undionly.kpxe",
    Architecture.X64_UEFI: "ipxe.efi",
    Architecture.IA32_UEFI: "ipxe.efi",
    Architecture.ARM64_UEFI: "snp-arm64.efi",
    Architecture.ARM32_UEFI: "snp-arm64.efi",
}


def upstream_site(**changes: Any) -> Site:
    """A site as Smee's settings describe it: its boot files, its user class."""
    files = {**FILES, **{name: f"/srv/{name}" for name in UPSTREAM_FILES.values()}}
    own = {"boot_files": UPSTREAM_FILES, "files": files, "user_class": "Tinkerbell"}
    return site(
        **{"server": HERE, "tftp": HERE, "http_url": "http://127.0.0.1:8080", **own, **changes}
    )


AT_1234 = {
    "http_url": "http://1.2.3.4:8080",
    "tftp": IPv4Address("1.2.3.4"),
    "server": IPv4Address("1.2.3.4"),
}
ARCHITECTURES: dict[str, tuple[Message, Architecture, Program]] = {
    "16": (request(**HTTP), Architecture.X64_UEFI, Program.UEFI_HTTP),
    "255": (request(o60="PXEClient", o93="0x00ff"), Architecture.UNKNOWN, Program.PXE_ROM),
    "absent": (request(o60="PXEClient"), Architecture.UNKNOWN, Program.PXE_ROM),
    "empty": (request(o60="PXEClient", o93=""), Architecture.UNKNOWN, Program.PXE_ROM),
    "a Raspberry Pi": (
        request(mac=Mac("b8:27:eb:00:00:01"), **PXE),
        Architecture.ARM64_UEFI,
        Program.PXE_ROM,
    ),
    "a Raspberry Pi that says 11": (
        request(mac=Mac("dc:a6:32:00:00:01"), o60="PXEClient", o93="0x000b"),
        Architecture.ARM64_UEFI,
        Program.PXE_ROM,
    ),
}


@pytest.mark.parametrize(
    ("message", "architecture", "program"), ARCHITECTURES.values(), ids=ARCHITECTURES
)
def test_a_message_tells_the_client_as_upstream(
    message: Message, architecture: Architecture, program: Program
) -> None:
    client = clients.from_dhcp(message)
    assert client is not None
    assert (architecture, program) == (client.architecture, client.program)


# Smee's table: the file of each code of option 93; empty for those that get none.
TABLE = {
    **dict.fromkeys((0, 1, 2, 3, 4, 5), "undionly.kpxe"),
    **dict.fromkeys((6, 7, 8, 9), "ipxe.efi"),
    **dict.fromkeys((10, 11), "snp-arm64.efi"),
    **dict.fromkeys((15, 16), "ipxe.efi"),
    **dict.fromkeys((18, 19), "snp-arm64.efi"),
    20: "undionly.kpxe",
    41: "snp-arm64.efi",
    **dict.fromkeys((12, 13, 14, 17, *range(21, 37), 99), ""),
}
TABLE_DEVIATIONS = {
    2: "Itanium runs no BIOS program",
    3: "Alpha runs no BIOS program",
    41: "only a Raspberry Pi says so, and is known by its MAC",
}


@pytest.mark.parametrize("code", TABLE)
def test_each_architecture_gets_the_file_of_upstream(code: int) -> None:
    # Where there is none Smee sends the name that it also refuses with.
    http = code in {15, 16, 17, 18, 19, 20}
    message = request(
        o60="HTTPClient" if http else "PXEClient", o93=f"0x{code:04x}", o94="0x010203"
    )
    reply = replied(message, on(MAC, known()), upstream_site())
    name = reply.file.decode().rpartition("/")[2]
    expected = "" if code in TABLE_DEVIATIONS else TABLE[code]
    assert (expected or "netboot-not-allowed") == (name or "netboot-not-allowed")


class Named(NamedTuple):
    """A message and settings, and the boot file and next-server that upstream sends."""

    message: Message
    settings: dict[str, Any]
    file: str
    next_server: str = "1.2.3.4"


OURS = {**PXE, "o77": "Tinkerbell"}
STRANGE = {**PXE, "o77": "iPXE"}
NAMES: dict[str, Named] = {
    "HTTP": Named(request(**HTTP), {}, "http://1.2.3.4:8080/01:02:03:04:05:06/ipxe.efi"),
    "HTTP, dots": Named(
        request(**HTTP), {"mac_separator": "."}, "http://1.2.3.4:8080/0102.0304.0506/ipxe.efi"
    ),
    "HTTP, dashes": Named(
        request(**HTTP), {"mac_separator": "-"}, "http://1.2.3.4:8080/01-02-03-04-05-06/ipxe.efi"
    ),
    "a strange iPXE": Named(
        request(**STRANGE), {}, "tftp://1.2.3.4/01:02:03:04:05:06/undionly.kpxe"
    ),
    "a strange iPXE, nothing between": Named(
        request(**STRANGE), {"mac_separator": ""}, "tftp://1.2.3.4/010203040506/undionly.kpxe"
    ),
    "a ROM": Named(request(**PXE), {}, "undionly.kpxe"),
    "Tinkerbell's iPXE": Named(
        request(**OURS), {}, "http://1.2.3.4:8080/01:02:03:04:05:06/auto.ipxe"
    ),
    "Tinkerbell's iPXE, dashes": Named(
        request(**OURS),
        {"mac_separator": "-"},
        "http://1.2.3.4:8080/01:02:03:04:05:06/auto.ipxe",
    ),
    "HTTP from a host known by name": Named(
        request(**HTTP),
        {"http_url": "http://tinkerbell:8989"},
        "http://tinkerbell:8989/01:02:03:04:05:06/ipxe.efi",
    ),
    "arm64 HTTP": Named(
        request(o60="HTTPClient", o93="0x0013", o94="0x010203"),
        {"http_url": "http://127.0.0.1:8181"},
        "http://127.0.0.1:8181/01:02:03:04:05:06/snp-arm64.efi",
        "127.0.0.1",
    ),
}


@pytest.mark.parametrize("named", NAMES.values(), ids=NAMES)
def test_boot_file_and_next_server_are_those_of_upstream(named: Named) -> None:
    reply = replied(named.message, on(MAC, known()), upstream_site(**{**AT_1234, **named.settings}))
    assert (named.file, named.next_server) == (reply.file.decode(), str(reply.siaddr))


# --- 10.3: reservation, whole

HARDWARE = Reservation(
    address=IPv4Address("192.168.1.100"),
    prefix=24,
    gateway=IPv4Address("192.168.1.1"),
    broadcast=IPv4Address("192.168.1.255"),
    name_servers=(IPv4Address("1.1.1.1"),),
    ntp_servers=(IPv4Address("132.163.96.2"),),
    host_name="test-host",
    domain="mydomain.com",
    search=("mydomain.com",),
    lease_time=60,
)
SCRIPT = "http://localhost:8181/auto.ipxe"
WHOLE = {
    54: HERE.packed,
    51: bytes((0, 0, 0, 60)),
    1: bytes((255, 255, 255, 0)),
    3: bytes((192, 168, 1, 1)),
    6: bytes((1, 1, 1, 1)),
    15: b"mydomain.com",
    12: b"test-host",
    28: bytes((192, 168, 1, 255)),
    42: bytes((132, 163, 96, 2)),
    119: bytes.fromhex("086d79646f6d61696e03636f6d00"),
    60: b"HTTPClient",
    43: bytes.fromhex("060108451a") + bytes(26),
}
WHOLE_DEVIATIONS = {
    43: "iPXE is told by 175.176 not to wait for another server; traces go by file names",
    60: "iPXE takes an offer without it",
    58: "when to renew, as RFC 2131 §4.4.5 proposes",
    59: "when to rebind, as RFC 2131 §4.4.5 proposes",
    175: "saves iPXE 3 s of waiting for a proxyDHCP server",
}


def hardware(reserved: Reservation = HARDWARE, **netboot: Any) -> Known:
    return on(MAC, known(Netboot(**netboot), reserved=reserved))


@pytest.mark.parametrize(("kind", "reply_kind"), [(1, 2), (3, 5)])
def test_offer_and_ack_are_those_of_upstream_but_for_the_deviations(
    kind: int, reply_kind: int
) -> None:
    message = request(kind, **HTTP, o77="Tinkerbell", o97="0x00" + "01" * 16)
    reply = replied(message, hardware(script_url=SCRIPT), upstream_site())
    assert (HARDWARE.address, HERE, SCRIPT) == (reply.yiaddr, reply.siaddr, reply.file.decode())
    expected = {53: bytes([reply_kind]), **WHOLE}
    differ = {
        code
        for code in expected.keys() | reply.options.keys()
        if expected.get(code) != reply.options.get(code)
    }
    assert set(WHOLE_DEVIATIONS) == differ


@pytest.mark.parametrize("kind", [7, 9, 0])
def test_release_and_unknown_types_get_no_answer(kind: int) -> None:
    message = request(kind, **PXE)
    client = clients.from_dhcp(message)
    assert answer(message, client, hardware(), upstream_site()).reply is None


@pytest.mark.parametrize("kind", [1, 3])
def test_unknown_hardware_gets_no_answer(kind: int) -> None:
    message = request(kind, **PXE)
    assert answer(message, clients.from_dhcp(message), None, upstream_site()).reply is None


def test_a_machine_with_netboot_off_gets_its_routes() -> None:
    routes = (
        Route(network=IPv4Network("10.0.0.0/8"), router=IPv4Address("192.168.1.10")),
        Route(network=IPv4Network("172.16.0.0/12"), router=IPv4Address("192.168.1.20")),
    )
    reserved = msgspec.structs.replace(HARDWARE, routes=routes)
    reply = replied(request(), hardware(reserved, allowed=False), upstream_site())
    upstream = bytes((8, 10, 192, 168, 1, 10, 12, 172, 16, 192, 168, 1, 20))
    # Deviation: the gateway is added, as who reads 121 ignores option 3.
    assert upstream + bytes((0, 192, 168, 1, 1)) == reply.options[121]
    assert (b"", HERE) == (reply.file, reply.siaddr)


BINARIES = {
    ":": "01:02:03:04:05:06",
    ".": "0102.0304.0506",
    "-": "01-02-03-04-05-06",
}


@pytest.mark.parametrize("separator", BINARIES)
def test_uefi_http_gets_the_binary_below_its_mac(separator: str) -> None:
    where = upstream_site(http_url="http://localhost:8181/ipxe", mac_separator=separator)
    reply = replied(request(**HTTP), hardware(), where)
    assert f"http://localhost:8181/ipxe/{BINARIES[separator]}/ipxe.efi" == reply.file.decode()
    assert HERE == reply.siaddr


def test_a_strange_ipxe_gets_ours_over_tftp_and_no_vendor_class() -> None:
    reply = replied(request(**STRANGE), hardware(), upstream_site())
    # Deviation: port 69 is not written, as it is TFTP's own.
    assert "tftp://127.0.0.1/01:02:03:04:05:06/undionly.kpxe" == reply.file.decode()
    assert 60 not in reply.options


@pytest.mark.parametrize(
    ("server", "file"),
    [
        ("192.168.1.200", "http://example.com/boot.ipxe"),
        ("192.168.1.200", ""),
        ("", "http://example.com/boot.ipxe"),
    ],
)
def test_the_records_own_boot_server_and_file_are_told_as_they_are(server: str, file: str) -> None:
    reserved = msgspec.structs.replace(HARDWARE, boot_server=server, boot_file=file)
    reply = replied(request(**PXE), hardware(reserved), upstream_site())
    assert (server or None, file or None) == (
        reply.get(options.TFTP_SERVER_NAME),
        reply.get(options.BOOT_FILE_NAME),
    )
    assert file == reply.file.decode()
    assert not {43, 60} & set(reply.options)


def test_what_is_not_allowed_has_upstream_s_name_for_it() -> None:
    # Deviations: without the slash, which some firmware does not take; with the next-server.
    reply = replied(request(**PXE), hardware(allowed=False), upstream_site())
    assert (b"netboot-not-allowed", HERE) == (reply.file, reply.siaddr)


def test_lease_time_and_log_server_are_those_of_upstream() -> None:
    where = upstream_site(syslog=IPv4Address("192.168.7.7"))
    reserved = msgspec.structs.replace(HARDWARE, lease_time=84600)
    reply = replied(request(), hardware(reserved), where)
    assert (84600, (IPv4Address("192.168.7.7"),)) == (
        reply.get(options.LEASE_TIME),
        reply.get(options.LOG_SERVERS),
    )


# --- 2.7: byte strings

PI = Mac("b8:27:eb:01:02:03")
RESERVATION_43 = {
    "a PC": (MAC, "060108"),
    "a Raspberry Pi": (
        PI,
        "060108091400001152617370626572727920506920426f6f740a0400505845",
    ),
}


@pytest.mark.parametrize(("mac", "expected"), RESERVATION_43.values(), ids=RESERVATION_43)
def test_option_43_is_that_of_upstream_byte_for_byte(mac: Mac, expected: str) -> None:
    # Deviation: without sub-option 69, the trace.
    reply = replied(request(mac=mac, **PXE), on(mac, known()), upstream_site())
    assert expected == reply.options[43].hex()
    assert bytes.fromhex(f"2b{len(expected) // 2:02x}{expected}") in dhcp.encode(reply)


def test_options_119_and_121_are_those_of_upstream_byte_for_byte() -> None:
    routes = (
        options.Route(IPv4Network("10.0.0.0/8"), IPv4Address("192.168.2.10")),
        options.Route(IPv4Network("172.16.0.0/12"), IPv4Address("192.168.2.20")),
    )
    assert "080ac0a8020a0cac10c0a80214" == options.CLASSLESS_ROUTES.write(routes).hex()
    assert "086d79646f6d61696e03636f6d00" == options.DOMAIN_SEARCH.write(("mydomain.com",)).hex()


# --- where we deviate, people are told


def test_every_deviation_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/explain/deviations.md").read_text()
    reasons = [*VALID_DEVIATIONS.values(), *TABLE_DEVIATIONS.values(), *WHOLE_DEVIATIONS.values()]
    assert not [reason for reason in reasons if reason not in page]
