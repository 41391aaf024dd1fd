"""Faults that other boot servers were warned of (CVE), asked of this one: a test for each."""

import contextlib
import struct
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.app.pools import ONE, Bench
from tests.policy.made import known, site

from boots.app import profiles
from boots.leases import file as lease_file
from boots.model.machine import Netboot
from boots.model.site import Iso, Mode, Profile
from boots.policy import grub, iso, pxelinux, script, token
from boots.policy.boot import fetch
from boots.policy.got import File, Ground, Refusal, Rendered, Script
from boots.wire import dhcp
from boots.wire.malformed import Malformed

HOSTILE = (
    "quiet\nchain http://evil/x",
    "quiet\r\nboot",
    "a\x0bshell",
    "a\x00b",
    "a || shell",
    "a && shell",
    "x ; shell",
    "${net0/mac}",
    "a\u2028shell",
    "a\x85shell",
)
PLAIN = Profile(name="own", kernel="k")
WHERE = site(files={"k": "/k"}, profiles={"own": PLAIN}, default_profile="own")


@pytest.mark.parametrize("argument", HOSTILE)
def test_cve_2026_46447_kernel_arguments_bend_no_boot_script(argument: str) -> None:
    """Ironic: a newline in kernel_append_params became a line of the boot script."""
    machine = known(Netboot(kernel_args=(argument,)))
    with pytest.raises(script.Unwritable):
        script.render(machine, WHERE, "http://s")
    where = msgspec.structs.replace(WHERE, iso=Iso(enabled=True, url="http://h/a.iso"))
    assert isinstance(iso.image(machine, where), Refusal)
    # What GRUB, PXELINUX and U-Boot take as it is stays within its quotes, and on its line.
    plain = pxelinux.source("pxelinux.cfg/default", known(), WHERE)
    made = pxelinux.source("pxelinux.cfg/default", machine, WHERE)
    if isinstance(made, Rendered):
        assert isinstance(plain, Rendered)
        assert len(made.content.splitlines()) == len(plain.content.splitlines()) + 1
    with contextlib.suppress(script.Unwritable):
        text, _ = grub.render(machine, WHERE)
        quoted = " ".join(f"'{part}'" for part in argument.split(" "))
        assert text.replace(f" {quoted}", "") == grub.render(known(), WHERE)[0]


@pytest.mark.parametrize("name", ["../secret.j2", "/etc/shadow", "../../../../etc/passwd"])
def test_cve_2026_44917_a_template_is_no_path_that_a_machine_names(name: str) -> None:
    """Ironic: an absolute path in pxe_template read any file of the server."""
    for asked in (name, f"profiles/own/{name}", f"profiles/{name}"):
        assert isinstance(fetch(asked, known(), WHERE), Refusal)
    where = msgspec.structs.replace(
        WHERE,
        profiles={
            "own": Profile(name="own", kernel="k", templates={"ks": "{% include '" + name + "' %}"})
        },
    )
    refused = fetch("ks", known(), where)
    assert isinstance(refused, Refusal)
    assert refused.ground is Ground.BROKEN


@pytest.mark.parametrize(
    "url", ["file:///dev/zero", "file:///etc/shadow", "ftp://h/a.iso", "/dev/zero", "gopher://h/"]
)
def test_cve_2026_44919_an_iso_comes_by_http_or_from_the_boot_files(url: str) -> None:
    """Ironic: file:///dev/zero as an image kept its threads for good."""
    where = msgspec.structs.replace(WHERE, iso=Iso(enabled=True))
    refused = iso.image(known(Netboot(iso_url=url)), where)
    assert isinstance(refused, Refusal)
    assert refused.ground is Ground.BROKEN


def test_cve_2024_47533_no_token_opens_anything_where_there_is_no_key() -> None:
    """Cobbler: a shared secret that was a known value let anybody in."""
    made = token.of(ONE, b"")
    assert token.mac_of(made, b"") is None
    assert token.mac_of("-" * 43, b"") is None
    assert token.mac_of(made, b"another key") is None


ODD_OPTIONS = {
    "a host name": b"\x0c\x04node",
    "an FQDN": b"\x51\x07\x05\x00\x00node",
    "a client identifier": b"\x3d\x07\x01\x52\x54\x00\x00\x00\x01",
    "a relay's with nothing in it": b"\x52\x00",
    "a relay's with sub-options that end early": b"\x52\x04\x05\x09\x0a\x09",
    "a subnet selection": b"\x76\x04\xcb\x00\x71\x01",
    "an empty architecture": b"\x5d\x00",
    "an empty UUID": b"\x61\x00",
    "vendor options that end early": b"\x2b\x02\x06\xff",
    "an empty vendor class": b"\x3c\x00",
    "a request list of all": b"\x37\xff" + bytes(range(255)),
    "iPXE's own, garbled": b"\xaf\x03\xb0\xff\x01",
}
_HEAD = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s4s")


def asked(kind: int, more: bytes, *, ciaddr: str = "0.0.0.0", giaddr: str = "0.0.0.0") -> bytes:
    mac = bytes.fromhex(ONE.replace(":", "")).ljust(16, b"\0")
    addresses = (IPv4Address(each).packed for each in (ciaddr, "0.0.0.0", "0.0.0.0", giaddr))
    head = _HEAD.pack(
        1, 1, 6, 0, 1, 0, 0, *addresses, mac, bytes(64), bytes(128), b"\x63\x82\x53\x63"
    )
    return head + bytes((0x35, 1, kind)) + more + b"\xff"


@pytest.mark.parametrize(
    "mode", [Mode.POOL, Mode.PROXY, Mode.AUTO_PROXY, Mode.RESERVATION], ids=str
)
@pytest.mark.parametrize("shadow", [False, True])
@pytest.mark.parametrize("more", ODD_OPTIONS.values(), ids=ODD_OPTIONS)
def test_cve_2025_40779_unicast_with_odd_options_and_no_subnet_is_survived(
    tmp_path: Path, more: bytes, mode: Mode, *, shadow: bool
) -> None:
    """Kea: one unicast message with certain options and no subnet ended the daemon."""
    bench = Bench(tmp_path, mode=mode, shadow=shadow, unknown="osie", subnets=())
    ends: tuple[dict[str, Any], ...] = ({}, {"ciaddr": "203.0.113.9"}, {"giaddr": "203.0.113.1"})
    for kind in (1, 3, 4, 7, 8, 13):
        for where in ends:
            try:
                message = dhcp.decode(asked(kind, more, **where))
            except Malformed:
                continue
            for proxy in (False, True):
                answer = bench.answers.dhcp("lan0", proxy=proxy)(message)
                assert answer.why
                if answer.reply is not None:
                    dhcp.encode(answer.reply, answer.limit)
    bench.close()


@pytest.mark.parametrize(
    "name", ["a" * 70_000, "/" * 5000 + "a", "%s%n" * 500, "../" * 2000 + "x", "\r\n" * 99]
)
def test_glsa_200909_19_long_and_crafted_names_are_refused(name: str) -> None:
    """dnsmasq 2.50: a long TFTP name ran over a buffer, a crafted one crashed it."""
    assert isinstance(fetch(name, known(), WHERE, tftp=True), Refusal)


def test_cve_2026_48681_a_published_name_is_looked_up_and_never_walked(tmp_path: Path) -> None:
    """Ironic: paths within an image led out of it."""
    assert File("k", "/k") == fetch("k", known(), WHERE)
    for name in ("./k/../k", "k/../../etc/passwd", "..\\k", "k\0.txt"):
        assert not isinstance(fetch(name, known(), WHERE), File | Script)


def test_cve_2026_3608_nothing_nested_brings_the_reading_of_leases_down(tmp_path: Path) -> None:
    """Kea: deeply nested JSON overflowed the stack."""
    path = tmp_path / "leases"
    good = b'{"is":"lease","address":"10.0.0.1","mac":"52:54:00:00:00:01","since":1,"until":2}\n'
    path.write_bytes(good + b"[" * 200_000 + b"\n" + b'{"is":' * 50_000 + b"\n")
    found = lease_file.read(path)
    assert (1, (2, 3)) == (len(found.entries), found.unreadable)


def test_a_profile_nested_too_deeply_is_a_fault_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("kernel: http://h/k\ntemplates: [ks]\n")
    (tmp_path / "ks").write_text(
        "{% if 1 %}{% for a in [1] %}" * 30 + "{% endfor %}{% endif %}" * 30
    )
    _, faults = profiles.load(tmp_path)
    assert [str(tmp_path / "ks")] == [fault.file for fault in faults]
