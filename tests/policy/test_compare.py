"""Shadow mode's sentences: what a client would see otherwise from us than from another server."""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given, settings
from tests.policy.made import ADDRESS, OTHER, SERVER, SITE, ipxe, known, replied, rom, system
from tests.strategies import messages

from boots.policy.compare import as_if_chosen, differences, server_of
from boots.wire import options
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

ROUTER = options.ROUTER.write((OTHER,))


def changed(reply: Message, more: dict[int, bytes] | None = None, **header: Any) -> Message:
    return replace(reply, options={**reply.options, **(more or {})}, **header)


OURS = replied(rom(), known())

DIFFERENCES = {
    "nothing": ({}, {}, []),
    "another server, as always": ({54: OTHER.packed}, {}, []),
    "when to renew": ({58: bytes(4), 59: bytes(4)}, {}, []),
    "the address": (
        {},
        {"yiaddr": IPv4Address("192.168.1.77")},
        ["address: we 192.168.1.10, they 192.168.1.77"],
    ),
    "the boot file": (
        {},
        {"file": b"pxelinux.0"},
        ["boot file: we undionly.kpxe, they pxelinux.0"],
    ),
    "the boot file, in option 67": ({67: b"undionly.kpxe\0"}, {"file": b""}, []),
    "no boot file": ({}, {"file": b""}, ["boot file: only ours, undionly.kpxe"]),
    "the next server": (
        {},
        {"siaddr": OTHER},
        ["next-server: we 192.168.1.1, they 192.168.1.99"],
    ),
    "an option": (
        {3: ROUTER},
        {},
        ["option 3 (router): we 192.168.1.1, they 192.168.1.99"],
    ),
    "an option of theirs": (
        {66: b"192.168.1.99"},
        {},
        ["option 66 (TFTP server name): only theirs, 192.168.1.99"],
    ),
    "an option that nobody reads": ({224: b"\1\2"}, {}, ["option 224: only theirs, 01 02"]),
    "an empty option": ({224: b""}, {}, ["option 224: only theirs, empty"]),
    "a boot file with a secret": (
        {67: b"http://h/?token=hunter2"},
        {"file": b""},
        ["boot file: we undionly.kpxe, they http://h/?token=…"],
    ),
    "refused": ({53: b"\6"}, {}, ["reply: we OFFER, they NAK"]),
}


@pytest.mark.parametrize(("more", "header", "expected"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_what_differs_is_told_field_by_field(
    more: dict[int, bytes], header: dict[str, Any], expected: list[str]
) -> None:
    assert expected == differences(OURS, changed(OURS, more, **header))


def test_an_option_of_ours_alone_is_told() -> None:
    theirs = replace(OURS, options={53: OURS.options[53]})
    assert "option 1 (subnet mask): only ours, 255.255.255.0" in differences(OURS, theirs)


def test_silence_and_refusals_of_ours_are_told_with_their_reason() -> None:
    assert ["reply: we none (no record has this MAC), they OFFER"] == differences(
        None, OURS, "no record has this MAC"
    )
    nak = replace(OURS, options={53: b"\6"})
    assert ["reply: we NAK (its record has another), they OFFER"] == differences(
        nak, OURS, "its record has another"
    )


def test_an_offer_without_an_address_is_compared_for_booting_alone() -> None:
    proxied = Message(
        op=2, xid=1, chaddr=bytes(6), siaddr=SERVER, file=b"x.efi", options={53: b"\2", 60: b"P"}
    )

    assert [
        "boot file: we x.efi, they undionly.kpxe",
        "option 43 (vendor specific): only theirs, 6=08",
        "option 60 (vendor class): only ours, P",
    ] == differences(proxied, OURS)


def test_a_request_for_another_s_offer_is_read_as_if_it_were_for_ours() -> None:
    chosen = {54: OTHER.packed, 50: IPv4Address("192.168.1.77").packed}
    request = system(MessageType.REQUEST, more=chosen)

    ours = as_if_chosen(request, SITE)

    assert SERVER == ours.get(options.SERVER_ID)
    reply = replied(ours, known())
    assert (MessageType.ACK, ADDRESS) == (reply.kind, reply.yiaddr)


@pytest.mark.parametrize(
    "message",
    [rom(), ipxe(MessageType.REQUEST), system(MessageType.REQUEST, more={54: SERVER.packed})],
    ids=["DISCOVER", "to nobody", "to us"],
)
def test_any_other_message_is_left_as_it_is(message: Message) -> None:
    assert as_if_chosen(message, SITE) is message


def test_a_server_without_a_name_has_none() -> None:
    assert "" == server_of(rom())
    assert "192.168.1.1" == server_of(OURS)


@settings(database=None, max_examples=100)
@given(theirs=messages)
def test_whatever_they_send_can_be_told(theirs: Message) -> None:
    assert all(isinstance(each, str) for each in differences(OURS, theirs))
