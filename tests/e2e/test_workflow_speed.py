"""The image writer beside `wget | zstd -d | dd` with its digest checked, in one machine, in turn.

``python -m pytest -s tests/e2e/test_workflow_speed.py`` prints the figures.
"""

import hashlib
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.provisioned import MIB, SERIAL, Provisioned, add_image, provisioned

from boots.client.workflows import Run
from boots.lab.firmware import Firmware
from boots.lab.machine import Disk

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(3600)]

ROUNDS = 3
DISK = 768
DISKS = tuple(Disk(DISK, SERIAL if each == 0 else f"BOOTS-LAB-{each}") for each in range(7))
OVER = ("SUCCESS", "FAILED", "TIMEOUT")
SETUP = """\
version: "0.1"
name: speed
tasks:
  - name: speed
    worker: "{{ .device_1 }}"
    actions:
"""
OFF = """\
      - name: "off"
        image: poweroff
        timeout: 60
"""
# A shell without <( ), so the hash reads a pipe with a name.
PIPE = """\
      - name: pipe-{number}
        image: shell
        timeout: 900
        environment:
          DISKS: {disk}
          SCRIPT: |
            set -o pipefail
            mkfifo /tmp/sum
            openssl dgst -sha256 </tmp/sum >/tmp/found &
            wget -q -O - http://192.168.77.1:8080/images/debian.zst | zstd -d -q | tee /tmp/sum \\
              | dd of={disk} bs=4M iflag=fullblock conv=fsync
            wait
            rm /tmp/sum
            grep -q {digest} /tmp/found
"""
FRAMES = """\
      - name: frames-{number}
        image: image2disk
        timeout: 900
        environment:
          IMG_URL: images/debian/index.json
          DEST_DISK: {disk}
"""
STREAM = """\
      - name: stream-{number}
        image: image2disk
        timeout: 900
        environment:
          IMG_URL: images/debian.zst
          SHA256: {packed}
          DEST_DISK: {disk}
"""
AGAIN = """\
      - name: again
        image: image2disk
        timeout: 900
        environment:
          IMG_URL: images/changed/index.json
          DEST_DISK: /dev/vda
"""


@pytest.fixture(scope="session")  # before the namespace, from where no package can be had
def osie_with_tools(tmp_path_factory: pytest.TempPathFactory) -> str:
    """OSIE with what the pipe is made of."""
    output = tmp_path_factory.mktemp("osie-with-tools")
    command = [sys.executable, "-m", "boots", "osie", "build", "--flavour", "cloud"]
    wanted = [word for name in ("openssl", "zstd") for word in ("--with", f"package:{name}")]
    subprocess.run([*command, *wanted, "--output", output], check=True)
    return str(output)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rates(run: Run, kind: str, size: int) -> list[float]:
    """MiB of the image a second, of each action of this kind."""
    found = [each for each in run.steps if each.name.startswith(kind)]
    return [size / MIB / (each.ended - each.started) for each in found]


def changed(image: Path, folder: Path, work: Path) -> None:
    """The image with one byte in twenty of its frames turned over."""
    other = work / "changed.img"
    shutil.copyfile(image, other)
    with other.open("r+b") as file:
        for at in range(80, image.stat().st_size // MIB, 80):
            file.seek(at * MIB)
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes((byte[0] ^ 1,)))
    add_image(other, "changed", folder)
    other.unlink()


def test_the_image_writer_keeps_up_with_a_pipe_of_stock_programs(
    namespace: str, osie_with_tools: str, debian: Path, tmp_path: Path
) -> None:
    folder, size = tmp_path / "images", debian.stat().st_size
    folder.mkdir()
    packed = folder / "debian.zst"
    subprocess.run(["zstd", "-q", "-3", debian, "-o", packed], check=True)
    add_image(debian, "debian", folder)
    changed(debian, folder, tmp_path)
    template = SETUP
    given = {"digest": digest(debian), "packed": digest(packed)}
    for number in range(ROUNDS):
        # What frames are compared with must be another disk each time.
        disks = [f"/dev/vd{'abcdefg'[2 * number + each]}" for each in (1, 0)]
        template += PIPE.format(number=number, disk=disks[0], **given)
        template += FRAMES.format(number=number, disk=disks[1])
        template += STREAM.format(number=number, disk=disks[0], **given)
    template += AGAIN + OFF
    with provisioned(namespace, tmp_path, osie_with_tools, folder) as place:
        run = _to_the_end(place, template)
        log = place.log(run.line.id)
    _told(run, log, size, packed.stat().st_size)
    assert statistics.median(rates(run, "frames", size)) >= 0.9 * statistics.median(
        rates(run, "pipe", size)
    )


def _to_the_end(place: Provisioned, template: str) -> Run:
    run = place.provision(template)
    with place.power(Firmware.BIOS, disks=DISKS):
        done = place.becomes(run, *OVER, within=3000)
    assert "SUCCESS" == done.line.state, place.evidence()
    return done


def _told(run: Run, log: list[str], size: int, packed: int) -> None:
    print(f"\n{size / MIB:.0f} MiB, {packed / MIB:.0f} MiB as one zstd stream; {ROUNDS} rounds")
    pipe = statistics.median(rates(run, "pipe", size))
    for kind in ("pipe", "frames", "stream"):
        found = rates(run, kind, size)
        middle = statistics.median(found)
        print(
            f"  {kind:8} {middle:5.1f} MiB/s ({min(found):.1f} to {max(found):.1f}),"
            f" {middle / pipe:.2f} of the pipe"
        )
    for line in log:
        if re.search("travelled", line):
            print(f"  {line}")
