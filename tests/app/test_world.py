"""A world is built whole or not at all; a reload puts a new one in place of the old."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from boots.app.profiles import SHIPPED, load
from boots.app.world import World, build
from boots.documents.fault import Faulty
from boots.machines.files import Cache
from boots.settings import Boot, Http, Settings, Syslog, Tftp

GOOD = "machines:\n  - {name: a, mac: 02:00:00:00:00:01}\n"
MORE = GOOD + "  - {name: b, mac: 02:00:00:00:00:02}\n"
BAD = GOOD + "  - {name: b, mac: 02:00:00:00:00}\n"
ADDRESSES = {"eth0": IPv4Interface("10.0.0.1/24"), "eth1": IPv4Interface("10.1.0.1/24")}


@pytest.fixture
def world(tmp_path: Path) -> Callable[[], World]:
    """Builds the world of the folder anew, as a reload does."""
    cache = Cache(tmp_path / "cache")
    settings = Settings(
        machines=[str(tmp_path / "machines")], boot=Boot(osie=str(tmp_path / "osie"))
    )
    (tmp_path / "machines").mkdir()
    return lambda: build(settings, ADDRESSES, cache)


def names(world: World) -> list[str]:
    return [machine.name for machine in world.index.machines]


# --- reload


def test_a_bad_file_leaves_the_world_in_force_as_it_is(
    tmp_path: Path, world: Callable[[], World]
) -> None:
    file = tmp_path / "machines" / "a.yaml"
    file.write_text(GOOD)
    (tmp_path / "machines" / "c.yaml").write_text("mac: 02:00:00:00:00:03")
    before = world()
    file.write_text(BAD)
    with pytest.raises(Faulty) as caught:
        world()
    assert [f"{file}:3: machines[1].mac"] == [
        str(fault).partition(': "')[0] for fault in caught.value.faults
    ]
    assert ["a", "02:00:00:00:00:03"] == names(before)
    file.write_text(MORE)
    assert ["a", "b", "02:00:00:00:00:03"] == names(world())
    assert ["a", "02:00:00:00:00:03"] == names(before)


def test_all_mistakes_are_told_at_once(tmp_path: Path, world: Callable[[], World]) -> None:
    (tmp_path / "machines" / "a.yaml").write_text(BAD)
    (tmp_path / "machines" / "b.yaml").write_text("x: [")
    (tmp_path / "machines" / "d.yaml").write_text(GOOD.replace("name: a", "name: d"))
    with pytest.raises(Faulty, match="3 mistakes"):
        world()


def test_a_file_replaced_by_another_is_taken_up(tmp_path: Path, world: Callable[[], World]) -> None:
    file = tmp_path / "machines" / "a.yaml"
    file.write_text(GOOD)
    assert ["a"] == names(world())
    fresh = tmp_path / "machines" / ".a.yaml.swp"
    fresh.write_text(MORE)
    fresh.replace(file)
    assert ["a", "b"] == names(world())
    file.unlink()
    assert [] == names(world())


def test_a_directory_of_links_that_kubernetes_swaps_is_taken_up(
    tmp_path: Path, world: Callable[[], World]
) -> None:
    folder = tmp_path / "machines"
    for name, text in (("..1", GOOD), ("..2", MORE)):
        (folder / name).mkdir()
        (folder / name / "a.yaml").write_text(text)
    (folder / "..data").symlink_to("..1")
    (folder / "a.yaml").symlink_to("..data/a.yaml")
    assert ["a"] == names(world())
    (folder / "..data_tmp").symlink_to("..2")
    (folder / "..data_tmp").replace(folder / "..data")
    assert ["a", "b"] == names(world())


# --- sites


def test_each_interface_has_a_site_with_its_own_address(world: Callable[[], World]) -> None:
    sites = world().sites
    assert {"eth0", "eth1"} == set(sites)
    site = sites["eth1"]
    assert ("http://10.1.0.1:8080", IPv4Address("10.1.0.1")) == (site.http_url, site.server)
    assert (site.server, site.server) == (site.tftp, site.syslog)


def test_addresses_and_urls_of_the_settings_win() -> None:
    settings = Settings(
        address="192.0.2.1",
        http=Http(url="https://boot.example.com/x/"),
        tftp=Tftp(address="192.0.2.2", port=1069),
        syslog=Syslog(enabled=False, address="192.0.2.3"),
        boot=Boot(osie="", kernel_args=["a=1"]),
    )
    site = build(settings, {"eth0": IPv4Interface("10.0.0.1/24")}, Cache()).sites["eth0"]
    assert ("192.0.2.1", "192.0.2.2", 1069) == (str(site.server), str(site.tftp), site.tftp_port)
    assert ("https://boot.example.com/x", None) == (site.http_url, site.syslog)
    assert ("a=1",) == site.kernel_args


def test_profiles_and_boot_files_are_published(tmp_path: Path) -> None:
    for name in ("files/snponly.efi", "osie/vmlinuz-x86_64", "profiles/linux"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "profiles" / "debian.yaml").write_text("kernel: linux")
    boot = Boot(
        files=[str(tmp_path / "files")],
        osie=str(tmp_path / "osie"),
        profiles=str(tmp_path / "profiles"),
    )
    site = build(Settings(boot=boot), {"eth0": IPv4Interface("10.0.0.1/24")}, Cache()).sites["eth0"]
    assert {"snponly.efi", "osie/vmlinuz-x86_64", "profiles/debian/linux"} <= set(site.files)
    shipped = {profile.name for profile in load(SHIPPED)[0]}
    assert {"osie", "debian"} == set(site.profiles) - shipped
    assert shipped < set(site.profiles)
    assert "profiles/debian/linux" == site.profiles["debian"].kernel


def test_a_mistake_in_a_profile_is_one_in_the_world(tmp_path: Path) -> None:
    (tmp_path / "debian.yaml").write_text("kernal: linux")
    with pytest.raises(Faulty) as caught:
        build(Settings(boot=Boot(profiles=str(tmp_path))), {}, Cache())
    assert "kernal" == caught.value.faults[0].field
