"""The ISO endpoint: who gets one, and what is written into it."""

import hashlib
from ipaddress import IPv4Address
from typing import Any

import msgspec
import pytest
from tests.policy.made import SITE, known, site

from boots.model.mac import Mac
from boots.model.machine import STORE, Interface, Known, Machine, Netboot, Place, Reservation
from boots.model.site import Hook, Iso, Site
from boots.policy import iso
from boots.policy.got import Ground, Refusal
from boots.policy.iso import Image, arguments, image, ipam
from boots.policy.placeholder import PLACEHOLDER

MAC = Mac("de:ed:be:ef:fe:ed")
CONSOLES = "console=ttyAMA0 console=ttyS0 console=tty0 console=tty1 console=ttyS1"
HOOK = Hook(syslog="127.0.0.1:514", grpc_authority="127.0.0.1:42113")
NO_ADDRESS = "ipam=de-ed-be-ef-fe-ed:400:::::::"
TOLD = (
    "hw_addr=de:ed:be:ef:fe:ed syslog_host=127.0.0.1:514 grpc_authority=127.0.0.1:42113"
    " tinkerbell_tls=false worker_id=de:ed:be:ef:fe:ed"
)


def machine(
    facility: str = "", vlan: str = "", reserved: Reservation | None = None, **netboot: Any
) -> Known:
    interface = Interface(mac=MAC, vlan=vlan, reservation=reserved, netboot=Netboot(**netboot))
    place = Place(file="", line=1)
    return Known(
        machine=Machine(name="one", interfaces=(interface,), place=place, facility=facility),
        interface=interface,
    )


def offering(release: int = 2026, args: tuple[str, ...] = (), *, ipam: bool = False) -> Site:
    return site(
        hook=msgspec.structs.replace(HOOK, release=release),
        kernel_args=args,
        iso=Iso(enabled=True, url="http://h/hook.iso", static_ipam=ipam),
    )


def test_the_placeholder_is_hookos_own() -> None:
    digest = "252feaf619f32ca02d967c78c9fa1434c4c70c7774bf038e1de2fafbc5e88a78"

    assert (1024, digest) == (len(PLACEHOLDER), hashlib.sha256(PLACEHOLDER).hexdigest())


@pytest.mark.parametrize(
    ("known", "where", "text"),
    [
        (
            machine("test", "400"),
            offering(args=("k1=1", "k2=2"), ipam=True),
            f"facility=test {CONSOLES} vlan_id=400 {TOLD} k1=1 k2=2 {NO_ADDRESS}",
        ),
        (machine(), offering(), f"{CONSOLES} {TOLD}"),
        (machine("console=ttyS1"), offering(), f"facility=console=ttyS1 {TOLD}"),
        (
            machine("test", "400"),
            offering(2025, ("k1=1", "k2=2"), ipam=True),
            f"k1=1 k2=2 facility=test {CONSOLES} vlan_id=400 {TOLD} {NO_ADDRESS}",
        ),
        (machine(), offering(2025), f" {CONSOLES}  {TOLD}"),
        (machine(kernel_args=("own=1",)), offering(), f"{CONSOLES} {TOLD} own=1"),
    ],
)
def test_arguments_are_those_of_the_release(known: Known, where: Site, text: str) -> None:
    assert text == arguments(known, where)
    found = image(known, where)
    assert isinstance(found, Image)
    assert text.encode().ljust(1024) == found.text


def test_ipam_holds_all_that_the_record_says() -> None:
    own = Reservation(
        address=IPv4Address("127.0.0.1"),
        prefix=24,
        gateway=IPv4Address("127.0.0.2"),
        host_name="myhost",
        name_servers=(IPv4Address("1.1.1.1"), IPv4Address("4.4.4.4")),
        search=("example.com", "example.org"),
        ntp_servers=(IPv4Address("129.6.15.28"), IPv4Address("129.6.15.29")),
    )

    assert (
        "ipam=de-ed-be-ef-fe-ed:400:127.0.0.1:255.255.255.0:127.0.0.2:myhost:1.1.1.1,4.4.4.4"
        ":example.com,example.org:129.6.15.28,129.6.15.29"
    ) == ipam(machine(vlan="400", reserved=own))
    assert "ipam=de-ed-be-ef-fe-ed::::::::" == ipam(machine())


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/iso/x/52-54-00-12-34-56/hook.iso", "52:54:00:12:34:56"),
        ("//iso//52:54:00:12:34:56//hook.iso", "52:54:00:12:34:56"),
        ("/iso/5254.0012.3456/a.iso", "52:54:00:12:34:56"),
        ("/iso/52-54-00-12-34-56/hook.img", Ground.MISSING),
        ("/iso/hook", Ground.MISSING),
        ("/iso/hook.iso", Ground.GARBLED),
        ("/iso/52-54-00-12-34/hook.iso", Ground.GARBLED),
    ],
)
def test_a_path_names_a_machine(path: str, found: str | Ground) -> None:
    read = iso.read(path)

    assert iso.is_wanted(path)
    assert found == (read.ground if isinstance(read, Refusal) else read)


def test_an_iso_of_the_record_wins_and_may_be_a_file_of_ours() -> None:
    where = site(iso=Iso(enabled=True, url="http://h/hook.iso"), files={"own.iso": "/srv/own.iso"})
    found = image(machine(iso_url="own.iso"), where)

    assert isinstance(found, Image)
    assert ("/srv/own.iso", True) == (found.source, found.local)


@pytest.mark.parametrize(
    ("file", "url", "trusted"),
    [
        ("a.yaml", "http://127.0.0.1/x.iso", True),
        (STORE, "http://127.0.0.1/x.iso", False),
        (STORE, "", True),
        (STORE, "http://h/hook.iso", True),
    ],
)
def test_what_a_record_made_through_the_api_names_is_not_trusted(
    file: str, url: str, trusted: bool
) -> None:
    one = machine(iso_url=url)
    place = Place(file=file, line=0)
    made = msgspec.structs.replace(one.machine, place=place)
    found = image(msgspec.structs.replace(one, machine=made), offering())
    assert isinstance(found, Image)
    assert trusted is found.trusted


@pytest.mark.parametrize(
    ("known", "where", "ground", "why"),
    [
        (machine(), SITE, Ground.MISSING, "no ISOs are served"),
        (None, offering(), Ground.STRANGER, "no machine of ours"),
        (machine(allowed=False), offering(), Ground.FORBIDDEN, "netboot is off"),
        (machine(), site(iso=Iso(enabled=True)), Ground.MISSING, "names an ISO"),
        (machine(iso_url="file:///etc/shadow"), offering(), Ground.BROKEN, "neither a URL"),
        (machine(kernel_args=("api_key=abc123",)), offering(), Ground.BROKEN, "holds a secret"),
        (machine(iso_url="/etc/shadow"), offering(), Ground.BROKEN, "neither a URL"),
        (machine("x" * 1024), offering(), Ground.BROKEN, "do not fit the 1024 of the ISO"),
        (machine("a\nb"), offering(), Ground.BROKEN, "cannot stand in"),
        (machine("a;reboot"), offering(), Ground.BROKEN, "cannot stand in"),
        (
            msgspec.structs.replace(known(), held="held for 5 s more"),
            offering(),
            Ground.FORBIDDEN,
            "held for 5 s more",
        ),
    ],
)
def test_who_gets_none_is_told_why(
    known: Known | None, where: Site, ground: Ground, why: str
) -> None:
    found = image(known, where)

    assert isinstance(found, Refusal)
    assert ground is found.ground
    assert why in found.why


def test_a_secret_in_kernel_arguments_gets_no_disc_as_it_gets_no_script() -> None:
    leaking = machine(kernel_args=("rootpw=hunter2",))
    refused = image(leaking, offering())

    assert isinstance(refused, Refusal)
    assert refused.ground is Ground.BROKEN
    assert "rootpw" in refused.why
    assert "hunter2" not in refused.why
    assert isinstance(image(leaking, site_allowing("rootpw")), Image)


def site_allowing(name: str) -> Site:
    return msgspec.structs.replace(offering(), secrets_allowed=(name,))
