"""A boot file for another kind of machine: handed out, as it was named, and told of."""

from pathlib import Path

import pytest
from tests.peers.conftest import MAC, RECORD, Lan, boots, need, run
from tests.policy.test_programs import pe

from boots.journal import events

pytestmark = pytest.mark.peers


def test_a_file_for_arm64_that_x64_firmware_is_told_of_is_told(lan: Lan, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "arm.efi").write_bytes(pe(0xAA64))
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    flags = ("--boot-files", files)
    environment = {"BOOTS_BOOT_OVERRIDE": "x64-uefi=arm.efi"}
    with boots(lan.server, tmp_path, *flags, records=RECORD, environment=environment) as server:
        as_x64 = ("-V", "PXEClient:Arch:00007", "-x", "0x5d:0007")
        words = ("udhcpc", "-f", "-q", "-n", "-i", "nic0", "-s", script, *as_x64)
        run(lan.client, need("busybox"), *words)
        doubtful = server.until(events.BootFileDoubtful)
        server.until(events.AckSent)
        told = server.told(events.BootFileDoubtful)
        log = server.errors.read_text()

    why = "arm.efi is a program for arm64-uefi, not for x64-uefi"
    assert (MAC, "arm.efi", "x64-uefi", why) == (
        doubtful.mac,
        doubtful.name,
        doubtful.architecture,
        doubtful.why,
    )
    assert [doubtful] == told
    assert f"boot.override: {why}" in log
