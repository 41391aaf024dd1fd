"""The log: what clients ask for and do well without is not worth an operator's eye."""

import pytest
import structlog

from boots.journal import events
from boots.journal.events import Entry
from boots.journal.log import LogSink


def level_of(name: str, why: str) -> str:
    event = events.FetchRefused(mac="", peer="192.168.1.10:1", door="tftp", name=name, why=why)
    with structlog.testing.capture_logs() as lines:
        LogSink().write([Entry(0.0, event)])
    return str(lines[0]["log_level"])


@pytest.mark.parametrize(
    "name",
    [
        "revocations.efi",
        "revocations_sbat.efi",
        "shim_certificate_0.efi",
        "grub/x86_64-efi/command.lst",
        "grub/grub.cfg-01-52-54-00-12-34-56",
        "pxelinux.cfg/C0A8010A",
        "12345678/recovery.elf",
    ],
)
def test_what_loaders_ask_for_in_vain_is_for_debugging(name: str) -> None:
    assert "debug" == level_of(name, f'there is no file "{name}"')


@pytest.mark.parametrize("name", ["undionly.kpxe", "osie/vmlinuz-x86_64", "grubx64.efi"])
def test_a_file_that_a_boot_needs_is_missed_aloud(name: str) -> None:
    assert "info" == level_of(name, f'there is no file "{name}"')


def test_what_is_refused_for_another_reason_is_told() -> None:
    assert "info" == level_of("grub/x86_64-efi/fs.lst", "netboot is off for this machine")
