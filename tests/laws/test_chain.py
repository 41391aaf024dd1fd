"""Laws of the boot: every client is answered, chains end, are closed, and the doors agree."""

import dataclasses
from urllib.parse import unquote, urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st
from tests import strategies as common
from tests.laws import ipxe, strategies
from tests.policy import made

from boots.model.machine import Architecture, Known
from boots.model.quirk import Behaviour, Match, Quirk
from boots.model.site import Site
from boots.policy import client as clients
from boots.policy.answer import Answer, answer
from boots.policy.boot import Disk, Load, Silence, decide, fetch
from boots.policy.explain import FIRMWARE, Firmware, chain
from boots.policy.got import File, Refusal, Script
from boots.policy.path import SCRIPT_NAMES, leads_back, named, read, tftp_base
from boots.wire import dhcp
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed
from boots.wire.pxe import ArchitectureCode

laws = settings(database=None, max_examples=15)

firmware = st.sampled_from(FIRMWARE) | st.builds(
    Firmware,
    name=st.just("any"),
    vendor_class=st.sampled_from(("PXEClient", "HTTPClient", "")),
    code=st.none() | st.integers(0, 45).map(ArchitectureCode),
    ipxe=st.booleans(),
    user_class=st.sampled_from(("iPXE", "gPXE", "Tinkerbell", "Acme")),
    features=st.frozensets(st.sampled_from(("http", "dns", "tftp", "bzimage", "efi"))),
)


def asked(message: Message, known: Known | None, site: Site) -> Answer:
    return answer(message, clients.from_dhcp(message, site.quirks), known, site)


# --- law 1: decide answers every client and machine


@laws
@given(strategies.asking(), st.none() | strategies.knowns(), strategies.sites())
def test_every_client_and_machine_has_a_decision_with_its_reason(
    message: Message, known: Known | None, site: Site
) -> None:
    client = clients.from_dhcp(message, site.quirks)
    assert client is not None
    decision = decide(client, known, site)
    assert isinstance(decision, Load | Disk | Silence)
    assert decision.why


# --- law 2: the chain ends


@laws
@given(firmware, st.none() | strategies.knowns() | strategies.bootable, strategies.sites())
def test_a_chain_ends_after_two_loads_at_most(
    kind: Firmware, known: Known | None, site: Site
) -> None:
    # A boot file, also for an iPXE that is not ours, and the script.
    whole = chain(kind, known.mac if known else clients.macs.from_bytes(bytes(6)), known, site)
    assert len(whole.fetched) <= 2
    assert len({step.who for step in whole.steps}) <= 2
    assert all(not isinstance(got, Refusal) for _, got in whole.fetched)


CHAIN_LOADS = Quirk(name="all", match=Match(), behaviour=Behaviour(chain_load=True))


@laws
@given(firmware, strategies.bootable, st.sampled_from(("", "Tinkerbell")))
def test_so_does_one_where_every_ipxe_must_load_ours(
    kind: Firmware, known: Known, user_class: str
) -> None:
    every = dict.fromkeys(Architecture, "own.efi")
    site = made.site(quirks=(CHAIN_LOADS,), boot_files=every, user_class=user_class)
    assert len(chain(kind, known.mac, known, site).fetched) <= 2


@laws
@given(strategies.bootable, strategies.sites())
def test_a_script_never_loads_itself(known: Known, site: Site) -> None:
    netboot = known.interface.netboot
    script = fetch("auto.ipxe", known, site)
    assert isinstance(script, Script)
    if not netboot.script:
        for line in ipxe.read(script.text):
            for command in line.commands:
                if command[:1] == ("chain",):
                    assert not leads_back(command[-1], site)


# --- law 3: every URL that is handed out on our own address is given


def given_for(url: str, known: Known, site: Site) -> File | Script | Refusal:
    """What a door gives for a URL of the site's own, as its client would send it."""
    over_tftp = url.startswith(f"{tftp_base(site)}/")
    wanted = read(unquote(urlsplit(url).path))
    assert known.mac == wanted.mac
    return fetch(wanted.name, known, site, tftp=over_tftp)


@laws
@given(strategies.booting, strategies.bootable, strategies.sites())
def test_what_is_handed_out_is_given(message: Message, known: Known, site: Site) -> None:
    found = asked(message, known, site)
    url = found.decision.url if isinstance(found.decision, Load) else ""
    if named(url, site) is not None and url != known.interface.netboot.script_url:
        got = given_for(url, known, site)
        assert isinstance(got, Script) == (named(url, site) in SCRIPT_NAMES)
        assert not isinstance(got, Refusal)
        assert found.reply is None or found.client is not None
        # A ROM gets the name alone, and is known by its address.
        if found.reply is not None and found.reply.file and b"://" not in found.reply.file:
            name = read(found.reply.file.decode()).name
            assert isinstance(fetch(name, known, site), File)


@laws
@given(strategies.bootable, strategies.sites(), st.booleans())
def test_what_a_script_loads_from_us_is_given(known: Known, site: Site, tftp: bool) -> None:
    script = fetch("auto.ipxe", known, site, tftp=tftp)
    assert isinstance(script, Script)
    if script.problem or known.interface.netboot.script or script.profile == "script_url":
        return
    ours = f"{tftp_base(site)}/{known.mac}/" if tftp else f"{site.http_url}/{known.mac}/"
    for line in ipxe.read(script.text):
        for command in line.commands:
            if command[:1] in {("kernel",), ("initrd",)} and command[1].startswith(ours):
                assert isinstance(given_for(command[1], known, site), File)


# --- law 4: what decide refuses, fetch refuses, at both doors


@laws
@given(strategies.booting, strategies.refused, strategies.sites(), st.text(max_size=8))
def test_what_is_refused_is_refused_at_every_door(
    message: Message, known: Known | None, site: Site, name: str
) -> None:
    found = asked(message, known, site)
    assert not isinstance(found.decision, Load)
    for wanted in (*site.files, *SCRIPT_NAMES, name):
        for tftp in (True, False):
            assert isinstance(fetch(wanted, known, site, tftp=tftp), Refusal)


# --- any bytes get an answer, and every answer can be sent


@laws
@given(
    common.messages | strategies.asking(),
    st.none() | strategies.knowns() | strategies.bootable,
    strategies.sites(),
)
def test_every_message_has_an_answer_that_can_be_sent(
    message: Message, known: Known | None, site: Site
) -> None:
    found = asked(message, known, site)
    assert found.why
    assert (found.reply is None) == (found.to is None) == (found.limit is None)
    if found.reply is not None and found.limit is not None:
        raw = dhcp.encode(found.reply, found.limit)
        assert len(raw) <= found.limit
        assert dict(found.reply.options) == dict(dhcp.decode(raw).options)


_captured = dhcp.encode(
    Message(op=1, xid=7, chaddr=bytes(6), options={53: b"\1", 60: b"PXEClient", 93: b"\0\7"})
)


@laws
@given(
    st.lists(st.tuples(st.integers(0, 299), common.bytes_1), max_size=20),
    strategies.bootable,
    strategies.sites(),
)
def test_broken_bytes_never_break_an_answer(
    changes: list[tuple[int, int]], known: Known, site: Site
) -> None:
    data = bytearray(_captured)
    for at, value in changes:
        data[at] = value
    try:
        message = dhcp.decode(bytes(data))
    except Malformed:
        return
    found = asked(message, known, site)
    if found.reply is not None:
        dhcp.encode(found.reply, found.limit)


# --- the answers depend on their arguments alone


@laws
@given(strategies.booting, strategies.knowns(), strategies.sites(), strategies.booting)
def test_an_answer_does_not_remember_what_was_asked_before(
    message: Message, known: Known, site: Site, other: Message
) -> None:
    first = asked(message, known, site)
    asked(other, known, site)
    asked(dataclasses.replace(message, flags=0), None, site)
    assert first == asked(message, known, site)
