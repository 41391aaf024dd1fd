"""Hypothesis strategies for everything that travels, shared by the property tests."""

import string
import uuid
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from hypothesis import strategies as st

from boots.wire import options, pxe, syslog, tftp
from boots.wire.dhcp import BOOTREPLY, BOOTREQUEST, BROADCAST, Message
from boots.wire.options import ClientFqdn, MessageType, Route
from boots.wire.pxe import ArchitectureCode, Interface, UserClass
from boots.wire.table import TABLE

macs = st.binary(min_size=6, max_size=6)
mac_texts = macs.map(lambda mac: mac.hex(":"))
addresses = st.integers(0, 0xFFFF_FFFF).map(IPv4Address)
bytes_1 = st.integers(0, 0xFF)
bytes_2 = st.integers(0, 0xFFFF)
bytes_4 = st.integers(0, 0xFFFF_FFFF)
uuids = st.uuids() | st.just(uuid.UUID(int=0))

# --- text


def _without_nul(text: str) -> str:
    return text.replace("\0", "")


texts = st.text(max_size=60).map(lambda text: text.rstrip("\0"))
nul_free_texts = st.text(max_size=40).map(_without_nul)
words = st.text(string.ascii_letters + string.digits + "-_/", min_size=1, max_size=20).filter(
    lambda word: word != "-"
)

_host_labels = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=63)
_any_labels = st.text(st.characters(exclude_characters=".", codec="utf-8"), min_size=1, max_size=15)


def _is_name(name: str) -> bool:
    labels = [label.encode() for label in name.split(".")]
    return all(len(label) < 64 for label in labels) and sum(map(len, labels)) + len(labels) < 255


domain_names = (
    st.lists(_host_labels | _any_labels, min_size=1, max_size=6).map(".".join).filter(_is_name)
)

# --- DHCP options

networks = st.builds(
    lambda address, width: IPv4Network((int(address), width), strict=False),
    addresses,
    st.integers(0, 32),
)
routes = st.builds(Route, networks, addresses)


@st.composite
def client_fqdns(draw: st.DrawFn) -> ClientFqdn:
    flags = draw(bytes_1)
    in_dns_form = flags & 0x04
    name = draw(domain_names | st.just("") if in_dns_form else texts)
    return ClientFqdn(flags, draw(bytes_1), draw(bytes_1), name)


listed_user_classes = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5).map(
    lambda classes: UserClass(tuple(classes), bare=False)
)
# A letter read as a length is longer than what follows, so these cannot look like a list.
bare_user_classes = st.text(string.ascii_letters, min_size=1, max_size=60).map(
    lambda name: UserClass((name.encode(),), bare=True)
)
user_classes = listed_user_classes | bare_user_classes

suboptions = st.dictionaries(st.integers(1, 254), st.binary(max_size=300), max_size=8)
relay_suboptions = st.dictionaries(bytes_1, st.binary(max_size=255), max_size=5)
architectures = bytes_2.map(ArchitectureCode)
interfaces = st.builds(Interface, bytes_1, bytes_1, bytes_1)

_address_lists = st.lists(addresses, min_size=1, max_size=5).map(tuple)

OPTION_VALUES: Mapping[int, st.SearchStrategy[Any]] = {
    **{option.code: texts for option in TABLE.values() if option.read is options.read_text},
    **{option.code: addresses for option in TABLE.values() if option.read is options.read_address},
    **{
        option.code: _address_lists
        for option in TABLE.values()
        if option.read is options.ROUTER.read
    },
    **{option.code: bytes_4 for option in TABLE.values() if option.read is options.LEASE_TIME.read},
    options.MTU.code: bytes_2,
    options.MAX_SIZE.code: bytes_2,
    options.MESSAGE_TYPE.code: st.sampled_from(MessageType),
    options.PARAMETER_LIST.code: st.binary(max_size=60),
    options.CLIENT_ID.code: st.binary(max_size=40),
    options.CLIENT_FQDN.code: client_fqdns(),
    options.DOMAIN_SEARCH.code: st.lists(domain_names, max_size=5).map(tuple),
    options.CLASSLESS_ROUTES.code: st.lists(routes, max_size=6).map(tuple),
    pxe.VENDOR.code: suboptions,
    pxe.IPXE.code: suboptions,
    pxe.RELAY.code: relay_suboptions,
    pxe.ARCHITECTURES.code: st.lists(architectures, min_size=1, max_size=4).map(tuple),
    pxe.INTERFACE.code: interfaces,
    pxe.UUID.code: uuids,
    pxe.USER_CLASS.code: user_classes,
}
"""For each option of the table, the values it can carry."""

option_codes = st.integers(1, 254).filter(lambda code: code != options.OVERLOAD)
option_maps = st.dictionaries(
    option_codes, st.binary(max_size=40) | st.binary(max_size=600), max_size=12
)
"""Raw values by code, also those that no table knows and those longer than 255 bytes."""

known_option_maps = st.fixed_dictionaries(
    {}, optional={code: values.map(TABLE[code].write) for code, values in OPTION_VALUES.items()}
)
"""Raw values by code, each of the right form."""

# --- DHCP messages


def _field(size: int) -> st.SearchStrategy[bytes]:
    return st.just(b"") | st.binary(max_size=size).map(lambda raw: raw.partition(b"\0")[0])


messages = st.builds(
    Message,
    op=st.sampled_from((BOOTREQUEST, BOOTREPLY)),
    xid=bytes_4,
    chaddr=st.binary(max_size=16),
    htype=bytes_1,
    hops=bytes_1,
    secs=bytes_2,
    flags=bytes_2,
    ciaddr=addresses,
    yiaddr=addresses,
    siaddr=addresses,
    giaddr=addresses,
    sname=_field(64),
    file=_field(128),
    options=option_maps | known_option_maps,
)

# --- who asks

_VENDOR_CLASS = "{}:Arch:{:05}:UNDI:{:03}{:03}"


@st.composite
def client_facts(draw: st.DrawFn) -> dict[int, bytes]:
    """The options by which firmware and iPXE say who they are; any of them may be absent."""
    architecture = draw(architectures)
    interface = draw(st.sampled_from((Interface(1, 2, 1), Interface(1, 3, 0), Interface(1, 3, 16))))
    kind = draw(st.sampled_from(("PXEClient", "HTTPClient")))
    vendor_class = _VENDOR_CLASS.format(kind, architecture, interface.major, interface.minor)
    facts = {
        options.VENDOR_CLASS.code: options.VENDOR_CLASS.write(vendor_class),
        pxe.ARCHITECTURES.code: pxe.ARCHITECTURES.write((architecture,)),
        pxe.INTERFACE.code: pxe.INTERFACE.write(interface),
        pxe.UUID.code: pxe.UUID.write(draw(uuids)),
        pxe.USER_CLASS.code: pxe.USER_CLASS.write(draw(user_classes)),
        pxe.IPXE.code: pxe.IPXE.write({pxe.VERSION: b"\x01\x00\x00", 19: b"\x01"}),
    }
    absent = draw(st.sets(st.sampled_from(sorted(facts)), max_size=3))
    return {code: value for code, value in facts.items() if code not in absent}


@st.composite
def client_requests(draw: st.DrawFn) -> Message:
    """What a machine that boots from the network sends."""
    kind = draw(st.sampled_from((MessageType.DISCOVER, MessageType.REQUEST)))
    return Message(
        op=BOOTREQUEST,
        xid=draw(bytes_4),
        chaddr=draw(macs),
        secs=draw(st.integers(0, 60)),
        flags=draw(st.sampled_from((0, BROADCAST))),
        giaddr=draw(st.just(IPv4Address(0)) | addresses),
        options={
            options.MESSAGE_TYPE.code: options.MESSAGE_TYPE.write(kind),
            options.MAX_SIZE.code: options.MAX_SIZE.write(
                draw(st.sampled_from((576, 1472, 65280)))
            ),
            **draw(client_facts()),
        },
    )


# --- TFTP

_tftp_names = nul_free_texts.filter(bool)
tftp_options = st.dictionaries(
    st.sampled_from((tftp.BLKSIZE, tftp.TIMEOUT, tftp.TSIZE, tftp.WINDOWSIZE))
    | _tftp_names.map(str.lower).filter(lambda name: name == name.lower()),
    st.integers(0, 2**40).map(str) | nul_free_texts,
    max_size=6,
)
tftp_requests = st.builds(
    tftp.Request,
    name=_tftp_names,
    mode=st.sampled_from(("octet", "netascii", "mail")),
    options=tftp_options,
    write=st.booleans(),
)
tftp_packets = (
    tftp_requests
    | st.builds(tftp.Data, bytes_2, st.binary(max_size=600))
    | st.builds(tftp.Ack, bytes_2)
    | st.builds(tftp.Error, bytes_2, nul_free_texts)
    | st.builds(tftp.OptionAck, tftp_options.filter(bool))
)

# --- syslog

_sd_values = st.text(max_size=20).map(
    lambda text: text.replace("\\", r"\\").replace('"', r"\"").replace("]", r"\]")
)


def _sd_element(name: str, fields: Mapping[str, str]) -> str:
    parameters = (f'{key}="{value}"' for key, value in fields.items())
    return f"[{' '.join((name, *parameters))}]"


_sd_elements = st.builds(_sd_element, words, st.dictionaries(words, _sd_values, max_size=3))
syslog_lines = st.builds(
    syslog.Line,
    facility=st.sampled_from(syslog.Facility),
    severity=st.sampled_from(syslog.Severity),
    text=st.text(max_size=80).map(lambda text: text.rstrip("\0\r\n").lstrip("\ufeff")),
    timestamp=st.just("") | st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
    host=st.just("") | words,
    app=st.just("") | words,
    process=st.just("") | words,
    message_id=st.just("") | words,
    structured_data=st.lists(_sd_elements, max_size=3).map("".join),
)
