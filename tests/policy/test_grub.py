"""grub.cfg: what GRUB reads of a machine's profile."""

import subprocess
from shutil import which

import pytest
from tests.policy.made import FILES, MAC, SITE, known, site

from boots.model.machine import Known, Netboot
from boots.model.site import OSIE, Profile, Site
from boots.policy import grub
from boots.policy.got import Rendered
from boots.policy.ipxe_words import Unwritable

LOADED = """\
echo 'Boots: profile osie for 52:54:00:12:34:56'
if linux '/52-54-00-12-34-56/osie/vmlinuz-x86_64' 'console=tty0' 'console=ttyS0,115200' \
'panic=30' 'rootfstype=ramfs' \
'boots.url=http://192.168.1.1:8080/52:54:00:12:34:56' 'BOOTIF=01-52-54-00-12-34-56'; then
if initrd '/52-54-00-12-34-56/osie/initramfs-x86_64'; then
boot
fi
fi
echo 'Boots: the kernel could not be loaded'
sleep 10
exit
"""


def text(name: str = "grub/grub.cfg", machine: Known | None = None, where: Site = SITE) -> str:
    made = grub.source(name, machine or known(), where)
    assert isinstance(made, Rendered)
    return made.content.decode()


def with_profile(**about: object) -> Site:
    profile = Profile(name="own", **about)  # type: ignore[arg-type]
    return site(profiles={OSIE.name: OSIE, "own": profile}, default_profile="own")


def test_kernel_initrd_and_arguments_come_from_the_profile() -> None:
    assert LOADED == text()


@pytest.mark.parametrize(
    "name",
    [
        "grub/grub.cfg",
        "boot/grub/grub.cfg",
        "grub.cfg-01-52-54-00-12-34-56",
        "grub/grub.cfg-01-52-54-00-12-34-56",
        "grub/grub.cfg-C0A8010A",  # 192.168.1.10
        "grub/grub.cfg-c0a8010a",
    ],
)
def test_a_machine_gets_its_own_by_every_name_that_grub_asks_for(name: str) -> None:
    assert LOADED == text(name)


@pytest.mark.parametrize(
    "name",
    [
        "grub/grub.cfg-01-52-54-00-12-34-57",
        "grub/grub.cfg-C0A8010B",
        "grub.cfg",
        "grub/x86_64-efi/grub.cfg",
        "grub/x86_64-efi/command.lst",
        "grub/fonts/unicode.pf2",
        "grubx64.efi",
    ],
)
def test_other_names_are_not_its_own(name: str) -> None:
    assert grub.source(name, known(), SITE) is None


def test_a_file_of_a_persons_own_wins() -> None:
    assert (
        grub.source("grub/grub.cfg", known(), site(files={**FILES, "grub/grub.cfg": "/x"})) is None
    )


def test_the_disk_is_booted_by_the_loader_on_it() -> None:
    disk = with_profile(disk=True)
    # What is started is told that it comes from the root: shim looks for GRUB there.
    assert "search --no-floppy --file --set=root /EFI/BOOT/BOOTX64.EFI;" in text(where=disk)
    assert "if chainloader /EFI/BOOT/BOOTX64.EFI;" in text(where=disk)
    assert text(where=disk).endswith("fi\nfi\nexit\n")
    assert "/EFI/BOOT/BOOTAA64.EFI" in text(machine=known(cpu="aarch64"), where=disk)


def test_files_elsewhere_are_read_from_there() -> None:
    elsewhere = with_profile(kernel="http://mirror:81/d/linux?x=1", initrds=("tftp://h/initrd",))
    assert "linux '(http,mirror:81)/d/linux?x=1';" in text(where=elsewhere)
    assert "initrd '(tftp,h)/initrd';" in text(where=elsewhere)


@pytest.mark.parametrize(
    ("where", "why"),
    [
        (with_profile(kernel="https://h/k"), "GRUB cannot load ?https://h/k?; it knows http"),
        (with_profile(kernel="http://a)b/k"), "GRUB cannot load"),
        (with_profile(kernel="http://[/k"), "cannot stand in grub.cfg"),
        (with_profile(kernel="gone"), "there is no file ?gone?"),
        (with_profile(kernel="own.efi", args=("a'b",)), "cannot stand in grub.cfg"),
        (with_profile(script="#!ipxe"), "profile ?own? is an iPXE script, not a kernel"),
        (site(default_profile="none"), "there is no profile"),
    ],
)
def test_where_there_is_nothing_to_load_the_screen_says_why(where: Site, why: str) -> None:
    shown = text(where=where)
    assert shown.startswith("echo 'Boots: ")
    assert why.replace('"', "?") in shown
    assert shown.endswith("'\nsleep 10\nexit\n")


def test_an_ipxe_script_is_nothing_for_grub() -> None:
    assert "iPXE script, which GRUB cannot read" in text(machine=known(Netboot(script="#!ipxe")))


@pytest.mark.parametrize("value", ["", "'", '"', "\\", "a\nb", "ä", "\x7f", "\t"])
def test_what_grub_would_read_otherwise_is_refused(value: str) -> None:
    with pytest.raises(Unwritable):
        grub.quoted(value, "the value")


@pytest.mark.parametrize("value", ["${net_default_mac}", "$(x)", "a;b", "# x", "{", "a||b", "*"])
def test_what_means_something_outside_of_quotes_is_taken_as_it_is(value: str) -> None:
    assert f"'{value}'" == grub.quoted(value, "the value")


@pytest.mark.skipif(which("grub-script-check") is None, reason="needs grub-common")
@pytest.mark.parametrize(
    "script", [LOADED, text(where=with_profile(disk=True)), grub.apology("x'")]
)
def test_grubs_own_parser_takes_them(script: str) -> None:
    subprocess.run(["grub-script-check"], input=script.encode(), check=True)


def test_the_machine_is_named_in_the_paths_so_that_its_address_need_not_be_known() -> None:
    assert MAC.replace(":", "-") in LOADED
