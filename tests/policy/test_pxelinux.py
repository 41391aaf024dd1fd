"""What PXELINUX and U-Boot read of a machine."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy.made import FILES, MAC, SITE, known, site

from boots.model.machine import Known, Netboot
from boots.model.site import Profile
from boots.policy.boot import fetch
from boots.policy.got import File, Got, Ground, Refusal, Rendered

OWN = "pxelinux.cfg/01-52-54-00-12-34-56"
DEBIAN = Profile(
    name="debian", kernel="debian/linux", initrds=("debian/initrd.gz",), args=("a=1", "b c")
)


def of(profile: Profile, netboot: Netboot | None = None, **changes: Any) -> Got:
    files = FILES | {"debian/linux": "/srv/l", "debian/initrd.gz": "/srv/i", "debian/a b": "/srv/x"}
    own = netboot or Netboot(profile=profile.name)
    return fetch(OWN, known(own), site(profiles={profile.name: profile}, files=files, **changes))


def text(got: Got) -> str:
    assert isinstance(got, Rendered), got
    return got.content.decode()


def changed(**changes: Any) -> Profile:
    return Profile(**({key: getattr(DEBIAN, key) for key in ("name", "kernel", "initrds", "args")}
                      | changes))  # fmt: skip


def test_a_profile_is_one_entry_that_is_booted_without_a_question() -> None:
    assert text(of(DEBIAN)) == (
        "DEFAULT debian\nPROMPT 0\nLABEL debian\n"
        "KERNEL /52-54-00-12-34-56/debian/linux\n"
        "INITRD /52-54-00-12-34-56/debian/initrd.gz\n"
        "APPEND a=1 b c\n"
    )


def test_several_initrds_are_joined_as_pxelinux_wants_them() -> None:
    again = changed(initrds=("debian/initrd.gz", "debian/linux"))
    assert "INITRD /52-54-00-12-34-56/debian/initrd.gz,/52-54-00-12-34-56/debian/linux\n" in text(
        of(again)
    )


def test_osie_is_told_whose_machine_it_is_on() -> None:
    said = text(fetch(OWN, known(), SITE))
    assert "KERNEL /52-54-00-12-34-56/osie/vmlinuz-x86_64\n" in said
    assert f"boots.url=http://192.168.1.1:8080/{MAC} BOOTIF=01-52-54-00-12-34-56" in said


def test_the_disk_is_booted_by_the_loader_itself() -> None:
    assert text(of(Profile(name="disk", disk=True))) == (
        "DEFAULT disk\nPROMPT 0\nLABEL disk\nLOCALBOOT 0\n"
    )


def test_a_text_of_the_record_is_given_as_it_stands() -> None:
    got = fetch(OWN, known(Netboot(pxelinux="default x\nlabel x")), SITE)
    assert got == Rendered(OWN, b"default x\nlabel x", "record", private=True)


@pytest.mark.parametrize(
    "asked",
    [
        "01-52-54-00-12-34-56",
        "4c4c4544-0051-3810-8052-c7c04f564d32",
        "C0A8010A",
        "C0A801",
        "C",
        "default",
        "default-arm-bcm283x-rpi",
    ],
)
@pytest.mark.parametrize("folder", ["pxelinux.cfg/", "bios/pxelinux.cfg/"])
def test_whichever_name_is_asked_for_the_machine_gets_its_own(folder: str, asked: str) -> None:
    assert isinstance(fetch(folder + asked, known(), SITE), Rendered)


@pytest.mark.parametrize(
    "asked", ["pxelinux.cfg/", "pxelinux.cfg/boots", "pxelinux.cfg/C0A8010A0", "default", "x.cfg/C"]
)
def test_other_names_are_files_or_nothing(asked: str) -> None:
    assert fetch(asked, known(), SITE) == Refusal(Ground.MISSING, f'there is no file "{asked}"')


def test_a_published_file_wins_over_what_is_made_but_not_over_the_record() -> None:
    where = site(files={**FILES, "pxelinux.cfg/default": "/srv/default"})
    asked = "pxelinux.cfg/default"
    assert fetch(asked, known(), where) == File(asked, "/srv/default")
    assert isinstance(fetch(asked, known(Netboot(pxelinux="x")), where), Rendered)


@pytest.mark.parametrize(
    ("netboot", "ground"),
    [(Netboot(allowed=False, pxelinux="x"), Ground.FORBIDDEN), (None, Ground.STRANGER)],
)
def test_the_gate_is_that_of_all_files(netboot: Netboot | None, ground: Ground) -> None:
    asking: Known | None = known(netboot) if netboot else None
    got = fetch(OWN, asking, SITE)
    assert isinstance(got, Refusal)
    assert got.ground is ground


REFUSED: dict[str, tuple[Profile, str]] = {
    "a line break": (changed(args=("a\nKERNEL x",)), "cannot stand in pxelinux.cfg"),
    "a variable of U-Boot": (changed(args=("a=${b}",)), "cannot stand in pxelinux.cfg"),
    "another": (changed(args=("a=$(b)",)), "cannot stand in pxelinux.cfg"),
    "a name with blanks": (changed(name="a b"), "the profile name 'a b' cannot stand"),
    "a path with blanks": (changed(kernel="debian/a b"), "cannot stand in pxelinux.cfg"),
    "a URL": (changed(kernel="http://x/linux"), "is a URL, which U-Boot cannot load"),
    "a file that is not there": (changed(kernel="other"), 'there is no file "other"'),
    "a script": (Profile(name="s", script="#!ipxe"), 'profile "s" is an iPXE script'),
}


@pytest.mark.parametrize(("profile", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_stand_there_is_refused_with_its_reason(profile: Profile, why: str) -> None:
    got = of(profile)
    assert isinstance(got, Refusal)
    assert got.ground is Ground.BROKEN
    assert why in got.why


def test_an_ipxe_script_of_the_record_is_nothing_for_pxelinux() -> None:
    got = of(DEBIAN, Netboot(script="#!ipxe"))
    assert got == Refusal(
        Ground.BROKEN, "the record has an iPXE script, which PXELINUX and U-Boot cannot read"
    )


@settings(database=None)
@given(st.text(max_size=40), st.text(max_size=20))
def test_no_value_makes_another_line(args: str, name: str) -> None:
    got = of(changed(args=(args,), name=name))
    if isinstance(got, Rendered):
        lines = got.content.decode("ascii").split("\n")
        assert [line.split(" ")[0] for line in lines] in (
            ["DEFAULT", "PROMPT", "LABEL", "KERNEL", "INITRD", "APPEND", ""],
            ["DEFAULT", "PROMPT", "LABEL", "KERNEL", "INITRD", ""],
        )


# mkimage of Debian's u-boot-tools made these: -A invalid -O linux -T script -C none
# -n boots, with SOURCE_DATE_EPOCH=0.
U_BOOT_SCRIPT = bytes.fromhex("270519560e370e0e000000000000001c0000000000000000aaaf92da05000600")


def test_u_boot_is_told_to_read_what_is_made_for_it() -> None:
    got = fetch("boot.scr.uimg", known(), SITE)

    assert isinstance(got, Rendered)
    assert got.content.startswith(U_BOOT_SCRIPT + b"boots\0")
    assert got.content[64:] == b"\0\0\0\x14" + bytes(4) + b"pxe get && pxe boot\n"


def test_u_boot_goes_on_to_a_program_where_nothing_is_made_for_it() -> None:
    script = known(Netboot(script="#!ipxe\nshell"))
    missing = fetch("boot.scr.uimg", script, SITE)
    assert isinstance(missing, Refusal)
    assert missing.ground is Ground.MISSING
    own = fetch("boot.scr.uimg", known(), site(files=FILES | {"boot.scr.uimg": "/srv/b"}))
    assert own == File("boot.scr.uimg", "/srv/b")
