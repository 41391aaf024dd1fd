"""Actions inside an installed system, in OSIE itself, up to the installed kernel by kexec."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.provisioned import provisioned

from boots.lab.firmware import Firmware

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(900)]

WORKFLOW = """\
version: "0.1"
name: inside
global_timeout: 900
tasks:
  - name: install
    worker: "{{ .device_1 }}"
    actions:
      - name: image
        image: quay.io/tinkerbell/actions/image2disk:latest
        timeout: 600
        environment:
          IMG_URL: http://192.168.77.1:8080/images/debian/index.json
          DEST_DISK: "{{ index .Hardware.Disks 0 }}"
      - name: file
        image: quay.io/tinkerbell/actions/writefile:latest
        timeout: 60
        environment:
          DEST_DISK: "{{ formatPartition (index .Hardware.Disks 0) 1 }}"
          FS_TYPE: ext4
          DEST_PATH: /etc/issue
          CONTENTS: "written by a workflow\\n"
          UID: 0
          GID: 0
          MODE: 0644
          DIRMODE: 0755
      - name: command
        image: quay.io/tinkerbell/actions/cexec:latest
        timeout: 60
        environment:
          BLOCK_DEVICE: "{{ formatPartition (index .Hardware.Disks 0) 1 }}"
          FS_TYPE: ext4
          CHROOT: y
          DEFAULT_INTERPRETER: /bin/sh -c
          CMD_LINE: >-
            echo "variables: $(ls /sys/firmware/efi/efivars 2>/dev/null | wc -l)";
            echo "kernels: $(ls /boot/vmlinuz*)"; id -un; echo "and by a command" >>/etc/issue
      - name: seed
        image: seed
        timeout: 60
        environment:
          DEST_DISK: "{{ formatPartition (index .Hardware.Disks 0) 1 }}"
      - name: start
        image: quay.io/tinkerbell/actions/kexec:latest
        timeout: 90
        environment:
          BLOCK_DEVICE: "{{ formatPartition (index .Hardware.Disks 0) 1 }}"
          FS_TYPE: ext4
"""


@pytest.mark.parametrize("firmware", [Firmware.BIOS, Firmware.UEFI])
def test_what_a_workflow_does_inside_a_system_is_there_when_its_kernel_is_started(
    namespace: str,
    osie: Callable[[str], str],
    images: Path,
    tmp_path: Path,
    firmware: Firmware,
) -> None:
    with provisioned(namespace, tmp_path, osie("cloud"), images) as place:
        run = place.provision(WORKFLOW)
        with place.power(firmware):
            done = place.becomes(run, "SUCCESS", "FAILED", "TIMEOUT", within=300)
            said = place.log(run)
            assert "SUCCESS" == done.line.state, (said, place.evidence())
            # What the console shows before somebody logs in.
            place.says("written by a workflow")
            place.says("and by a command")
            place.says("node-1 login:")
            heard = place.listen()
    assert "root" in said
    (variables,) = [line for line in said if line.startswith("variables: ")]
    assert (firmware is Firmware.UEFI) is (variables != "variables: 0")
    # By kexec and not by a reboot: the log says so, and GRUB was never heard.
    assert not any("the machine reboots instead" in line for line in said)
    menu = '"Debian" of boot/grub/grub.cfg: /vmlinuz root=UUID='
    assert any(line.startswith(menu) for line in said)
    assert not any("GRUB" in line for line in heard)
