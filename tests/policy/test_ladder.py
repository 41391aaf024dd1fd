"""Which of the installed boot files an architecture gets."""

from boots.model.machine import Architecture
from boots.policy.ladder import LADDER, STAND_INS, climb

# What Debian's package ipxe installs, in two of its releases.
BOOKWORM = {"undionly.kpxe", "ipxe.pxe", "ipxe.efi", "snponly.efi", "ipxe.iso"}
TRIXIE = BOOKWORM | {"ipxe-arm64.efi", "snponly-arm64.efi"}


def test_the_driver_of_the_firmware_comes_first() -> None:
    assert {
        Architecture.BIOS: "undionly.kpxe",
        Architecture.X64_UEFI: "snponly.efi",
    } == climb(BOOKWORM)


def test_more_is_used_where_more_is_installed() -> None:
    assert "snponly-arm64.efi" == climb(TRIXIE)[Architecture.ARM64_UEFI]


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
