"""However the path of another machine's secret is written, who asks is who is asked for."""

from dataclasses import replace

from msgspec.structs import replace as changed
from tests.app.desks import KEY
from tests.attacks.lan import HOSTILE, NEIGHBOUR, OWN, VICTIM, Lan, on_lan
from tests.attacks.test_speaking_for_another import SERIAL, with_serial

from boots.machines.index import build
from boots.model.mac import Mac
from boots.policy import token

NAMES = (
    "auto.ipxe",
    "preseed.cfg",
    "seed.ipxe",
    "profiles/osie/preseed.cfg",
    "ipxe/script/auto.ipxe",
    "grub/grub.cfg",
    "pxelinux.cfg/default",
    "nocloud/user-data",
    "nocloud/meta-data",
    "metadata",
    "2009-04-04/meta-data/hostname",
    f"tootles/instanceID/{VICTIM}/2009-04-04/meta-data/hostname",
)
TRACE = "-00-" + 32 * "a" + "-" + 16 * "b" + "-01"


def forms(name: str) -> list[str]:
    """All that somebody may ask for, to get what is called so of another machine."""
    bare = VICTIM.replace(":", "")
    dashed = VICTIM.replace(":", "-")
    dotted = ".".join(bare[at : at + 4] for at in (0, 4, 8))
    own = token.of(Mac(HOSTILE), KEY)
    macs = (VICTIM, VICTIM.upper(), dashed, bare, dotted, VICTIM.replace(":", "%3A"))
    return [
        *(f"/{mac}/{name}" for mac in macs),
        f"//{VICTIM}//{name}",
        f"/./{VICTIM}/./{name}",
        f"/x/../{VICTIM}/{name}",
        f"/%2e%2e/{VICTIM}/{name}",
        f"/{VICTIM}%2F{name}",
        f"/{VICTIM}%5C{name}",
        f"/{VICTIM.replace(':', '%253A')}/{name}",
        f"/{HOSTILE}/{VICTIM}/{name}",
        f"/{HOSTILE}/{HOSTILE}/{VICTIM}/{name}",
        f"/{VICTIM}/{HOSTILE}/{VICTIM}/{name}",
        f"/{own}/{VICTIM}/{name}",
        f"/{VICTIM}/{own}/{name}",
        f"/{own}/../{VICTIM}/{name}",
        f"/{own}/nocloud/../../{VICTIM}/{name}",
        f"/{SERIAL}/{name}",
        f"/{HOSTILE}/{SERIAL}/{name}",
        f"/{VICTIM}/{name}?mac={VICTIM}",
        f"/{VICTIM}/{name};x=1",
        f"/{VICTIM}/{name}%00",
        f"/{VICTIM}/{name}{TRACE}",
        f"/pxelinux.cfg/01-{dashed}",
        f"/{HOSTILE}/pxelinux.cfg/01-{dashed}",
        f"/grub/grub.cfg-01-{dashed}",
        f"http://{OWN}/{VICTIM}/{name}",
        f"http://x@{OWN}:80/{VICTIM}/{name}",
        f"//{OWN}/{VICTIM}/{name}",
    ]


@on_lan
async def test_no_writing_of_a_path_gives_another_machines_secret(lan: Lan) -> None:
    await lan.provision()
    with_serial(lan)
    secrets = (b"boots.ticket=", token.of(Mac(VICTIM), KEY).encode(), b"$6$", b"file-1")
    mine = "".join(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {OWN}\r\n\r\n"
        for name in NAMES
        for path in (f"/{VICTIM}/{name}", f"/{name}")
    )
    told = await lan.said(mine.encode(), within=15)
    assert [True] * len(secrets) == [each in told for each in secrets]
    asked = [
        f"{method} {path} HTTP/1.1\r\nHost: {OWN}\r\nX-Forwarded-For: {NEIGHBOUR}\r\n\r\n"
        for name in NAMES
        for path in forms(name)
        for method in ("GET", "HEAD")
    ]
    for at in range(0, len(asked), 64):
        told = await lan.said("".join(asked[at : at + 64]).encode(), within=15)
        assert 64 >= told.count(b"HTTP/1.1 ") - 1 > 32, "nearly all are answered"
        assert [] == [each for each in secrets if each in told]


@on_lan
async def test_an_address_that_a_reload_gives_to_another_is_the_others_from_then_on(
    lan: Lan,
) -> None:
    await lan.provision()
    assert 200 == (await lan.ask(OWN, f"/{VICTIM}/preseed.cfg"))[0]
    raw = lan.answers.raw
    one, two = raw.index.machines
    swapped = [
        changed(
            machine,
            interfaces=(
                changed(machine.interfaces[0], reservation=other.interfaces[0].reservation),
            ),
        )
        for machine, other in ((one, two), (two, one))
    ]
    index, faults = build(swapped)
    assert [] == faults
    lan.answers.world = replace(raw, index=index)
    assert 403 == (await lan.ask(OWN, f"/{VICTIM}/preseed.cfg"))[0]
    assert 403 == (await lan.ask(OWN, f"/{VICTIM}/agent/v1/hello", {"version": "0.1.0"}))[0]
    assert 200 == (await lan.ask(NEIGHBOUR, f"/{VICTIM}/preseed.cfg"))[0]
    assert VICTIM == lan.answers.owners.mac_of(NEIGHBOUR)


METHODS = ("OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
HEADERS = (
    "Range: bytes=0-3",
    "Range: bytes=-9999",
    "If-None-Match: *",
    "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT",
    'If-Range: "x"',
    f"Forwarded: for={OWN}",
    f"X-Real-IP: {OWN}",
    f"True-Client-IP: {OWN}",
    f"X-Boots-Peer: {OWN} 1\r\nX-Boots-Interface: lan0",
    f"X_Forwarded_For: {OWN}",
    "X-HTTP-Method-Override: GET",
    f"X-Original-URL: /{VICTIM}/preseed.cfg",
    f"X-Rewrite-URL: /{VICTIM}/preseed.cfg",
    "Authorization: Bearer local",
)


@on_lan
async def test_no_method_and_no_header_gives_it_either(lan: Lan) -> None:
    await lan.provision()
    secrets = (b"boots.ticket=", token.of(Mac(VICTIM), KEY).encode(), b"$6$", b"file-1")
    who = f"Host: {OWN}\r\nX-Forwarded-For: {NEIGHBOUR}\r\nContent-Length: 0"
    paths = [f"/{VICTIM}/{name}" for name in NAMES] + ["/nocloud/meta-data", "/metadata"]
    asked = [
        f"{method} {path} HTTP/1.1\r\n{who}\r\n{header}\r\n\r\n"
        for path in paths
        for method, header in (
            *((each, "Accept: */*") for each in METHODS),
            *(("GET", each) for each in HEADERS),
        )
    ]
    for each in asked:  # by connections of their own, as some are ended by what is refused
        told = await lan.said(each.encode(), within=15)
        assert told.startswith((b"HTTP/1.1 ", b"HTTP/1.0 400 ")), each
        assert [] == [secret for secret in secrets if secret in told], each
