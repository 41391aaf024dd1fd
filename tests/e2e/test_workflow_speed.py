"""The image writer beside `curl | zstd -d | dd` with its digest checked, in one machine, in turn.

``python -m pytest -s tests/e2e/test_workflow_speed.py`` prints the figures.
"""

import hashlib
import os
import re
import shutil
import statistics
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.provisioned import MIB, SERIAL, Provisioned, add_image, provisioned

from boots.client.workflows import Run
from boots.lab.firmware import Firmware
from boots.lab.qemu import Disk

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(3600)]

Osie = Callable[[str], str]

ROUNDS = int(os.environ.get("ROUNDS", "3"))
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
# The programs are Debian's own, by their own loader: BusyBox's move a few KiB at a time.  A shell
# without <( ), so the hash reads a pipe with a name.
TOOLS = ("curl", "dd", "openssl", "tee", "zstd")
LOADER = "/lib64/ld-linux-x86-64.so.2"
FETCH = """\
      - name: tools
        image: shell
        timeout: 300
        environment:
          SCRIPT: |
            mkdir /tmp/t
            wget -q -O - http://192.168.77.1:8080/images/tools.tar | tar -x -C /tmp/t
"""
PIPE = """\
      - name: pipe-{number}
        image: shell
        timeout: 900
        environment:
          DISKS: {disk}
          SCRIPT: |
            set -o pipefail
            t() {{ p=$1; shift; /tmp/t/ld.so --library-path /tmp/t /tmp/t/$p "$@"; }}
            mkfifo /tmp/sum
            t openssl dgst -sha256 </tmp/sum >/tmp/found &
            t curl -sf http://192.168.77.1:8080/images/debian.zst | t zstd -d -q | t tee /tmp/sum \\
              | t dd of={disk} bs=4M iflag=fullblock conv=fsync
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


def pack_tools(to: Path) -> None:
    """The programs of the pipe, their libraries and their loader."""
    files = {"ld.so": Path(LOADER)}
    for name in TOOLS:
        place = Path(shutil.which(name) or pytest.skip(f"there is no {name}"))
        files[name] = place
        said = subprocess.run(["ldd", place], check=True, capture_output=True, text=True).stdout
        for line in said.splitlines():
            library, arrow, rest = line.strip().partition(" => ")
            if arrow:
                files[library] = Path(rest.split()[0])
    with tarfile.open(to, "w", dereference=True) as archive:
        for name, place in files.items():
            archive.add(place.resolve(), name)


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
    namespace: str, osie: Osie, debian: Path, tmp_path: Path
) -> None:
    folder, size = tmp_path / "images", debian.stat().st_size
    folder.mkdir()
    packed = folder / "debian.zst"
    subprocess.run(["zstd", "-q", "-3", debian, "-o", packed], check=True)
    add_image(debian, "debian", folder)
    changed(debian, folder, tmp_path)
    pack_tools(folder / "tools.tar")
    template = SETUP + FETCH
    given = {"digest": digest(debian), "packed": digest(packed)}
    for number in range(ROUNDS):
        # What frames are compared with must be another disk each time.
        disks = [f"/dev/vd{'abcdefg'[2 * number + each]}" for each in (1, 0)]
        template += PIPE.format(number=number, disk=disks[0], **given)
        template += FRAMES.format(number=number, disk=disks[1])
        template += STREAM.format(number=number, disk=disks[0], **given)
    template += AGAIN + OFF
    with provisioned(namespace, tmp_path, osie("cloud"), folder) as place:
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
