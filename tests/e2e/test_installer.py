"""Debian's installer, from Debian's own package, takes its answers from us."""

from pathlib import Path

import pytest

from boots.journal import events
from boots.lab.boot import boot_once
from boots.lab.words import MAC, BootOptions

pytestmark = [pytest.mark.e2e, pytest.mark.wide]

INSTALLER = Path("/usr/lib/debian-installer/images")
RECORD = """\
machines:
  - name: installed-1
    mac: 52:54:00:77:00:01
    address: 192.168.77.10/24
    gateway: 192.168.77.1
    profile: debian-installer
    kernel_args: [no_timer_check, DEBIAN_FRONTEND=text]
    values: {console: "console=ttyS0,115200"}
"""


def test_the_debian_installer_loads_the_preseed_of_its_machine(tmp_path: Path) -> None:
    if not INSTALLER.is_dir():
        pytest.skip("no debian-installer-*-netboot-amd64 is installed")
    options = BootOptions(
        osie=str(tmp_path),
        record=RECORD,
        memory=1024,
        timeout=240,
        until="successfully loaded preseed file from http",
    )

    result = boot_once(options)

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    happened = [entry.event for entry in result.entries]
    [served] = [each for each in happened if isinstance(each, events.ScriptServed)]
    assert "debian-installer" == served.profile
    rendered = [each for each in happened if isinstance(each, events.FileRendered)]
    assert {(MAC, "preseed.cfg", "debian-installer")} == {
        (each.mac, each.name, each.source) for each in rendered
    }
