"""Which kernel a system would start, by menus in the style of distributions."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from boots_agent.menus import entries, grub
from boots_agent.menus.grub import Boot, Files
from boots_agent.menus.words import MenuError

VECTORS = Path(__file__).parent.parent.parent / "vectors/menus"


def files_of(kept: Mapping[str, bytes]) -> Files:
    def read(path: str) -> bytes | None:
        return kept.get(path.strip("/"))

    def names(path: str) -> list[str]:
        folder = f"{path.strip('/')}/"
        return sorted(each.removeprefix(folder) for each in kept if each.startswith(folder))

    return Files(read, names)


def system(name: str, **changed: str) -> dict[str, bytes]:
    """A system's files: in the names of vectors a folder ends with a dash."""
    folders = ("boot-loader-entries-", "boot-grub2-", "boot-grub-", "grub-")
    kept = {}
    for file in sorted((VECTORS / name).iterdir()):
        folder = next(each for each in folders if file.name.startswith(each))
        path = folder.replace("-", "/") + file.name.removeprefix(folder)
        kept[path] = file.read_bytes()
    return kept | {path: text.encode() for path, text in changed.items()}


def started(text: str, **more: str) -> Boot:
    kept = {path.replace("_", "/"): each.encode() for path, each in more.items()}
    return grub.default("grub/grub.cfg", files_of({"grub/grub.cfg": text.encode(), **kept}))


def test_debian_starts_its_first_entry() -> None:
    assert Boot(
        "Debian GNU/Linux",
        "/boot/vmlinuz-6.1.0-40-amd64",
        ("/boot/initrd.img-6.1.0-40-amd64",),
        "root=UUID=4f0c ro quiet",
    ) == grub.default("boot/grub/grub.cfg", files_of(system("debian")))


@pytest.mark.parametrize(
    "chosen",
    [
        "gnulinux-advanced-4f0c>gnulinux-6.1.0-40-amd64-recovery-4f0c",
        "1>1",
        "Advanced options for Debian GNU/Linux>1",
    ],
)
def test_debian_starts_once_what_was_asked_for_next(chosen: str) -> None:
    env = {"boot/grub/grubenv": f"# GRUB Environment Block\nnext_entry={chosen}\n###"}
    found = grub.default("boot/grub/grub.cfg", files_of(system("debian", **env)))
    assert "Debian GNU/Linux, with Linux 6.1.0-40-amd64 (recovery mode)" == found.title
    assert "root=UUID=4f0c ro single" == found.arguments


def test_debian_s_custom_menu_is_read_too() -> None:
    text = "set default=mine\nmenuentry mine { linux /mine; initrd /a /b\n }\n"
    kept = system("debian", **{"boot/grub/custom.cfg": text})
    assert Boot("mine", "/mine", ("/a", "/b"), "") == grub.default(
        "boot/grub/grub.cfg", files_of(kept)
    )


def test_ubuntu_starts_its_saved_entry_with_all_initrds() -> None:
    found = grub.default("boot/grub/grub.cfg", files_of(system("ubuntu")))
    assert (
        Boot(
            "Ubuntu, with Linux 5.15.0-150-generic",
            "/boot/vmlinuz-5.15.0-150-generic",
            ("/boot/intel-ucode.img", "/boot/initrd.img-5.15.0-150-generic"),
            'root=UUID=77aa ro "dyndbg=file a.c +p"',
        )
        == found
    )


@pytest.mark.parametrize(
    ("env", "initrds", "arguments"),
    [
        ("", (), "root=PARTUUID=1c2d ro console=ttyS0 panic=-1"),
        (
            "initrdfail=1\n",
            ("/boot/initrd.img-5.15.0-151-generic",),
            "root=PARTUUID=1c2d ro console=ttyS0",
        ),
    ],
)
def test_ubuntu_without_a_saved_entry_starts_its_first(
    env: str, initrds: tuple[str, ...], arguments: str
) -> None:
    kept = system("ubuntu", **{"boot/grub/grubenv": env})
    found = grub.default("boot/grub/grub.cfg", files_of(kept))
    assert Boot("Ubuntu", "/boot/vmlinuz-5.15.0-151-generic", initrds, arguments) == found


def test_rocky_starts_the_saved_entry_of_its_folder() -> None:
    found = grub.default("boot/grub2/grub.cfg", files_of(system("rocky")))
    assert (
        Boot(
            "Rocky Linux (5.14.0-503.el9.x86_64) 9.5 (Blue Onyx)",
            "/boot/vmlinuz-5.14.0-503.el9.x86_64",
            ("/boot/initramfs-5.14.0-503.el9.x86_64.img",),
            "root=UUID=0b5c ro console=ttyS0,115200n8 no_timer_check",
        )
        == found
    )


def test_rocky_without_a_saved_entry_starts_its_newest() -> None:
    kept = system("rocky", **{"boot/grub2/grubenv": ""})
    found = grub.default("boot/grub2/grub.cfg", files_of(kept))
    assert "/boot/vmlinuz-5.14.0-503.el9.x86_64" == found.kernel


def test_options_of_an_entry_take_variables_of_the_menu() -> None:
    kept = system("rocky", **{"boot/grub2/grubenv": "saved_entry=9f3e-5.14.0-70.el9.x86_64\n"})
    found = grub.default("boot/grub2/grub.cfg", files_of(kept))
    assert "root=UUID=0b5c ro" == found.arguments


def test_flatcar_starts_its_entry_by_name_as_its_own_file_says() -> None:
    found = grub.default("grub/grub.cfg", files_of(system("flatcar")))
    assert (
        Boot(
            "Flatcar USR-B",
            "/flatcar/vmlinuz-b",
            (),
            "mount.usr=PARTUUID=e03d rootflags=rw consoleblank=0 root=LABEL=ROOT"
            " console=ttyS1,115200n8 flatcar.oem.id=packet flatcar.autologin",
        )
        == found
    )


def test_a_stub_leads_to_the_menu() -> None:
    stub = "search.fs_uuid 77aa root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n"
    kept = {"EFI/ubuntu/grub.cfg": stub.encode(), **system("debian")}
    found = grub.default("EFI/ubuntu/grub.cfg", files_of(kept))
    assert "Debian GNU/Linux" == found.title


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("menuentry a { linux /k 'a b' \"c\"d }", '"a b" cd'),
        ('set x="1 2"\nmenuentry a { linux /k $x "$x" }', '1 2 "1 2"'),
        ("menuentry a { linux /k a\\\nb \\$c; }", "ab $c"),
        ("menuentry a { linux /k # all else\n }", ""),
        ('menuentry a { linux /k "\\"$" }', '"$'),
        ("if false; then x=1; elif true; then x=2; else x=3; fi\nmenuentry a { linux /k $x }", "2"),
        ("if [ ! -f /no -a a = a ]; then x=1; fi\nmenuentry a { linux /k $x }", "1"),
        ("if [ a = b -o a != b ]; then x=1; fi\nmenuentry a { linux /k $x }", "1"),
        ("if ! test -z $x; then x=1; else x=2; fi\nmenuentry a { linux /k $x }", "2"),
        ("menuentry a { linux /old; linux16 /k new }", "new"),
        ("set default=7\nmenuentry a { linux /k one }\nmenuentry b { linux /k two }", "one"),
        ("function f { linux /no; }\nf\nmenuentry a --hotkey b --id c { linuxefi /k x }", "x"),
        ("linux /k without a menu\nboot", "without a menu"),
    ],
)
def test_the_script_means_what_it_means_to_grub(text: str, arguments: str) -> None:
    found = started(text)
    assert ("/k", arguments) == (found.kernel, found.arguments)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has no entries"),
        ("menuentry a { echo hello }", "the entry 'a' starts no kernel"),
        ("menuentry a { linux /k", "'}' is missing"),
        ("menuentry 'a { linux /k }", "a ' has no end"),
        ("if true; then linux /k", "'fi' is missing"),
        ("}", "ends what has not begun"),
        ("source /grub/grub.cfg", "go in a circle"),
        ("submenu a { source /grub/grub.cfg\n }\nsubmenu b { source /grub/grub.cfg\n }", "circle"),
        ("set a=aaaaaaaaaaaaaaaa\n" + "set a=$a$a\n" * 60, "the variable a grows without end"),
        ("if a; then " * 100, "it goes too deep"),
    ],
)
def test_what_starts_nothing_is_said(text: str, why: str) -> None:
    with pytest.raises(MenuError, match=why):
        started(text)


PIECES = """
menuentry submenu if then else elif fi { } linux initrd set a=b default=1 [ ] -o -a ! 'x' "$a" ${a}
\\ ' " ; # function while do done blscfg source /grub/grub.cfg -f -n
"""
pieces = st.sampled_from([*PIECES.split(), "\n"])


def outcome(start: Callable[[], Boot]) -> str:
    """The kernel that is started, or why there is none."""
    try:
        return start().kernel
    except MenuError as error:
        return str(error)


@given(st.one_of(st.text(), st.lists(pieces, max_size=40).map(" ".join)))
@example("\\")
@example("$")
@example("[")
@example("set")
@example("initrd")
def test_whatever_stands_there_is_a_kernel_or_a_reason(text: str) -> None:
    assert outcome(lambda: started(text))


@given(st.text())
@example("linux /k\noptions '")
def test_an_entry_of_any_text_is_a_kernel_or_a_reason(text: str) -> None:
    kept = files_of({"e/a.conf": text.encode()})
    assert outcome(lambda: grub.entry_of("e/a.conf", kept))


def test_newer_is_what_rpm_calls_newer() -> None:
    names = ["m-5.14.0-70.el9", "m-5.14.0-503.el9", "m-0-rescue", "m-6.1.0", "m-5.14.0-503.el9.1"]
    assert [
        "m-6.1.0",
        "m-5.14.0-503.el9.1",
        "m-5.14.0-503.el9",
        "m-5.14.0-70.el9",
        "m-0-rescue",
    ] == entries.newest_first(names)
