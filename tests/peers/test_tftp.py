"""Stock TFTP clients, in both manners of answering; loss; the paths of other loaders."""

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.peers.conftest import (
    CLIENT,
    MAC,
    SERVER,
    Boots,
    Lan,
    boots,
    lan_with,
    need,
    run,
)

from boots.journal import events
from boots.policy.patch import PLACEHOLDER

pytestmark = pytest.mark.peers

SMALL = bytes(range(256)) * 1021 + b"end"
LARGE = (33 << 20) + 1  # past block 65,535 of 512 bytes
TEXT = b"one\ntwo\r\n"
SERIAL = "1234abcd"
RECORDS = f"""\
machines:
  - name: pi
    mac: {MAC}
    address: {CLIENT}
    kernel_args: [console=serial0, root=/dev/nfs]
    raspberry_pi: {{serial: {SERIAL}, folder: rpi, config: "arm_64bit=1\\n"}}
    pxelinux: "DEFAULT own\\n"
"""
TRACE = "-00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PATCH = "set syslog 192.168.70.1"


@pytest.fixture(scope="module")
def place() -> Iterator[Lan]:
    with lan_with() as made:
        yield made


@pytest.fixture(scope="module", params=["a port for each", "one port for all"])
def running(
    place: Lan, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Boots]:
    folder = tmp_path_factory.mktemp("server")
    files = folder / "files"
    (files / "rpi" / "overlays").mkdir(parents=True)
    (files / "snponly.efi").write_bytes(SMALL)
    (files / "own.efi").write_bytes(b"MZ" + PLACEHOLDER + b"end")
    (files / "text").write_bytes(TEXT)
    (files / "rpi" / "start4.elf").write_bytes(b"firmware")
    (files / "rpi" / "overlays" / "disable-bt.dtbo").write_bytes(b"overlay")
    (files / "vmlinuz").write_bytes(b"kernel")
    with (files / "large").open("wb") as file:
        file.truncate(LARGE)
    settings = {
        "BOOTS_TFTP_SINGLE_PORT": str(request.param == "one port for all").lower(),
        "BOOTS_BOOT_SCRIPT_PATCH": PATCH,
    }
    with boots(
        place.server, folder, "--boot-files", files, records=RECORDS, environment=settings
    ) as server:
        yield server


@pytest.fixture
def server(running: Boots) -> Boots:
    running.mark()
    return running


def curl(place: Lan, name: str, *more: str) -> bytes:
    """What curl gets over TFTP under this name."""
    url = f"tftp://{SERVER.ip}/{name}"
    done = run(place.client, need("curl"), "-s", *more, url, encoding="latin-1", timeout=60)
    return str(done.stdout).encode("latin-1")


# --- clients


def test_tftp_hpa_gets_a_file_and_text(place: Lan, server: Boots, tmp_path: Path) -> None:
    for mode, name, content in (("binary", "snponly.efi", SMALL), ("ascii", "text", TEXT)):
        out = tmp_path / name
        run(place.client, need("tftp"), "-m", mode, str(SERVER.ip), "-c", "get", name, str(out))

        assert out.read_bytes() == content


def test_tftp_hpa_shows_why_it_may_not_write(place: Lan, server: Boots, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    words = [need("tftp"), "-m", "binary", str(SERVER.ip), "-c", "put", "mine", "mine"]
    done = run(place.client, *words, cwd=tmp_path)

    assert "files cannot be written here" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "options", [[], ["blksize 1428", "tsize 0"], ["windowsize 8", "blksize 1024"]]
)
def test_atftp_gets_a_file(place: Lan, server: Boots, tmp_path: Path, options: list[str]) -> None:
    out = tmp_path / "out"
    words = [word for option in options for word in ("--option", option)]
    run(place.client, need("atftp"), *words, "-g", "-r", "snponly.efi", "-l", out, str(SERVER.ip))

    assert out.read_bytes() == SMALL
    assert server.until(events.TransferFinished, name="snponly.efi").size == len(SMALL)


@pytest.mark.parametrize("blksize", ["512", "1400"])
def test_busybox_gets_a_file(place: Lan, server: Boots, tmp_path: Path, blksize: str) -> None:
    out = tmp_path / "out"
    words = ["tftp", "-g", "-b", blksize, "-r", f"/{MAC}/snponly.efi", "-l", out, str(SERVER.ip)]
    run(place.client, need("busybox"), *words)

    assert out.read_bytes() == SMALL


def test_curl_goes_past_the_last_block_number(place: Lan, server: Boots) -> None:
    url = f"tftp://{SERVER.ip}/large"
    done = run(place.client, need("curl"), "-s", "--tftp-blksize", "512", "-o", "/dev/null",
               "-w", "%{size_download}", url, timeout=60)  # fmt: skip

    assert done.stdout == str(LARGE)


def test_all_clients_at_once_get_their_own(place: Lan, server: Boots, tmp_path: Path) -> None:
    fetch = f"{need('curl')} -s --tftp-blksize 1400 -o {tmp_path}/$n tftp://{SERVER.ip}/snponly.efi"
    run(place.client, "sh", "-c", f"for n in 1 2 3 4 5 6 7 8; do {fetch} & done; wait")

    assert [path.read_bytes() == SMALL for path in sorted(tmp_path.iterdir())] == [True] * 8


# --- paths


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (f"{SERIAL}/config.txt", b"arm_64bit=1\n"),
        (f"{SERIAL}/cmdline.txt", b"console=serial0 root=/dev/nfs"),
        (f"{SERIAL}/start4.elf", b"firmware"),
        (f"{SERIAL}/overlays/disable-bt.dtbo", b"overlay"),
        ("pxelinux.cfg/01-52-54-00-70-00-10", b"DEFAULT own\n"),
        (f"pxelinux.cfg/01-52-54-00-70-00-10{TRACE}", b"DEFAULT own\n"),
        (f"{MAC}/vmlinuz", b"kernel"),
        ("525400700010/vmlinuz", b"kernel"),
        ("own.efi", b"MZ" + PATCH.encode().ljust(131) + b"end"),
    ],
)
def test_a_path_leads_to_what_is_meant(
    place: Lan, server: Boots, name: str, content: bytes
) -> None:
    assert curl(place, name) == content


def test_over_http_the_patched_file_is_the_same(place: Lan, server: Boots) -> None:
    done = run(place.client, need("curl"), "-s", f"http://{SERVER.ip}:8080/own.efi")

    assert done.stdout == "MZ" + PATCH.ljust(131) + "end"


# --- loss

DROPPING = """
table inet loss {{
  chain in {{
    type filter hook input priority 0
    udp dport != 67 numgen random mod 100 < {lost} drop
  }}
}}
"""
# A reader with the manner of edk2: windows of four, an ACK for every block it cannot use, and a
# timer of 4 s of its own.
READER = """
import json, socket, sys, time
server, name, times = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3])
def read():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(4)
    ask = b"\\0\\1" + name + b"\\0octet\\0blksize\\x001468\\0windowsize\\x004\\0tsize\\x000\\0"
    last, acked, size, word, to, own = 0, 0, 0, ask, (server, 69), 0
    began = time.monotonic()
    sock.sendto(word, to)
    while True:
        try:
            data, to = sock.recvfrom(2048)
        except TimeoutError:
            own += 1
            sock.sendto(word, to)
            continue
        block = int.from_bytes(data[2:4])
        if data[:2] == b"\\0\\6":
            due = last == 0
        elif block == last + 1:
            last, size = block, size + len(data) - 4
            due = last - acked == 4 or len(data) < 1472
        else:
            due = True
        if due:
            acked, word = last, b"\\0\\4" + last.to_bytes(2)
            sock.sendto(word, to)
        if data[:2] == b"\\0\\3" and block == last and len(data) < 1472:
            return time.monotonic() - began, size, own
print(json.dumps([read() for _ in range(times)]))
"""


@pytest.mark.alone
def test_two_packets_in_a_hundred_lost_cost_less_than_a_second(lan: Lan, tmp_path: Path) -> None:
    """Both ways lose.  Where the very request is lost only the client's own 4 s can mend it."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "boot.efi").write_bytes(bytes(285_000))
    rules = tmp_path / "loss.nft"
    rules.write_text(DROPPING.format(lost=2))
    reader = tmp_path / "reader.py"
    reader.write_text(READER)
    with boots(lan.server, tmp_path, "--boot-files", files):
        for side in (lan.server, lan.client):
            assert run(side, need("nft"), "-f", rules).returncode == 0
        done = run(
            lan.client, sys.executable, reader, str(SERVER.ip), "boot.efi", "40", timeout=120
        )

    took = json.loads(done.stdout)
    assert {size for _, size, _ in took} == {285_000}
    unaided = sorted(seconds for seconds, _, own in took if own == 0)
    assert len(unaided) > 30
    assert statistics.median(unaided) < 1
    assert unaided[int(len(unaided) * 0.95)] < 2
