"""Sites: settings read into what answers are made from, and refused with what to write."""

import hashlib
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

import pytest
from tests.app.certificates import authority, issue

from boots import settings as given
from boots.app import tls
from boots.app.sites import Offered, make, overrides, subnet
from boots.model.machine import Architecture
from boots.model.site import Mode, Range
from boots.settings import Settings, SettingsError

OWN = IPv4Interface("10.0.0.1/24")
OFFERED = Offered(files={"undionly.kpxe": "/srv/undionly.kpxe"}, profiles={})


def test_a_site_knows_the_network_of_its_interface() -> None:
    assert IPv4Network("10.0.0.0/24") == make(Settings(), OWN, OFFERED).network


def test_a_mode_is_read_by_its_name() -> None:
    settings = Settings(dhcp=given.Dhcp(mode="auto-proxy"))
    assert Mode.AUTO_PROXY is make(settings, OWN, OFFERED).mode


def test_a_boot_file_is_overridden_by_the_architectures_name_or_number() -> None:
    assert {
        Architecture.X64_UEFI: "shimx64.efi",
        Architecture.BIOS: "ipxe.pxe",
    } == overrides(["7=shimx64.efi", "bios=ipxe.pxe"])


@pytest.mark.parametrize("word", ["x64=shim.efi", "bios=", "shim.efi", "99=a"])
def test_an_override_for_nothing_known_is_refused_with_the_names(word: str) -> None:
    with pytest.raises(SettingsError, match=r"write ARCHITECTURE=FILE, with one of bios, "):
        overrides([word])


def test_a_subnet_is_read_with_its_pool() -> None:
    said = given.Subnet(
        network="10.0.0.0/24", gateway="10.0.0.1", pool=["10.0.0.5", "10.0.0.100-10.0.0.199"]
    )
    found = subnet(said)
    assert IPv4Address("10.0.0.1") == found.gateway
    assert (
        Range(first=IPv4Address("10.0.0.5"), last=IPv4Address("10.0.0.5")),
        Range(first=IPv4Address("10.0.0.100"), last=IPv4Address("10.0.0.199")),
    ) == found.pool


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (given.Subnet(network="10.0.0.1/24"), 'network = "10.0.0.1/24" will not do'),
        (given.Subnet(network="10.0.0.0/24", gateway="gw"), 'gateway = "gw" will not do'),
        (given.Subnet(network="10.0.0.0/24", pool=["10.1.0.1-10.1.0.9"]), "no range of"),
        (given.Subnet(network="10.0.0.0/24", pool=["10.0.0.9-10.0.0.1"]), "no range of"),
        (given.Subnet(network="10.0.0.0/24", pool=["a-b"]), "FIRST-LAST"),
        (given.Subnet(network="10.0.0.0/8", pool=["10.0.0.1-10.9.9.9"]), "write the range that"),
    ],
)
def test_a_subnet_that_cannot_be_is_refused(said: given.Subnet, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        subnet(said)


def test_the_fingerprint_of_the_certificate_is_told_where_clients_come_over_https(
    tmp_path: Path,
) -> None:
    leaf, ca = issue(by=authority()), authority()
    (tmp_path / "chain.pem").write_bytes(leaf.pem + ca.pem)
    http = given.Http(certificate=str(tmp_path / "chain.pem"), url="https://boots.example")
    pin = tls.pin(Settings(http=http))
    assert hashlib.sha256(leaf.der).hexdigest() == pin
    offered = Offered(files={}, profiles={}, pin=pin)
    assert pin == make(Settings(http=http), OWN, offered).pin
    assert "" == make(Settings(), OWN, offered).pin


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----"])
def test_what_is_no_certificate_has_no_fingerprint(text: str, tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_text(text)
    assert "" == tls.pin(Settings(http=given.Http(certificate=str(tmp_path / "chain.pem"))))
    assert "" == tls.pin(Settings(http=given.Http(certificate=str(tmp_path / "none.pem"))))
    assert "" == tls.pin(Settings())
