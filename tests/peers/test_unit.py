"""The unit of systemd: how much it leaves open, and that the server runs within what it allows.

systemd itself is not run here: tests/e2e/test_systemd.py does that.  Its list of calls is made
into a filter as systemd makes it, around a process with the unit's capabilities.
"""

import os
import pwd
import re
import struct
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.peers.conftest import MAC, NIC, SERVER, Lan, boots, for_another_user, lacking, need, run

from boots.app.privileges import seccomp
from boots.journal import events

pytestmark = pytest.mark.peers
UNIT = Path(__file__).parents[2] / "packaging" / "systemd" / "boots.service"
HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
HIGHEST = 1.7


def test_systemd_finds_little_left_open() -> None:
    words = [need("systemd-analyze"), "security", "--offline=yes", "--no-pager", UNIT]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for boots.service: ([\d.]+)", done.stdout)

    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= HIGHEST
    assert f"says {HIGHEST}." in UNIT.read_text()


@cache
def group(name: str) -> frozenset[str]:
    """The calls of one of systemd's groups, and of those in it."""
    words = [need("systemd-analyze"), "syscall-filter", "--no-pager", name]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    found: set[str] = set()
    for line in map(str.strip, lines[1:]):
        if line.startswith("@"):
            found |= group(line)
        elif line and not line.startswith("#"):
            found.add(line)
    return frozenset(found)


def allowed() -> set[str]:
    """What the unit's lines leave, one after the other, as systemd.exec(5) says."""
    found: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.MULTILINE):
        calls: set[str] = set()
        for word in line.removeprefix("~").split():
            calls |= group(word) if word.startswith("@") else {word}
        found = found - calls if line.startswith("~") else found | calls
    return found


def instructions(calls: set[str]) -> Iterator[tuple[int, int, int, int]]:
    """A filter that lets these calls pass, and fails all others with EPERM."""
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text()))
    yield 0x20, 0, 0, 0  # the number of the call
    for name in sorted(calls & numbers.keys()):
        yield 0x15, 0, 1, int(numbers[name])
        yield 0x06, 0, 0, seccomp.ALLOW
    yield 0x06, 0, 0, 0x00050001


# Installs the filter and becomes the server: what systemd does last.
WITHIN = """\
import os, sys
from boots.app.privileges import linux
linux.no_new_privileges()
linux.install(open(sys.argv[1], "rb").read())
os.execvp(sys.argv[2], sys.argv[2:])
"""


def test_the_server_runs_within_the_units_system_calls(lan: Lan, tmp_path: Path) -> None:
    if os.uname().machine != "x86_64" or not HEADER.exists():
        lacking("the numbers of x86_64's calls are not here")
    words = for_another_user()
    place = tmp_path / "filter"
    place.write_bytes(b"".join(struct.pack("=HBBI", *each) for each in instructions(allowed())))
    uid, gid = pwd.getpwnam("nobody")[2:4]
    for name in ("state", "cache"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, uid, gid)
    (tmp_path / "journal.jsonl").touch()
    os.chown(tmp_path / "journal.jsonl", uid, gid)
    both = "net_bind_service,+net_raw"
    before = [
        *(need("setpriv"), f"--reuid={uid}", f"--regid={gid}", "--clear-groups"),
        *(f"--inh-caps=+{both}", f"--ambient-caps=+{both}"),
        *(words[0], "-c", WITHIN, str(place)),
    ]

    with boots(lan.server, tmp_path, "--workers", "2", before=before) as server:
        started = server.told(events.ServerStarted)[0]
        assert started.runs_as == "user nobody, CAP_NET_RAW, Landlock, seccomp"
        busybox = ["udhcpc", "-f", "-q", "-n", "-t", "3", "-T", "1", "-s", "/bin/true", "-i"]
        run(lan.client, need("busybox"), *busybox, NIC)
        assert server.until(events.AckSent, mac=MAC)
        for url in (f"http://{SERVER.ip}:8080/auto.ipxe", f"tftp://{SERVER.ip}/auto.ipxe"):
            assert run(lan.client, need("curl"), "-s", url).stdout.startswith("#!ipxe")
        record = tmp_path / "machines" / "machines.yaml"
        record.write_text(record.read_text() + "\n# again\n")
        assert server.until(events.RecordsLoaded)
