"""Boots without a network: each step is ended by the test, as the engine would."""

import random
from ipaddress import IPv4Address

import pytest

from boots.lab.fleet import plan
from boots.lab.fleet.booting import Boot, Orders, Step, Story, Wait
from boots.lab.fleet.dhcp import Exchange, Lease
from boots.lab.fleet.http import Download
from boots.lab.fleet.kinds import BOOTS_AGAIN, Kind, Stage
from boots.lab.fleet.tftp import Reader

SERVER = IPv4Address("198.51.100.1")
SCRIPT = b"#!ipxe\nkernel vmlinuz\ninitrd initrd\nboot\n"
BASE = "http://198.51.100.1:8080/m"


class Server:
    """Ends steps: with these boot files, in this order, and these contents by name or URL."""

    def __init__(self, boot_files: list[str], files: dict[str, bytes]) -> None:
        self.boot_files = boot_files
        self.files = files
        self.now = 0.0
        self.asked: list[str] = []

    def end(self, step: Step) -> None:
        self.now += step.seconds if isinstance(step, Wait) else 1
        match step:
            case Exchange():
                step.offered = self.now
                if step._only_offer:
                    step.over = True
                    return
                address = IPv4Address("198.51.100.9")
                step.lease = Lease(address, 24, None, SERVER, self.boot_files.pop(0))
            case Reader():
                self.asked.append(step.name)
                step.missing = step.name not in self.files
                step.failure = "missing" if step.missing else ""
                step._kept = bytearray(self.files.get(step.name, b""))
            case Download():
                self.asked.append(step.request.split()[0].decode() + " " + step.url)
                step.failure = "" if step.url in self.files else f"HTTP: {step.url}: status 404"
                step._body = bytearray(self.files.get(step.url, b""))
            case Wait():
                pass
        step.over, step.ended = True, self.now


def booted(kind: Kind, server: Server, until: Stage = Stage.FILES) -> Story:
    (machine,) = plan.fleet(1, {kind: 1}, 1)
    story = Story(machine)
    for step in Boot(story, Orders(until), random.Random(1)).steps():
        server.end(step)
    return story


def pc(first: str = "boot.efi", script: bytes = SCRIPT, **more: bytes) -> Server:
    files = {first: b"MZ", f"{BASE}/auto.ipxe": script, **more}
    files |= {f"{BASE}/vmlinuz": b"", f"{BASE}/initrd": b""}
    return Server([first, f"{BASE}/auto.ipxe"], files)


SCRIPT_AND_FILES = [f"GET {BASE}/{name}" for name in ("auto.ipxe", "vmlinuz", "initrd")]


def test_a_bios_reads_its_boot_file_once() -> None:
    server = pc()
    story = booted(Kind.BIOS, server)

    assert ["boot.efi", *SCRIPT_AND_FILES] == server.asked
    assert (story.failure, list(story.marks)) == ("", list(Stage))


def test_uefi_asks_for_the_size_first() -> None:
    server = pc()
    assert booted(Kind.UEFI, server).failure == ""
    assert ["boot.efi", "boot.efi", *SCRIPT_AND_FILES] == server.asked


def test_uefi_over_http_asks_for_the_head_first() -> None:
    server = pc(f"{BASE}/boot.efi")
    assert booted(Kind.UEFI_HTTP, server).failure == ""
    assert [f"HEAD {BASE}/boot.efi", f"GET {BASE}/boot.efi", *SCRIPT_AND_FILES] == server.asked


def test_a_pi_asks_below_its_serial_number_and_goes_on_without_what_is_missing() -> None:
    (machine,) = plan.fleet(1, {Kind.RPI4: 1}, 1)
    names = ("start4.elf", "kernel8.img")
    server = Server([""], {f"{machine.serial}/{name}": b"" for name in names})
    story = booted(Kind.RPI4, server)

    assert story.failure == ""
    assert {name.partition("/")[0] for name in server.asked} == {machine.serial}
    assert Stage.SCRIPT not in story.marks
    assert Stage.FILES in story.marks


def test_a_pi_asks_without_its_number_where_its_folder_is_empty() -> None:
    server = Server([""], {"start4.elf": b"", "kernel8.img": b""})
    assert booted(Kind.RPI4, server).failure == ""
    assert server.asked[-1] == "kernel8.img"


@pytest.mark.parametrize("until", Stage)
def test_a_boot_ends_where_it_should(until: Stage) -> None:
    marks = booted(Kind.UEFI, pc(), until).marks

    assert list(marks) == list(Stage)[: list(Stage).index(until) + 1]


def test_the_banner_of_ipxe_is_a_wait_of_its_own() -> None:
    story = booted(Kind.BIOS, pc())

    assert story.own_waits[Stage.BOOT_FILE] == 0
    assert story.own_waits[Stage.SCRIPT] == 2


def test_a_script_can_go_on_with_another() -> None:
    server = pc(script=b"#!ipxe\nchain next.ipxe", **{f"{BASE}/next.ipxe": SCRIPT})

    assert booted(Kind.BIOS, server).failure == ""
    assert server.asked[-1] == f"GET {BASE}/initrd"


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (pc("nothing.efi"), ""),
        (Server(["a"], {}), "missing"),
        (Server([""], {}), "the server names no boot file (option 67)"),
        (Server(["a", ""], {"a": b""}), "the server names no script to iPXE (option 67)"),
        (pc(script=b"MZ"), f"{BASE}/auto.ipxe is no iPXE script"),
        (pc(script=b"#!ipxe\necho no record\nexit 1"), "the script gave up: no record"),
        (pc(script=b"#!ipxe\nkernel x || exit"), "the script gave up: it does not say why"),
        (
            pc(script=b"#!ipxe\nchain auto.ipxe"),
            f"4 scripts load each other, and then {BASE}/auto.ipxe",
        ),
        (
            pc(script=b"#!ipxe\nchain https://a/b"),
            "https://a/b: the simulator speaks HTTP and TFTP only",
        ),
    ],
)
def test_why_a_boot_fails(server: Server, why: str) -> None:
    assert booted(Kind.BIOS, server).failure == why


def again(server: Server, tries: int) -> Story:
    (machine,) = plan.fleet(1, {Kind.BIOS: 1}, 1)
    story = Story(machine)
    for step in Boot(story, Orders(tries=tries), random.Random(1)).steps():
        server.end(step)
    return story


def test_a_boot_that_fails_begins_anew_where_its_firmware_does_that() -> None:
    server = pc()
    server.boot_files[:0] = ["", "missing", ""]
    story = again(server, 4)

    assert (story.failure, story.restarts, list(story.marks)) == ("", 3, list(Stage))
    assert ["missing", "boot.efi", *SCRIPT_AND_FILES] == server.asked
    # Three times it was given an address, and waited for its next turn.
    assert story.own_waits[Stage.ADDRESS] == 3 * BOOTS_AGAIN


def test_a_boot_that_fails_each_time_has_failed() -> None:
    story = again(Server(["", "", "a"], {}), 3)

    assert (story.failure, story.restarts) == ("missing", 2)


def test_a_script_over_tftp_is_run_too() -> None:
    server = Server(["a", "auto.ipxe"], {"a": b"", "auto.ipxe": b"#!ipxe\nsanboot"})

    assert booted(Kind.BIOS, server).failure == ""
    assert server.asked == ["a", "auto.ipxe"]
