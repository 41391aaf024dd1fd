"""What kind of machine a boot file is for, and who is given one that is not for it."""

import pytest
from tests.policy.made import MAC, SITE, client_of, http_firmware, ipxe, known, rom, site

from boots.model.machine import Architecture, Netboot
from boots.model.site import Mode
from boots.policy.answer import answer
from boots.policy.boot import Load, decide
from boots.policy.prepared import Prepared
from boots.policy.programs import HEAD, Misfit, built_for, misfit
from boots.wire import dhcp
from boots.wire.dhcp import Message

ARM64_PROGRAM = {"own.efi": Architecture.ARM64_UEFI, "undionly.kpxe": Architecture.BIOS}


def pe(machine: int, at: int = 0x80) -> bytes:
    """The beginning of a program in PE format."""
    stub = b"MZ".ljust(0x3C, b"\0") + at.to_bytes(4, "little")
    return stub.ljust(at, b"\0") + b"PE\0\0" + machine.to_bytes(2, "little") + bytes(18)


@pytest.mark.parametrize(
    ("machine", "architecture"),
    [
        (0x8664, Architecture.X64_UEFI),
        (0x014C, Architecture.IA32_UEFI),
        (0xAA64, Architecture.ARM64_UEFI),
        (0x01C2, Architecture.ARM32_UEFI),
        (0x01C4, Architecture.ARM32_UEFI),
        (0x5064, Architecture.RISCV64_UEFI),
        (0x6264, Architecture.LOONG64_UEFI),
        (0x0EBC, None),  # EFI byte code runs on all of them
        (0x0200, None),
    ],
)
def test_a_program_for_uefi_says_its_machine_type(
    machine: int, architecture: Architecture | None
) -> None:
    assert architecture == built_for("shimx64.efi", pe(machine))
    assert architecture == built_for("any", pe(machine, at=0x40))


@pytest.mark.parametrize(
    ("name", "head", "architecture"),
    [
        ("undionly.kpxe", b"\xea\x05\x00\xc0\x07", Architecture.BIOS),
        ("core.img", b"\xea\x05\x00\xc0\x07", Architecture.BIOS),
        ("wdsnbp.com", b"\xe9\x00\x01", Architecture.BIOS),
        ("pxelinux.0", b"other", Architecture.BIOS),
        ("wrong.kpxe", pe(0x8664), Architecture.X64_UEFI),
        ("boot.iso", b"\x33\xed\x90\x90", None),
        ("boot.img", b"\xeb\x3c\x90", None),
        ("boot.scr.uimg", b"\x27\x05\x19\x56", None),
        ("grub.cfg", b"menuentry", None),
        ("empty.kpxe", b"", None),
        ("cut.efi", b"MZ", None),
        ("cut.efi", pe(0x8664)[:0x82], None),
        ("far.efi", pe(0x8664, at=HEAD)[:HEAD], None),
        ("dos.com", b"MZ".ljust(200, b"\1"), None),
    ],
)
def test_other_files_are_known_by_their_beginning_or_name(
    name: str, head: bytes, architecture: Architecture | None
) -> None:
    assert architecture == built_for(name, head)


@pytest.mark.parametrize("asks", [Architecture.X64_UEFI, Architecture.UNKNOWN])
def test_a_file_fits_who_it_is_for_and_who_does_not_say_what_it_is(asks: Architecture) -> None:
    assert misfit("a.efi", Architecture.X64_UEFI, asks) is None


def test_of_a_file_that_is_not_known_nothing_is_said() -> None:
    assert misfit("a.efi", None, Architecture.X64_UEFI) is None


# --- who is given one


def load(message: Message, netboot: Netboot) -> Load:
    where = site(programs=ARM64_PROGRAM)
    decision = decide(client_of(message), known(netboot), where)
    assert isinstance(decision, Load)
    return decision


def test_a_file_for_arm64_is_doubtful_for_x64_and_handed_out_all_the_same() -> None:
    given = load(rom(architecture=7), Netboot(boot_file="own.efi"))

    assert given.url.endswith("own.efi")
    assert (
        Misfit(
            "own.efi",
            Architecture.X64_UEFI,
            "own.efi is a program for arm64-uefi, not for x64-uefi",
        )
        == given.doubt
    )


@pytest.mark.parametrize(
    ("message", "file", "doubtful"),
    [
        (rom(architecture=11), "own.efi", False),
        (rom(architecture=0), "own.efi", True),
        (http_firmware(architecture=16), "own.efi", True),
        (rom(architecture=7), "undionly.kpxe", True),
        (rom(architecture=0), "undionly.kpxe", False),
        (rom(architecture=7), "snponly.efi", False),
        (ipxe(architecture=7), "own.efi", False),
    ],
    ids=[
        *("arm64", "UEFI for BIOS", "arm64 for HTTP boot", "BIOS for UEFI", "BIOS", "unknown"),
        "iPXE gets a script",
    ],
)
def test_the_decision_doubts_what_does_not_fit(message: Message, file: str, doubtful: bool) -> None:
    assert doubtful == bool(load(message, Netboot(boot_file=file)).doubt)


@pytest.mark.parametrize("doubtful", [False, True])
def test_no_answer_with_a_doubt_is_prepared(doubtful: bool) -> None:
    """What is prepared is not told of each machine; law 8 has the bytes."""
    where = site(
        programs=ARM64_PROGRAM if doubtful else {}, mode=Mode.RESERVATION, quirks=SITE.quirks
    )
    machine = known(Netboot(boot_file="own.efi"))
    asked = dhcp.encode(rom(architecture=7))
    ahead = Prepared(where, {MAC: machine}, lambda _: "")
    answers = [ahead.answer(asked) for _ in range(4)]

    assert doubtful == (answers[-1] is None)
    message = dhcp.decode(asked)
    assert answer(message, client_of(message), machine, where).reply is not None
