"""Faults of who boots from us: what leaves here gives none of them anything to stumble over."""

import asyncio
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from tests.api.bench import bench, request
from tests.laws import strategies, strict
from tests.serve.test_http_door import asking
from tests.test_floors import AGENT, SOURCE, imports, room_of

from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import client as clients
from boots.policy.answer import answer
from boots.policy.got import Ground, Refusal
from boots.wire import dhcp, ndp, pxe
from boots.wire.dhcp import Message

laws = settings(database=None, max_examples=15)
# The size of one value and, for lists, of each further one: a client copies it into a field.
_SIZES = {
    **dict.fromkeys((1, 28, 51, 54, 58, 59), (4, 0)),
    **dict.fromkeys((3, 6, 7, 42), (4, 4)),
    53: (1, 0),
}


def written(message: Message, known: Known | None, site: Site) -> bytes | None:
    """The reply to a message as it goes on the wire."""
    try:
        given = answer(message, clients.from_dhcp(message, site.quirks), known, site)
        if given.reply is None:
            return None
        return dhcp.encode(given.reply, given.limit)
    except ValueError:
        return None  # a record that no reply can be written with: the door says so, and is silent


replies = given(strategies.booting, strategies.bootable, strategies.sites())


@laws
@replies
def test_ipxe_2026_every_reply_ends_its_options_within_itself(
    message: Message, known: Known, site: Site
) -> None:
    """iPXE, June to August of 2026: it read on behind options, and took replies that were short."""
    data = written(message, known, site)
    if data is None:
        return
    found = strict.read(data)
    others = _chosen_by_people(known, site)
    for code in {pxe.VENDOR.code, pxe.IPXE.code} & set(found) - others:
        strict.nested(b"".join(found[code]))


@laws
@replies
def test_cve_2023_45229_to_45235_what_a_client_copies_has_the_size_that_it_has_room_for(
    message: Message, known: Known, site: Site
) -> None:
    """PixieFail: edk2 copied addresses, names of servers and lists by lengths of the sender's."""
    data = written(message, known, site)
    if data is None:
        return
    for code, values in strict.read(data).items():
        if code in _SIZES and code not in _chosen_by_people(known, site):
            least, step = _SIZES[code]
            size = sum(map(len, values))
            assert size >= least
            assert (size - least) % step == 0 if step else size == least


def test_cve_2023_45229_to_45235_an_advertisement_has_no_options_and_asks_for_no_dhcpv6() -> None:
    # Kind, code, checksum; hops, flags (M and O are 0), and three times.
    assert bytes([134, 0]) + bytes(14) == ndp.empty_advertisement()


def test_cve_2023_45236_to_45237_what_must_not_be_guessed_comes_from_the_kernel() -> None:
    """PixieFail: numbers that were to be unpredictable came from a weak generator."""
    weak = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if "random" in {name.split(".")[0] for name in imports(path)} and room_of(path) != "lab"
    }
    weak |= {path.name for path in AGENT.rglob("*.py") if "random" in set(imports(path))}
    assert set() == weak


_BROKEN = ("a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x85b", "\r\n\r\n<html>", 'a"; x="')
_HEAD = re.compile(rb"HTTP/1\.1 \d{3} [ -~]+(\r\n[A-Za-z-]+: [ -~]*)*")


def heads(raw: bytes) -> bytes:
    """The head of an answer, which has nothing of anybody else's."""
    head = raw.partition(b"\r\n\r\n")[0]
    assert _HEAD.fullmatch(head), head
    assert b"evil" not in head.lower().replace(b"%0d%0ax-evil", b"").replace(b"--x-evil", b"")
    return head


@pytest.mark.parametrize("text", _BROKEN)
def test_ipxe_2026_no_header_has_a_line_of_somebody_elses(text: str, tmp_path: Path) -> None:
    """iPXE: how it compared CR LF; whatever we are asked for, what we send is a header a line."""
    name = quote(text, safe="")

    async def asked() -> None:
        async with bench() as at:
            for target in (f"/v1/machines/{name}", f"/v1/machines/{name}/capture", f"/{name}"):
                heads(await at.send(request("GET", target, None)))
            body = {"record": {"name": text}}
            assert b"201" in heads(await at.send(request("POST", "/v1/machines", body)))
        async with asking(tmp_path) as (door, client):
            door.names["refused"] = Refusal(Ground.BROKEN, text)
            for target in ("refused", name, f"{name}/refused"):
                client.send(f"/{target}", "GET")
                heads(await client.reader.readuntil(b"\r\n\r\n"))
                await client.reader.read(1 << 16)

    asyncio.run(asked())


def _chosen_by_people(known: Known, site: Site) -> set[int]:
    """Options whose bytes a record or a quirk says: these are taken as they are."""
    reservation = known.interface.reservation
    own = set(reservation.options) if reservation is not None else set[int]()
    for each in site.quirks:
        own |= set(each.behaviour.options)
    return own
