"""Which of the installed boot files an architecture gets."""

from boots.model.machine import Architecture
from boots.policy.ladder import LADDER, SIGNED, STAND_INS, climb

# What Debian's package ipxe installs, in two of its releases.
BOOKWORM = {"undionly.kpxe", "ipxe.pxe", "ipxe.efi", "snponly.efi", "ipxe.iso"}
TRIXIE = BOOKWORM | {
    *("ipxe-amd64.efi", "ipxe-arm64.efi", "ipxe-riscv64.efi", "ipxe-loong64.efi"),
}


def test_the_driver_of_the_firmware_comes_first() -> None:
    assert {
        Architecture.BIOS: "undionly.kpxe",
        Architecture.X64_UEFI: "snponly.efi",
    } == climb(BOOKWORM)


def test_more_is_used_where_more_is_installed() -> None:
    assert {
        Architecture.BIOS: "undionly.kpxe",
        Architecture.X64_UEFI: "snponly.efi",
        Architecture.ARM64_UEFI: "ipxe-arm64.efi",
        Architecture.RISCV64_UEFI: "ipxe-riscv64.efi",
        Architecture.LOONG64_UEFI: "ipxe-loong64.efi",
    } == climb(TRIXIE)


def test_a_build_for_the_firmware_of_an_architecture_comes_first_there_too() -> None:
    assert "snponly-arm64.efi" == climb({*TRIXIE, "snponly-arm64.efi"})[Architecture.ARM64_UEFI]


def test_a_person_may_choose_another_flavour() -> None:
    chosen = climb(TRIXIE, {Architecture.X64_UEFI: "ipxe-amd64.efi"})
    assert "ipxe-amd64.efi" == chosen[Architecture.X64_UEFI]


def test_signed_programs_stand_on_no_rung_as_they_load_no_script_of_ours() -> None:
    assert set(SIGNED).isdisjoint(name for rung in LADDER.values() for name in rung)


def test_a_lower_rung_does_where_the_first_is_missing() -> None:
    assert {Architecture.BIOS: "ipxe.pxe", Architecture.X64_UEFI: "ipxe.efi"} == climb(
        {"ipxe.pxe", "ipxe.efi"}
    )


def test_with_nothing_installed_no_architecture_has_a_boot_file() -> None:
    assert {} == climb(())


def test_every_architecture_but_the_unknown_has_a_rung() -> None:
    assert set(Architecture) - {Architecture.UNKNOWN} == set(LADDER)


def test_the_names_of_smee_stand_for_rungs_that_exist() -> None:
    assert set(STAND_INS.values()) <= set(LADDER)
