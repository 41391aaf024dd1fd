"""What is doubtful about the settings is said: what can be read, and would fail at boot."""

from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import pytest

from boots.app import rules
from boots.app.doubts import doubts, of_neighbours, of_rules
from boots.app.sites import Offered, make
from boots.model.machine import Architecture
from boots.model.site import OSIE, Profile
from boots.settings import Boot, Dhcp, Http, Settings, Subnet

OWN = IPv4Interface("192.168.1.1/24")
OFFERED = Offered(files={}, profiles={OSIE.name: OSIE, "debian": Profile(name="debian")})
POOL = Subnet(network="192.168.1.0/24", pool=["192.168.1.100-192.168.1.109"])


def said(**settings: Any) -> list[str]:
    found = Settings(**settings)
    return list(doubts(found, make(found, OWN, OFFERED)))


def test_nothing_is_doubtful_about_the_defaults() -> None:
    assert [] == said()


@pytest.mark.parametrize("name", ["osie", "hook", "debian", ""])
def test_a_profile_that_exists_is_not_doubtful(name: str) -> None:
    assert [] == said(boot=Boot(profile=name, unknown=name), dhcp=Dhcp(mode="auto-proxy"))


def test_a_profile_that_does_not_exist_is_named_with_the_nearest() -> None:
    assert ['boot.profile: there is no profile "debain"; did you mean "debian"?'] == said(
        boot=Boot(profile="debain")
    )
    assert ['boot.profile: there is no profile "x"; write one of debian, hook, osie'] == said(
        boot=Boot(profile="x")
    )


def test_the_profile_of_strangers_counts_where_strangers_boot() -> None:
    boot = Boot(unknown="debain")
    assert [] == said(boot=boot)
    for mode in ("auto-proxy", "pool"):
        assert ['boot.unknown: there is no profile "debain"; did you mean "debian"?'] == said(
            boot=boot, dhcp=Dhcp(mode=mode), subnets=[POOL]
        )


def test_a_user_class_that_no_installed_ipxe_has_is_told(tmp_path: Path) -> None:
    told = (
        'boot.user_class: the installed iPXE is not "Tinkerbell" but "iPXE", and would'
        " load itself until it is held; name a folder with yours in boot.files"
    )
    assert [told] == said(boot=Boot(user_class="Tinkerbell"))
    assert [] == said(boot=Boot(user_class="Tinkerbell", files=[str(tmp_path)]))
    assert [] == said(boot=Boot(user_class="iPXE"))


def test_a_pool_mode_without_a_pool_is_told() -> None:
    dhcp = Dhcp(mode="pool")
    told = (
        'dhcp.mode: "pool", and no pool: machines without a record get no address;'
        " write [[subnets]] with network and pool"
    )
    assert [told] == said(dhcp=dhcp)
    assert [told] == said(dhcp=dhcp, subnets=[Subnet(network="192.168.1.0/24")])
    assert [] == said(dhcp=dhcp, subnets=[POOL])


def test_a_gateway_outside_its_network_is_told() -> None:
    assert ['[[subnets]] "192.168.1.0/24": gateway 10.0.0.1 is outside; check both'] == said(
        subnets=[Subnet(network="192.168.1.0/24", gateway="10.0.0.1")]
    )


def test_a_subnet_behind_a_larger_one_is_never_used() -> None:
    large, small = Subnet(network="10.0.0.0/8"), Subnet(network="10.1.0.0/16")
    told = (
        '[[subnets]] "10.1.0.0/16": never used, as "10.0.0.0/8" comes before it;'
        " write the smaller network first"
    )
    assert [told] == said(subnets=[large, small])
    assert [] == said(subnets=[small, large])


def test_a_folder_of_boot_files_that_is_not_there_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert [f"boot.files: there is no folder {gone}; make it, or mend boot.files"] == said(
        boot=Boot(files=[str(tmp_path), str(gone)])
    )


def test_a_key_without_a_certificate_is_told() -> None:
    told = "http.key: there is no http.certificate for it, so no HTTPS; name both"
    assert [told] == said(http=Http(key="k.pem"))
    assert [] == said(http=Http(key="k.pem", certificate="c.pem"))


@pytest.mark.parametrize(
    ("machines", "own", "kept"),
    [(1000, "10.0.0.1/16", 1024), (5000, "10.0.0.1/24", 1024), (5000, "10.0.0.1/16", None)],
)
def test_the_kernel_has_room_for_its_neighbours_or_nobody_knows(
    machines: int, own: str, kept: int | None
) -> None:
    assert [] == list(of_neighbours(machines, [IPv4Interface(own)], kept))


def test_more_machines_than_the_kernel_keeps_neighbours_is_told() -> None:
    networks = [IPv4Interface("10.0.0.1/16"), IPv4Interface("10.1.0.1/24")]
    told = (
        "net.ipv4.neigh.default.gc_thresh3: the kernel keeps 1024 neighbours, and of 1500 machines"
        " without a router between many would get no files at once;"
        " sysctl net.ipv4.neigh.default.gc_thresh3=4096"
    )
    assert [told] == list(of_neighbours(1500, networks, 1024))


# --- rules of enrolment


def said_of_rules(text: str, *, store: bool = True, **settings: Any) -> list[str]:
    found, faults = rules.read(text, "r.yaml")
    assert not faults
    return list(of_rules(found, make(Settings(**settings), OWN, OFFERED), store=store))


@pytest.mark.parametrize("profile", ["debian", "hook", "'{{ product }}'", ""])
def test_rules_are_not_doubtful_where_strangers_boot(profile: str) -> None:
    text = f"- {{name: one, record: {{profile: {profile}}}}}"
    assert [] == said_of_rules(text, dhcp=Dhcp(mode="pool"))
    assert [] == said_of_rules("[]")


def test_a_rule_that_names_no_profile_is_doubtful() -> None:
    text = "- {name: one, record: {profile: debain}}"
    (told,) = said_of_rules(text, dhcp=Dhcp(mode="auto-proxy"))
    assert (
        told == 'r.yaml:1: "one" names the profile "debain", which is none; did you mean "debian"?'
    )


def test_rules_without_strangers_are_doubtful() -> None:
    (told,) = said_of_rules("- {name: one}", dhcp=Dhcp(mode="proxy"))
    assert 'enrol.rules: in the mode "proxy" machines without a record are not answered' in told
    (told,) = said_of_rules("- {name: one}", dhcp=Dhcp(mode="pool"), boot=Boot(unknown=""))
    assert "enrol.rules: machines without a record boot nothing" in told


def test_records_that_cannot_be_kept_are_doubtful() -> None:
    text = "- {name: one, enrol: auto}"
    assert [] == said_of_rules(text, dhcp=Dhcp(mode="pool"))
    (told,) = said_of_rules(text, store=False, dhcp=Dhcp(mode="pool"))
    assert "and there is none; write store.enabled = true, or enrol: ask" in told
    assert [] == said_of_rules("- {name: one}", store=False, dhcp=Dhcp(mode="pool"))


# --- boot files for another kind of machine


def test_boot_files_for_another_kind_of_machine_are_doubtful() -> None:
    arm64 = Architecture.ARM64_UEFI
    odd = Profile(name="odd", boot_files={Architecture.BIOS: "arm.efi", arm64: "arm.efi"})
    offered = Offered(
        files={"arm.efi": "/srv/arm.efi", "undionly.kpxe": "/srv/undionly.kpxe"},
        profiles={OSIE.name: OSIE, odd.name: odd},
        programs={"arm.efi": arm64, "undionly.kpxe": arm64},
    )
    settings = Settings(boot=Boot(override=["x64-uefi=arm.efi", "arm64-uefi=arm.efi"]))

    override = "arm.efi is a program for arm64-uefi, not for x64-uefi"
    ladder = "undionly.kpxe is a program for arm64-uefi, not for bios"
    profile = "arm.efi is a program for arm64-uefi, not for bios"
    assert {
        f"boot.override: {override}, which would load it; put another in its place",
        f"boot.files: {ladder}, which would load it; put another in its place",
        f"profile odd: boot_files: {profile}, which would load it; name another",
    } == set(doubts(settings, make(settings, OWN, offered)))
