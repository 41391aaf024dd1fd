"""Profiles in files: what machines may run besides OSIE."""

from pathlib import Path

import pytest

from boots.app.profiles import load
from boots.model.site import Profile


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
