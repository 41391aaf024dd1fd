"""Plan: what one machine is answered otherwise in another world."""

from ipaddress import IPv4Network

import msgspec
import pytest
from tests.policy.made import ADDRESS, MAC, OTHER, SITE, known, reservation, site

from boots.model.machine import Known, Metadata, Netboot, Place
from boots.model.site import Mode, Profile, Range, Site, Subnet
from boots.policy import token
from boots.policy.plan import NOTHING, Change, changed, differences


def planned(then: Known | None, where: Site = SITE) -> tuple[Change, ...]:
    """The changes from a plain machine at the plain site."""
    return differences(MAC, (known(), SITE), (then, where))


def whats(changes: tuple[Change, ...]) -> list[str]:
    return [change.what for change in changes]


def test_the_same_record_at_the_same_site_changes_nothing() -> None:
    assert () == planned(known())


def test_a_record_that_only_moved_to_another_line_changes_nothing() -> None:
    moved = known()
    moved = msgspec.structs.replace(
        moved, machine=msgspec.structs.replace(moved.machine, place=Place(file="b.yaml", line=9))
    )
    assert () == planned(moved)


def test_a_site_that_says_the_same_changes_nothing() -> None:
    assert () == planned(known(), site())


def test_another_address_is_told_once_for_all_kinds_of_client() -> None:
    changes = planned(known(reserved=reservation(address=OTHER)))
    assert Change("address", str(ADDRESS), str(OTHER)) in changes
    assert ["address"] == [what for what in whats(changes) if what.startswith("address")]


def test_an_option_is_told_by_its_name() -> None:
    changes = planned(known(reserved=reservation(gateway=None)))
    assert (Change("option 3 (router)", "192.168.1.1", ""),) == changes


def test_another_profile_is_told_by_the_lines_of_the_script_that_differ() -> None:
    other = site(kernel_args=("quiet",))
    (script,) = [each for each in planned(known(), other) if each.what == "script"]
    assert "quiet" not in script.now
    assert all("quiet" in line for line in script.then.splitlines())
    assert "#!ipxe" not in script.then


def test_a_boot_file_of_one_kind_of_client_is_told_with_whom_it_is_about() -> None:
    files = {key: name for key, name in SITE.boot_files.items() if name != "undionly.kpxe"}
    changes = planned(known(), site(boot_files=files))
    assert "boot file (BIOS PXE ROM)" in whats(changes)


def test_netboot_turned_off_takes_boot_file_and_script() -> None:
    changes = planned(known(Netboot(allowed=False)))
    assert ("script", "") in [(change.what, change.then) for change in changes]
    assert Change("boot file (BIOS PXE ROM)", "undionly.kpxe", "netboot-not-allowed") in changes


def test_a_machine_that_appears_or_goes_is_told_in_one_line() -> None:
    gist = (
        "address 192.168.1.10; boot file undionly.kpxe,"
        f" http://192.168.1.1:8080/{MAC}/auto.ipxe, snponly.efi,"
        f" http://192.168.1.1:8080/{MAC}/snponly.efi, snponly-arm64.efi"
    )
    assert (Change("answers", NOTHING, gist),) == differences(MAC, (None, SITE), (known(), SITE))
    assert (Change("answers", gist, NOTHING),) == differences(MAC, (known(), SITE), (None, SITE))


def test_nobody_here_and_nobody_there_is_no_change() -> None:
    assert () == differences(MAC, (None, SITE), (None, site(lease_time=60)))


def test_where_strangers_lease_a_removed_record_leaves_a_stranger() -> None:
    pool = (Range(first=OTHER, last=OTHER),)
    subnet = Subnet(network=IPv4Network("192.168.1.0/24"), pool=pool)
    pooled = site(mode=Mode.POOL, subnets=(subnet,))
    changes = differences(MAC, (known(), pooled), (None, pooled))
    assert Change("address", str(ADDRESS), str(OTHER)) in changes


def test_rendered_files_are_told_by_a_digest_alone() -> None:
    profile = Profile(
        name="own", kernel="http://x/k", templates={"preseed.cfg": "root {{ interface.mac }}"}
    )
    one = site(profiles={"own": profile}, default_profile="own", lease_time=86_400)
    other_profile = msgspec.structs.replace(
        profile, templates={"preseed.cfg": "secret {{ interface.mac }}"}
    )
    other = site(profiles={"own": other_profile}, default_profile="own")
    changes = differences(MAC, (known(), one), (known(), other))
    assert ["file preseed.cfg"] == whats(changes)
    assert "secret" not in changes[0].then
    assert changes[0].then.startswith("24 bytes, sha256 ")


def test_metadata_that_changes_is_told_without_what_it_says() -> None:
    keyed = site(token_key=b"k")
    secret = known(metadata=Metadata(user_data="password: secret"))
    changes = differences(MAC, (known(), keyed), (secret, keyed))
    assert ["metadata user-data"] == whats(changes)
    assert "secret" not in repr(changes)


@pytest.mark.parametrize("mode", [Mode.PROXY, Mode.AUTO_PROXY])
def test_beside_another_server_no_address_is_compared(mode: Mode) -> None:
    moved = known(reserved=reservation(address=OTHER))
    assert () == differences(MAC, (known(), site(mode=mode)), (moved, site(mode=mode)))


def test_changed_tells_lines_of_long_texts_and_whole_values_of_short_ones() -> None:
    assert [Change("a", "1", "2"), Change("b", "", "x")] == list(
        changed({"a": "1", "c": "3"}, {"a": "2", "c": "3", "b": "x"})
    )
    assert [Change("s", "two", "three")] == list(changed({"s": "one\ntwo"}, {"s": "one\nthree"}))
    assert [Change("s", "a\nb", "b\na")] == list(changed({"s": "a\nb"}, {"s": "b\na"}))


def test_a_token_in_a_script_is_told_by_a_digest_alone() -> None:
    """Plans are printed in the logs of whatever runs them."""
    profile = Profile(name="own", script="#!ipxe\nchain {{ token_url }}/x\n")
    where = {"profiles": {"own": profile}, "default_profile": "own"}
    one, other = (site(token_key=key, **where) for key in (b"k", b"another"))
    now, then = (token.url(known(), each).rpartition("/")[2] for each in (one, other))
    changes = differences(MAC, (known(), one), (known(), other))
    assert ["script"] == whats(changes)
    assert "# token: " in changes[0].now
    assert not [each for each in (now, then) if each in repr(changes)]
