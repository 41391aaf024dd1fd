"""Commands in an installed system: a small one of BusyBox, on a disk of its own."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.agent.actions.disks import MadeDisk, looked_at, made_disk, mounts_below
from tests.agent.actions.made import Told, context
from tests.peers.conftest import need

from boots_agent.actions.cexec import _commands
from boots_agent.actions.context import ActionFailed
from boots_agent.actions.mounts import mounted
from boots_agent.actions.table import ACTIONS

PARTITION = {"BLOCK_DEVICE": "/dev/nothing-1"}
SHELL = {"DEFAULT_INTERPRETER": "/bin/sh -c", "CHROOT": "y"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("grub-install /dev/sda", [["grub-install", "/dev/sda"]]),
        ("sleep 5; growpart /dev/sda 1;", [["sleep", "5"], ["growpart", "/dev/sda", "1"]]),
        ("a ;; b", [["a"], ["b"]]),
        ("printf 'one; two' # three", [["printf", "one; two", "#", "three"]]),
    ],
)
def test_commands_stand_between_semicolons(line: str, words: list[list[str]]) -> None:
    assert words == _commands(context("cexec", {"CMD_LINE": line}, Path("/nowhere")))


def test_an_interpreter_gets_the_line_as_it_is() -> None:
    wanted = {"CMD_LINE": "a && b; c", "DEFAULT_INTERPRETER": "/bin/sh -c"}
    asked = context("cexec", wanted, Path("/nowhere"))
    assert [["/bin/sh", "-c", "a && b; c"]] == _commands(asked)


@pytest.mark.parametrize(
    ("environment", "code", "why"),
    [
        (PARTITION, 20, "cexec needs CMD_LINE"),
        ({"CMD_LINE": "true"}, 20, "cexec needs BLOCK_DEVICE"),
        ({**PARTITION, "CMD_LINE": "echo 'half"}, 10, "No closing quotation"),
        ({**PARTITION, "CMD_LINE": "true"}, 30, "/dev/nothing-1 cannot be opened"),
    ],
)
def test_its_exit_codes_are_tinkerbell_s(
    environment: Mapping[str, str], code: int, why: str, tmp_path: Path
) -> None:
    with pytest.raises(ActionFailed, match=why) as caught:
        ACTIONS["cexec"](context("cexec", environment, tmp_path / "m"))
    assert code == caught.value.code


def put_system(root: Path) -> None:
    """A system of BusyBox alone."""
    for name in ("bin", "etc", "dev", "proc", "sys", "root"):
        (root / name).mkdir()
    shutil.copy(need("busybox"), root / "bin/busybox")
    for name in ("sh", "cat", "echo", "ls", "mount", "sleep", "readlink", "id"):
        (root / "bin" / name).symlink_to("busybox")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[MadeDisk]:
    with made_disk(tmp_path, "ext4") as disk:
        asked = context("test", {}, tmp_path / "filled", arm=lambda _: disk.armed())
        with mounted(asked, disk.partition, write=True) as root:
            put_system(root)
        yield disk


def ran(system: MadeDisk, tmp_path: Path, line: str, **more: str) -> list[str]:
    told = Told()
    wanted = {"BLOCK_DEVICE": system.partition, "CMD_LINE": line, **SHELL, **more}
    asked = context("cexec", wanted, tmp_path / "m", told=told, arm=lambda _: system.armed())
    try:
        ACTIONS["cexec"](asked)
    finally:
        assert [] == mounts_below(tmp_path)
        assert [] == list((tmp_path / "m").iterdir())
    return told.lines


@pytest.mark.peers
def test_a_command_sees_its_system_and_the_devices_of_osie(
    system: MadeDisk, tmp_path: Path
) -> None:
    said = ran(system, tmp_path, "echo $PATH; ls -d /dev/null /sys/block /proc/1; readlink /bin/sh")
    assert [
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "/dev/null",
        "/proc/1",
        "/sys/block",
        "busybox",
    ] == said


@pytest.mark.peers
def test_what_a_command_writes_is_on_the_disk_and_what_it_leaves_in_run_is_not(
    system: MadeDisk, tmp_path: Path
) -> None:
    ran(
        system,
        tmp_path,
        "echo kept > /etc/kept; echo lost > /run/lost; sleep 100 >/dev/null 2>&1 &",
    )
    with looked_at(system.partition, tmp_path) as root:
        assert "kept\n" == (root / "etc/kept").read_text()
        assert [] == list((root / "run").iterdir())


@pytest.mark.peers
def test_a_command_that_fails_is_30_and_said_with_its_own_status(
    system: MadeDisk, tmp_path: Path
) -> None:
    with pytest.raises(ActionFailed, match="exit 7' ended with status 7") as caught:
        ran(system, tmp_path, "exit 7")
    assert 30 == caught.value.code
    with pytest.raises(ActionFailed, match=r"/bin/bash .* status 127: there is no such program"):
        ran(system, tmp_path, "exit 0", DEFAULT_INTERPRETER="/bin/bash -c")


@pytest.mark.peers
def test_commands_after_one_that_failed_are_not_run(system: MadeDisk, tmp_path: Path) -> None:
    line = "cat /nothing; echo second"
    with pytest.raises(ActionFailed, match="cat /nothing ended with status 1"):
        ran(system, tmp_path, line, DEFAULT_INTERPRETER="")


@pytest.mark.peers
def test_without_chroot_the_system_is_at_root(system: MadeDisk, tmp_path: Path) -> None:
    said = ran(system, tmp_path, "ls $ROOT/bin/busybox", CHROOT="")
    assert said[0].endswith("/bin/busybox")
    assert said[0] != "/bin/busybox"


RESOLVED = [None, "nameserver 198.51.100.1\n", "-> ../run/systemd/resolve/stub-resolv.conf"]


@pytest.mark.peers
@pytest.mark.parametrize("before", RESOLVED)
def test_name_servers_are_there_for_the_command_and_the_file_is_as_it_was(
    before: str | None, system: MadeDisk, tmp_path: Path
) -> None:
    asked = context("test", {}, tmp_path / "filled", arm=lambda _: system.armed())
    with mounted(asked, system.partition, write=True) as root:
        put_before(root / "etc/resolv.conf", before)
    said = ran(system, tmp_path, "cat /etc/resolv.conf", UPDATE_RESOLV_CONF="true")
    assert any(line.startswith("nameserver") for line in said)
    with looked_at(system.partition, tmp_path) as root:
        assert before == found_in(root / "etc/resolv.conf")


def put_before(path: Path, before: str | None) -> None:
    if before is not None and before.startswith("-> "):
        path.symlink_to(before.removeprefix("-> "))
    elif before is not None:
        path.write_text(before)


def found_in(path: Path) -> str | None:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return path.read_text() if path.exists() else None
