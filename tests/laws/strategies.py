"""Machines, sites and messages of every kind, hostile ones among them."""

from ipaddress import IPv4Address

import msgspec
from hypothesis import strategies as st
from tests import strategies
from tests.policy.made import FILES, MAC, SITE

from boots.model import mac as macs
from boots.model.machine import (
    Architecture,
    Interface,
    Known,
    Machine,
    Netboot,
    Place,
    Reservation,
    Route,
)
from boots.model.quirk import Behaviour, Match, Quirk
from boots.model.site import OSIE, Hook, Mode, Profile, Site, Subnet
from boots.policy.quirks import SHIPPED
from boots.wire import options, pxe
from boots.wire.dhcp import BOOTREQUEST, Message
from boots.wire.options import MessageType

# --- texts

# What means something to iPXE, alone and amid other words.
_HOSTILE = (
    *("||", "&&", ";", "#", "#!ipxe", "${", "}", "${net0/mac}", "\\", "\n", "\r\n", "\t", "\0"),
    *(" ", "\x0b", "\u2028", ":label", "--autofree", "-", "exit", "reboot", "goto failed", "{cpu}"),
    *("http://h/k", "ä", "$", "=", "a", "console=tty0"),
)
_pieces = st.sampled_from(("", *_HOSTILE))
hostile = st.builds("{}{}{}".format, _pieces, _pieces, _pieces) | st.text(max_size=8)
"""Text that would bend a script if it got in."""

_plain = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1, max_size=12)
_texts = st.just("") | _plain | hostile
_lists = st.lists(_texts, max_size=3).map(tuple)


def _urls(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("{}://{}/{}".format, st.sampled_from(("http", "https", "tftp")), _plain, texts)


# URLs on our own address: the script's, a file's; and some that only look so.
_own_urls = st.sampled_from(
    (
        f"{SITE.http_url}/auto.ipxe",
        f"{SITE.http_url}/{MAC}/auto.ipxe",
        f"{SITE.http_url}/autoexec.ipxe?x",
        f"tftp://{SITE.tftp}/auto.ipxe",
        f"{SITE.http_url}/{MAC}/own.efi",
        f"{SITE.http_url}0/auto.ipxe",
        f"tftp://{SITE.tftp}",
    )
)

# --- records

_addresses = st.lists(strategies.addresses, max_size=3).map(tuple)
# Often such as no reply can be written with: 52 says how a message is packed, 0 and 255 are none.
_codes = st.sampled_from((0, 52, 255)) | st.integers(1, 254)
_raw_options = st.dictionaries(_codes, st.binary(min_size=1, max_size=30), max_size=2)
_routes = st.builds(Route, network=strategies.networks, router=strategies.addresses)

reservations = st.builds(
    Reservation,
    address=strategies.addresses,
    prefix=st.integers(0, 32),
    gateway=st.none() | strategies.addresses,
    broadcast=st.none() | strategies.addresses,
    name_servers=_addresses,
    ntp_servers=_addresses,
    host_name=_texts,
    domain=_texts,
    search=_lists,
    lease_time=st.just(0) | strategies.bytes_4,
    routes=st.lists(_routes, max_size=3).map(tuple),
    boot_server=st.just("") | _texts,
    boot_file=st.just("") | _texts,
    options=_raw_options,
)

_perhaps_reserved = st.none() | reservations

_boot_files = st.dictionaries(
    st.sampled_from(Architecture), st.sampled_from(sorted(FILES)) | _texts, max_size=2
)

netboots = st.builds(
    Netboot,
    allowed=st.sampled_from((True, True, True, False)),
    profile=st.sampled_from(("", "osie", "own")) | _texts,
    script=st.just("") | hostile,
    script_url=st.just("") | _own_urls | _urls(_texts) | hostile,
    boot_file=st.just("") | st.sampled_from(sorted(FILES)) | _texts,
    boot_files=_boot_files,
    osie_url=st.just("") | _urls(_texts) | hostile,
    kernel=st.sampled_from(("", "vmlinuz-x86_64")) | _texts,
    initrd=st.sampled_from(("", "initramfs-x86_64")) | _texts,
    kernel_args=_lists,
    console=_texts,
)


def knowns(
    netboot: st.SearchStrategy[Netboot] = netboots,
    reserved: st.SearchStrategy[Reservation | None] = _perhaps_reserved,
) -> st.SearchStrategy[Known]:
    """A machine and its interface."""
    interfaces = st.builds(
        Interface,
        mac=strategies.macs.map(macs.from_bytes),
        reservation=reserved,
        netboot=netboot,
        dhcp=st.sampled_from((True, True, True, False)),
        vlan=_texts,
    )
    machines = st.builds(
        Machine,
        name=_texts,
        interfaces=interfaces.map(lambda interface: (interface,)),
        place=st.just(Place(file="machines.yaml", line=1)),
        cpu=st.sampled_from(("x86_64", "aarch64")) | _texts,
        agent_id=_texts,
        facility=_texts,
    )
    return machines.map(lambda machine: Known(machine=machine, interface=machine.interfaces[0]))


bootable = knowns(
    netboots.map(lambda netboot: msgspec.structs.replace(netboot, allowed=True)),
    reservations.map(
        lambda each: msgspec.structs.replace(each, boot_server="", boot_file="", prefix=24)
    ),
)
"""Machines that may boot from us."""

refused = (
    st.none()
    | knowns(netboots.map(lambda netboot: msgspec.structs.replace(netboot, allowed=False)))
    | knowns(
        reserved=reservations.map(
            lambda each: msgspec.structs.replace(each, boot_server=each.boot_server or "b")
        )
    )
)
"""Machines that may not: unknown, netboot off, a boot server of their own."""

# --- sites

_flags = st.none() | st.booleans()
_programs = st.sampled_from(("PXE_ROM", "UEFI_HTTP", "IPXE", "OS"))

quirks = st.builds(
    Quirk,
    name=st.just("any"),
    match=st.builds(
        Match,
        codes=st.just(()) | st.just((0, 7)),
        architectures=st.just(()) | st.just((Architecture.BIOS,)),
        vendor_class=st.sampled_from(("", "PXEClient", "HTTPClient")),
        user_class=st.sampled_from(("", "", "iPXE", "Tinkerbell")),
        programs=st.just(()) | _programs.map(lambda name: (name,)),
        has=st.just(()) | st.just((93, 97)),
    ),
    behaviour=st.builds(
        Behaviour,
        architecture=st.none() | st.sampled_from(Architecture),
        program=st.none() | _programs,
        vendor_class=st.none() | st.sampled_from(("", "PXEClient")),
        discovery_control=_flags,
        vendor_options=st.dictionaries(st.integers(1, 254), st.binary(max_size=9), max_size=2),
        options=_raw_options,
        omit=st.lists(st.integers(1, 254), max_size=3).map(tuple),
        server_name=_flags,
        whole_path=_flags,
        broadcast=_flags,
        chain_load=_flags,
        boot_file=st.just("") | st.sampled_from(sorted(FILES)) | _texts,
    ),
)
"""Rows of an operator's own, wide and foolish ones among them."""

_names = st.sampled_from(("osie/vmlinuz-{cpu}", "own.efi")) | _urls(_texts) | _texts


def _profile(name: str) -> st.SearchStrategy[Profile]:
    return st.builds(
        Profile,
        name=st.just(name),
        kernel=_names,
        initrds=st.lists(_names, max_size=3).map(tuple),
        args=_lists,
        agent=st.booleans(),
        boot_files=_boot_files,
    )


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """A site; what it publishes has names as file systems have them."""
    file_names = st.text(st.characters(exclude_characters="/\0\\", codec="utf-8"), min_size=1)
    odd = draw(st.lists(file_names.filter(_is_plain), max_size=2))
    files = {**FILES, **{f"profiles/own/{name}": f"/srv/{name}" for name in odd}}
    own_name = draw(st.just("own") | _texts)
    return msgspec.structs.replace(
        SITE,
        tftp=IPv4Address(draw(st.sampled_from(("192.168.1.1", "192.168.1.2")))),
        tftp_port=draw(st.sampled_from((69, 6969))),
        syslog=draw(st.none() | strategies.addresses),
        mode=draw(st.sampled_from((Mode.RESERVATION, Mode.RESERVATION, Mode.POOL, Mode.PROXY))),
        authoritative=draw(st.booleans()),
        subnets=draw(
            st.lists(st.builds(Subnet, network=strategies.networks), max_size=2).map(tuple)
        ),
        quirks=(*SHIPPED, *draw(st.lists(quirks, max_size=2))),
        user_class=draw(st.sampled_from(("", "", "Tinkerbell", "Acme"))),
        mac_separator=draw(st.sampled_from((":", "-", ".", ""))),
        lease_time=draw(st.integers(60, 0xFFFF_FFFF)),
        boot_files=draw(
            st.dictionaries(st.sampled_from(Architecture), st.sampled_from(sorted(files)))
        ),
        files=files,
        profiles={OSIE.name: OSIE, own_name: draw(_profile(own_name))},
        default_profile=draw(st.sampled_from(("osie", own_name))),
        kernel_args=draw(_lists),
        script_retries=draw(st.integers(0, 99)),
        script_retry_delay=draw(st.integers(0, 99)),
        hook=draw(
            st.builds(Hook, grpc_authority=_texts, tls=st.booleans(), insecure_tls=st.booleans())
        ),
    )


def _is_plain(name: str) -> bool:
    return name not in {".", ".."} and macs.parse(name) is None


# --- messages


@st.composite
def asking(draw: st.DrawFn, kinds: tuple[MessageType, ...] = tuple(MessageType)) -> Message:
    """What a client sends: any kind, any of the options by which clients say who they are."""
    values = {
        options.MESSAGE_TYPE.code: bytes([draw(st.sampled_from(kinds))]),
        **draw(strategies.client_facts()),
        **draw(
            st.dictionaries(
                st.sampled_from((50, 54, 55, 57, 61, 77, 82, 93, 97, 175)),
                st.binary(max_size=30) | st.binary(max_size=700),
                max_size=4,
            )
        ),
        **draw(st.sampled_from(({}, {pxe.USER_CLASS.code: b"iPXE"}, {60: b"PXEClient"}))),
    }
    nowhere = st.just(IPv4Address(0))
    return Message(
        op=BOOTREQUEST,
        xid=draw(strategies.bytes_4),
        chaddr=draw(strategies.macs),
        flags=draw(strategies.bytes_2),
        ciaddr=draw(nowhere | strategies.addresses),
        giaddr=draw(nowhere | strategies.addresses),
        options=values,
    )


booting = asking((MessageType.DISCOVER, MessageType.REQUEST, MessageType.INFORM))
"""What may get an answer."""
