"""Profiles in files: what machines may run besides OSIE."""

from pathlib import Path

import msgspec
import pytest
import yaml
from tests.policy.made import SITE, known

from boots.app import catalogue
from boots.app.profiles import SHIPPED, load
from boots.model.machine import Architecture, Metadata
from boots.model.site import Profile
from boots.policy import profile as rendered
from boots.policy import templates
from boots.policy.boot import fetch
from boots.policy.got import Rendered, Script


def told(folder: Path, text: str | bytes) -> str:
    """The only thing that is wrong with a profile file, without the folder's name."""
    (folder / "debian.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    profiles, (fault,) = load(folder)
    assert [] == profiles
    return str(fault).removeprefix(f"{folder}/")


def test_a_profile_is_read(tmp_path: Path) -> None:
    (tmp_path / "debian.yaml").write_text(
        "kernel: linux\ninitrds: [initrd.gz, more.gz]\nargs: quiet splash\nagent: yes\n"
    )
    assert load(tmp_path) == (
        [
            Profile(
                name="debian",
                kernel="linux",
                initrds=("initrd.gz", "more.gz"),
                args=("quiet splash",),
                agent=True,
            )
        ],
        [],
    )


def test_a_file_may_hold_several_and_a_folder_several_files(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("name: x\nkernel: k\n---\nname: y\nkernel: k\n")
    (tmp_path / "a.yaml").write_text("kernel: https://example.com/linux\n")
    (tmp_path / "notes.txt").write_text("not: a profile")
    profiles, faults = load(tmp_path)
    assert [] == faults
    assert ["a", "x", "y"] == [profile.name for profile in profiles]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "kernel: k\nintrds: [x]",
            ':2: intrds: there is no field "intrds"; did you mean "initrds"?',
        ),
        ("initrds: [x]", ":1: kernel: a profile needs a kernel; write its file name or URL"),
        ("[]", ":1: a profile is a mapping; write kernel: … and initrds: … in it"),
        (
            "kernel: k\nagent: maybe",
            ':2: agent: "maybe" is neither true nor false; write true or false',
        ),
        ("kernel: 'k", ":1: not YAML: found unexpected end of stream (column 11);"),
        ("kernel: k\nkernel: k", ':2: "kernel" is given twice in one mapping; keep one of them'),
        (
            "kernel: k\ninitrds: [a/x, http://b/x]",
            ':2: initrds: two files are called "x"; give each a name of its own',
        ),
        (b"kernel: \xff", ": cannot be read: not UTF-8 text; save it as UTF-8"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, text: str | bytes, expected: str) -> None:
    assert told(tmp_path, text).startswith(f"debian.yaml{expected}")


def test_a_mistake_in_one_does_not_hide_the_next(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kernel: ''\n---\nname: ok\nkernel: k\n---\nkernell: k\n")
    profiles, faults = load(tmp_path)
    assert ["ok"] == [profile.name for profile in profiles]
    assert [1, 6] == [fault.line for fault in faults]


def test_two_profiles_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kernel: k\n")
    (tmp_path / "b.yaml").write_text("kernel: k\nname: a\n")
    _, (fault,) = load(tmp_path)
    assert f'{tmp_path}/b.yaml:2: name: there is a profile "a" already;' in str(fault)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    _, (fault,) = load(tmp_path / "gone")
    assert (
        f"{tmp_path}/gone: cannot be read: no such folder; make it, or mend boot.profiles"
    ) == str(fault)


# --- what a profile may say besides


def test_a_profile_may_be_a_folder_with_its_files_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "debian"
    folder.mkdir()
    (folder / "profile.yaml").write_text(
        "kernel: linux\ninitrds: [https://h/initrd]\nfiles: ['*.bin']\n"
        "templates: [a.cfg]\nboot_files: {x64-uefi: shim.efi, bios: undionly.kpxe}\n"
    )
    (folder / "a.cfg").write_text("of {{ machine.name }}\n")
    (folder / "shim.efi").write_text("")
    assert load(tmp_path) == (
        [
            Profile(
                name="debian",
                kernel="debian/linux",
                initrds=("https://h/initrd",),
                files=("debian/*.bin",),
                templates={"a.cfg": "of {{ machine.name }}\n"},
                boot_files={
                    Architecture.X64_UEFI: "debian/shim.efi",
                    Architecture.BIOS: "undionly.kpxe",
                },
            )
        ],
        [],
    )


def test_a_profile_may_be_a_script_a_url_or_the_disk(tmp_path: Path) -> None:
    (tmp_path / "s.ipxe").write_text("shell\n")
    (tmp_path / "a.yaml").write_text(
        "name: a\nscript: s.ipxe\n---\nname: b\nscript_url: http://h/x\n---\nname: c\ndisk: yes\n"
    )
    profiles, faults = load(tmp_path)
    assert [] == faults
    assert [
        Profile(name="a", script="shell\n"),
        Profile(name="b", script_url="http://h/x"),
        Profile(name="c", disk=True),
    ] == profiles


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "kernel: k\nscript_url: http://h/x",
            ":2: script_url: there is a kernel already; keep one",
        ),
        ("script: gone.ipxe", ":1: script: "),
        ("script_url: nowhere", ':1: script_url: "nowhere" is not a URL'),
        ("kernel: k\ntemplates: [gone.cfg]", ":2: templates[0]: "),
        ("kernel: k\ntemplates: {auto.ipxe: a}", ':2: templates.auto.ipxe: "auto.ipxe" cannot be'),
        ("kernel: k\ntemplates: {a/../b: a}", ":2: templates.a/../b: "),
        (
            "kernel: k\nboot_files: {x64-efi: a.efi}",
            ':2: boot_files.x64-efi: there is no architecture "x64-efi"; did you mean "x64-uefi"?',
        ),
    ],
)
def test_a_mistake_in_these_is_told(tmp_path: Path, text: str, expected: str) -> None:
    assert told(tmp_path, text).startswith(f"debian.yaml{expected}")


def test_a_file_that_is_no_template_is_told_with_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "ks.cfg").write_text("lang en\n{% if x %}\n")
    assert told(tmp_path, "kernel: k\ntemplates: [ks.cfg]").startswith("ks.cfg:2: not a template: ")


# --- those that we ship

VALUES = {
    "disk": "/dev/vda",
    "base": "https://h/fedora-coreos-1-live",
    "init": "/nix/store/x/init",
    "modules": "/a.v00 --- /b.v00",
    "password_hash": "$6$salt$hash",
    "share": r"\\\\server\\share",
}
NAMES = sorted(profile.name for profile in load(SHIPPED)[0])


def shipped(name: str) -> tuple[Profile, dict[str, str]]:
    (found,) = (profile for profile in load(SHIPPED)[0] if profile.name == name)
    return found, dict.fromkeys(_files_of(found), "/x")


def _files_of(profile: Profile) -> set[str]:
    """The names its files are published under, as if they were all there."""
    changed, _ = catalogue.profile_files(profile, SHIPPED)
    names = {each for each in (changed.kernel, *changed.initrds) if each}
    return {each.replace("{cpu}", "x86_64") for each in names}


def test_what_we_ship_has_no_mistake() -> None:
    assert [] == load(SHIPPED)[1]
    assert {"debian-installer", "local-disk", "netboot.xyz", "shell"} < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_profile_is_rendered_for_a_machine(name: str) -> None:
    found, files = shipped(name)
    changed, _ = catalogue.profile_files(found, SHIPPED)
    where = msgspec.structs.replace(
        SITE, profiles={name: changed}, default_profile=name, files=files
    )
    keys = ('ssh-ed25519 AAAA "me"@x', "ssh-rsa BBBB")
    machine = known(metadata=Metadata(values=VALUES, ssh_keys=keys))
    script = fetch("auto.ipxe", machine, where)
    assert isinstance(script, Script)
    assert ("", name) == (script.problem, script.profile)
    assert list(found.templates) or not rendered.names(machine, where)
    for each in found.templates:
        made = fetch(each, machine, where)
        assert isinstance(made, Rendered), made
        text = made.content.decode()
        if each.endswith(".ign"):
            assert (
                list(keys) == msgspec.json.decode(text)["passwd"]["users"][0]["sshAuthorizedKeys"]
            )
        elif each.endswith("-data") and text:
            assert yaml.safe_load(text)


def test_no_shipped_profile_erases_a_disk_that_nobody_named() -> None:
    for name, template, words in (
        ("debian-installer", "preseed.cfg", "partman-auto/disk"),
        ("fedora-kickstart", "ks.cfg", "clearpart"),
        ("ubuntu-autoinstall", "autoinstall/user-data", "storage:\n    layout"),
    ):
        where = msgspec.structs.replace(
            SITE, profiles={name: shipped(name)[0]}, default_profile=name
        )
        bare, named = (
            fetch(template, known(metadata=Metadata(values=values)), where)
            for values in ({}, {"disk": "/dev/vda"})
        )
        assert isinstance(bare, Rendered)
        assert isinstance(named, Rendered)
        assert words not in bare.content.decode()
        assert words in named.content.decode()


def test_every_text_that_we_ship_is_a_template() -> None:
    found, _ = load(SHIPPED)
    texts = [text for each in found for text in (each.script, *each.templates.values()) if text]

    assert texts
    for text in texts:
        templates.check(text)
