"""File systems, known by their first bytes."""

import pytest

from boots_agent.actions.mounts import kind_of


@pytest.mark.parametrize(
    ("offset", "value", "kind"),
    [
        (0, b"XFSB", "xfs"),
        (65600, b"_BHRfS_M", "btrfs"),
        (1080, b"\x53\xef", "ext4"),
        (32769, b"CD001", "iso9660"),
        (82, b"FAT32   ", "vfat"),
        (54, b"FAT16   ", "vfat"),
        (3, b"NTFS    ", "ntfs3"),
        (0, b"LUKS\xba\xbe", ""),
    ],
)
def test_a_file_system_is_known_by_its_first_bytes(offset: int, value: bytes, kind: str) -> None:
    content = bytearray(1 << 17)
    content[offset : offset + len(value)] = value
    assert kind == kind_of(bytes(content))


def test_nothing_is_made_of_noise_and_of_short_devices() -> None:
    assert "" == kind_of(b"")
    assert "" == kind_of(b"\xff" * 4096)
