"""What the loader of a Raspberry Pi gets."""

from typing import Any

import pytest
from tests.policy.made import FILES, MAC, known, site

from boots.model.machine import Netboot, RaspberryPi
from boots.policy.boot import fetch
from boots.policy.got import File, Got, Ground, Refusal, Rendered

SERIAL = "1234abcd"
HERE = site(
    files={
        **FILES,
        "rpi/start4.elf": "/srv/rpi/start4.elf",
        "rpi/bootcode.bin": "/srv/rpi/bootcode.bin",
        "rpi/overlays/disable-bt.dtbo": "/srv/rpi/overlays/disable-bt.dtbo",
    }
)
BOARD = RaspberryPi(serial=SERIAL, folder="rpi", config="arm_64bit=1\n")


def asked(name: str, board: RaspberryPi | None = BOARD, **netboot: Any) -> Got:
    return fetch(name, known(Netboot(raspberry_pi=board, **netboot)), HERE)


def test_config_is_what_the_record_says() -> None:
    name = f"{SERIAL}/config.txt"
    assert asked(name) == Rendered(name, b"arm_64bit=1\n", "record", private=True)


def test_cmdline_is_the_arguments_of_the_record_on_one_line() -> None:
    name = f"{SERIAL}/cmdline.txt"
    assert asked(name, kernel_args=("console=ttyS0", "root=/dev/nfs rw")) == Rendered(
        name, b"console=ttyS0 root=/dev/nfs rw", "record"
    )


def test_without_arguments_cmdline_is_that_of_the_profile() -> None:
    got = asked(f"{SERIAL}/cmdline.txt")
    assert isinstance(got, Rendered)
    assert f"boots.url=http://192.168.1.1:8080/{MAC} ".encode() in got.content


@pytest.mark.parametrize("folder", ["rpi", "/rpi/", "rpi/"])
@pytest.mark.parametrize("name", ["start4.elf", "overlays/disable-bt.dtbo"])
def test_everything_else_is_firmware_of_its_folder(folder: str, name: str) -> None:
    board = RaspberryPi(serial=SERIAL, folder=folder)
    assert asked(f"{SERIAL}/{name}", board) == File(f"rpi/{name}", f"/srv/rpi/{name}")


@pytest.mark.parametrize(
    "serial", ["1234ABCD", "100000001234abcd", "100000001234ABCD"], ids=["upper", "long", "both"]
)
def test_a_serial_number_is_read_in_every_form(serial: str) -> None:
    board = RaspberryPi(serial=serial, folder="rpi")
    assert isinstance(asked(f"{SERIAL}/start4.elf", board), File)


def test_a_pi_3_asks_without_its_serial_number_first() -> None:
    assert asked("bootcode.bin") == File("rpi/bootcode.bin", "/srv/rpi/bootcode.bin")
    assert isinstance(asked("config.txt"), Rendered)


def test_what_a_person_published_under_the_very_name_wins_without_the_serial_number() -> None:
    assert asked("own.efi") == File("own.efi", "/srv/own.efi")


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        (f"{SERIAL}/recovery.elf", "rpi/recovery.elf"),
        (f"{SERIAL}/../../etc/passwd", "rpi/../../etc/passwd"),
        ("bootsig.bin", "bootsig.bin"),
        ("deadbeef/start4.elf", "deadbeef/start4.elf"),
        (SERIAL, SERIAL),
    ],
)
def test_what_is_not_there_is_missing(name: str, missing: str) -> None:
    assert asked(name) == Refusal(Ground.MISSING, f'there is no file "{missing}"')


def test_without_a_text_of_its_own_config_is_a_file_like_others() -> None:
    board = RaspberryPi(serial=SERIAL, folder="rpi")
    assert asked(f"{SERIAL}/config.txt", board) == Refusal(
        Ground.MISSING, 'there is no file "rpi/config.txt"'
    )


def test_a_machine_that_is_no_raspberry_pi_has_none_of_this() -> None:
    assert asked(f"{SERIAL}/start4.elf", None) == Refusal(
        Ground.MISSING, f'there is no file "{SERIAL}/start4.elf"'
    )


@pytest.mark.parametrize("name", ["config.txt", "cmdline.txt", "start4.elf"])
def test_netboot_off_means_off_here_as_well(name: str) -> None:
    assert asked(f"{SERIAL}/{name}", allowed=False) == Refusal(
        Ground.FORBIDDEN, "netboot is off for this machine"
    )


def test_a_secret_among_the_records_arguments_is_refused_and_not_said() -> None:
    got = asked(f"{SERIAL}/cmdline.txt", kernel_args=("quiet", "rootpw=hunter2"))
    assert isinstance(got, Refusal)
    assert 'the kernel argument "rootpw" holds a secret' in got.why
    assert "hunter2" not in got.why
    where = site(secrets_allowed=("rootpw",), files=HERE.files)
    machine = known(Netboot(raspberry_pi=BOARD, kernel_args=("rootpw=hunter2",)))
    assert isinstance(fetch(f"{SERIAL}/cmdline.txt", machine, where), Rendered)


def test_arguments_of_two_lines_are_refused() -> None:
    got = asked(f"{SERIAL}/cmdline.txt", kernel_args=("a\nb",))
    assert got == Refusal(Ground.BROKEN, "the kernel argument 'a\\nb' cannot stand in cmdline.txt")
