"""Records beside the networks and the files that are there."""

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

import pytest
from tests.policy.made import SITE, known, reservation, site

from boots.doctor.place import Place
from boots.doctor.records import judge
from boots.doctor.words import Finding
from boots.model.machine import Architecture, Machine, Netboot, Reservation
from boots.model.site import Profile, Range, Site, Subnet

OWN = IPv4Interface("192.168.1.1/24")
LINK = site(network=OWN.network)


def found(*machines: Machine, where: Site = LINK, here: bool = True) -> list[Finding]:
    return list(judge([Place("eth1", OWN, where, here)], machines))


def machine(netboot: Netboot | None = None, **more: Any) -> Machine:
    return known(netboot, **more).machine


def at(address: str, prefix: int = 24) -> Machine:
    return machine(reserved=Reservation(address=IPv4Address(address), prefix=prefix))


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def test_a_record_that_fits_its_network_is_as_it_should_be() -> None:
    assert [] == found(machine())


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (at("192.168.1.1"), "address-ours"),
        (at("10.0.0.5"), "address-nowhere"),
        (at("192.168.1.10", 16), "prefix-differs"),
    ],
)
def test_what_contradicts_the_network_is_told(record: Machine, code: str) -> None:
    (finding,) = found(record)
    assert code == finding.code
    assert finding.seen[0].startswith("node-1 (52:54:00:12:34:56), ")


def test_an_address_of_a_described_network_behind_a_relay_is_somewhere() -> None:
    far = Subnet(network=IPv4Network("10.0.0.0/24"))
    assert [] == found(at("10.0.0.5"), where=site(network=OWN.network, subnets=(far,)))


def test_an_address_of_a_pool_is_told() -> None:
    pool = (Range(first=IPv4Address("192.168.1.10"), last=IPv4Address("192.168.1.20")),)
    subnet = Subnet(network=OWN.network, pool=pool)
    where = site(network=OWN.network, subnets=(subnet,))
    assert ["address-in-pool"] == codes(found(at("192.168.1.20"), where=where))
    assert [] == found(at("192.168.1.21"), where=where)


def test_from_another_host_the_own_address_is_not_the_server_s() -> None:
    where = site(network=OWN.network, server=IPv4Address("192.168.1.2"))
    assert ["address-ours"] == codes(found(at("192.168.1.2"), where=where, here=False))
    assert [] == found(at("192.168.1.1"), where=where, here=False)


def test_what_many_records_share_is_told_once() -> None:
    (finding,) = found(*[at(f"10.0.0.{number}") for number in range(1, 13)])
    assert 9 == len(finding.seen)
    assert "and 4 more" == finding.seen[-1]


def test_an_architecture_without_a_boot_file_is_told_with_its_package() -> None:
    rungs = {key: name for key, name in SITE.boot_files.items() if key is not Architecture.BIOS}
    (finding,) = found(machine(), where=site(network=OWN.network, boot_files=rungs))
    assert ("no-boot-file", "there is no boot file for bios") == (finding.code, finding.title)
    assert "package ipxe" in finding.advice


def test_only_architectures_that_records_need_are_missed() -> None:
    rungs = {Architecture.ARM64_UEFI: "snponly-arm64.efi"}
    where = site(network=OWN.network, boot_files=rungs)
    assert [] == found(machine(cpu="aarch64"), where=where)
    assert [] == found(machine(Netboot(allowed=False)), where=where)
    assert [] == found(machine(Netboot(boot_file="own.efi")), where=where)


def test_a_boot_file_that_is_named_and_not_there_is_told() -> None:
    rungs = {**SITE.boot_files, Architecture.X64_UEFI: "gone.efi"}
    (finding,) = found(machine(), where=site(network=OWN.network, boot_files=rungs))
    assert "there is no boot file for x64-uefi: gone.efi is not installed" == finding.title


@pytest.mark.parametrize(
    ("netboot", "name", "package"),
    [
        (Netboot(boot_file="shimx64.efi"), "shimx64.efi", "shim-signed"),
        (
            Netboot(boot_files={Architecture.X64_UEFI: "grubx64.efi"}),
            "grubx64.efi",
            "grub-efi-amd64-signed",
        ),
        (Netboot(profile="own"), "mmx64.efi", "shim-helpers-amd64-signed"),
        (Netboot(boot_file="mine.efi"), "mine.efi", "boot.files"),
    ],
)
def test_a_boot_file_that_a_record_or_profile_names_is_told_with_its_package(
    netboot: Netboot, name: str, package: str
) -> None:
    own = Profile(name="own", kernel="http://x/k", boot_files={Architecture.X64_UEFI: "mmx64.efi"})
    where = site(network=OWN.network, profiles={**SITE.profiles, "own": own})
    (finding,) = found(machine(netboot), where=where)
    assert f"there is no boot file {name}, which records or profiles name" == finding.title
    assert finding.advice.endswith(package)


def test_osie_is_missed_by_those_alone_who_boot_it() -> None:
    files = {name: path for name, path in SITE.files.items() if not name.startswith("osie/")}
    own = Profile(name="own", kernel="http://x/k")
    where = site(network=OWN.network, files=files, profiles={**SITE.profiles, "own": own})
    assert ["no-osie"] == codes(found(machine(), where=where))
    assert [] == found(machine(Netboot(profile="own")), where=where)
    assert [] == found(machine(Netboot(script="#!ipxe")), where=where)


def test_a_machine_without_an_address_contradicts_nothing() -> None:
    assert [] == found(machine(reserved=None))
    assert [] == found(machine(reserved=reservation()))
