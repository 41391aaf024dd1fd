"""Stock DHCP, TFTP, HTTP and syslog clients against one running server."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.peers.conftest import (
    CLIENT,
    LAN,
    MAC,
    NIC,
    RECORD,
    SERVER,
    Boots,
    Lan,
    boots,
    lan_with,
    need,
    run,
    set_mac,
    started,
)

from boots.journal import events

pytestmark = pytest.mark.peers

SMALL = bytes(range(256)) * 1021 + b"end"
LARGE = 34 << 20
TEXT = b"one\ntwo\r\n"
BUSYBOX_SCRIPT = """\
#!/bin/sh
[ "$1" = bound ] && env
"""
DHCLIENT_SCRIPT = """\
#!/bin/sh
env > "$OUTPUT.part"
[ "$reason" = BOUND ] && mv "$OUTPUT.part" "$OUTPUT"
exit 0
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Lan]:
    with lan_with() as made:
        yield made


@pytest.fixture(scope="module")
def running(place: Lan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boots]:
    folder = tmp_path_factory.mktemp("server")
    files = folder / "files"
    files.mkdir()
    (files / "snponly.efi").write_bytes(SMALL)
    (files / "text").write_bytes(TEXT)
    (files / "empty").write_bytes(b"")
    (files / "exact").write_bytes(b"x" * 1024)
    with (files / "large").open("wb") as file:
        file.truncate(LARGE)
    with boots(place.server, folder, "--boot-files", files) as server:
        yield server


@pytest.fixture
def server(running: Boots) -> Boots:
    running.mark()
    return running


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script"
    path.write_text(BUSYBOX_SCRIPT)
    path.chmod(0o755)
    return path


def udhcpc(place: Lan, script: Path, *more: str) -> dict[str, str]:
    """What busybox's client got; empty when it got nothing."""
    words = [need("busybox"), "udhcpc", "-f", "-q", "-n", "-i", NIC, "-s", str(script), *more]
    if "-t" not in more:
        words += ["-t", "3", "-T", "1"]
    done = run(place.client, *words)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


# --- DHCP


def test_udhcpc_as_a_pxe_rom_gets_its_boot_file(place: Lan, server: Boots, script: Path) -> None:
    vendor = "PXEClient:Arch:00007:UNDI:003000"
    got = udhcpc(place, script, "-V", vendor, "-x", "0x5d:0007", "-x", "0x5e:010300")

    assert got["ip"] == str(CLIENT.ip)
    assert got["mask"] == "24"
    assert got["siaddr"] == str(SERVER.ip)
    assert got["boot_file"] == "snponly.efi"
    assert got["serverid"] == str(SERVER.ip)
    offer = server.until(events.OfferSent, mac=MAC)
    assert (offer.program, offer.architecture) == ("PXE ROM", "x64-uefi")
    assert server.until(events.AckSent).boot_file == f"tftp://{SERVER.ip}/{MAC}/snponly.efi"


def test_udhcpc_as_an_os_gets_its_address_and_nothing_to_boot(
    place: Lan, server: Boots, script: Path
) -> None:
    got = udhcpc(place, script, "-O", "hostname")

    assert (got["ip"], got["router"], got["dns"]) == (
        str(CLIENT.ip),
        str(SERVER.ip),
        "192.168.70.53",
    )
    assert "boot_file" not in got
    assert server.until(events.AckSent).boot_file == ""


def test_udhcpc_gives_its_address_back(place: Lan, server: Boots, script: Path) -> None:
    words = [need("busybox"), "udhcpc", "-f", "-R", "-i", NIC, "-s", script]
    with started(place.client, *words):
        server.until(events.AckSent)

    assert server.until(events.AddressReleased).address == str(CLIENT.ip)


def test_an_unknown_mac_gets_silence(place: Lan, server: Boots, script: Path) -> None:
    set_mac(place.client, NIC, "52:54:00:70:00:99")
    try:
        assert udhcpc(place, script, "-t", "1", "-T", "1") == {}
    finally:
        set_mac(place.client, NIC, MAC)

    ignored = server.until(events.DhcpIgnored, mac="52:54:00:70:00:99")
    assert (ignored.message, ignored.why) == ("DISCOVER", "no record has this MAC")
    assert server.told(events.OfferSent) == []


def test_dhclient_gets_its_address(place: Lan, server: Boots, tmp_path: Path) -> None:
    script, output = tmp_path / "script", tmp_path / "output"
    script.write_text(DHCLIENT_SCRIPT)
    script.chmod(0o755)
    (tmp_path / "conf").write_text("")
    words = [
        *(need("dhclient"), "-4", "-d", "-1", "-v", "-e", f"OUTPUT={output}"),
        *("-sf", script, "-lf", tmp_path / "leases", "-pf", tmp_path / "pid"),
        *("-cf", tmp_path / "conf", NIC),
    ]
    with started(place.client, *words):
        server.until(events.AckSent, mac=MAC)
        while not output.exists():
            pass

    got = dict(line.split("=", 1) for line in output.read_text().splitlines() if "=" in line)
    assert got["new_ip_address"] == str(CLIENT.ip)
    assert got["new_routers"] == str(SERVER.ip)
    assert got["new_dhcp_lease_time"] == "86400"


# --- TFTP


def tftp_hpa(place: Lan, name: str, out: Path, mode: str = "binary") -> str:
    words = [need("tftp"), "-m", mode, str(SERVER.ip), "-c", "get", name, str(out)]
    done = run(place.client, *words)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [("snponly.efi", SMALL), ("empty", b""), ("exact", b"x" * 1024), ("//snponly.efi", SMALL)],
)
def test_tftp_hpa_gets_files(
    place: Lan, server: Boots, tmp_path: Path, name: str, content: bytes
) -> None:
    out = tmp_path / "out"
    tftp_hpa(place, name, out)

    assert out.read_bytes() == content
    assert server.until(events.TransferFinished).size == len(content)


def test_tftp_hpa_gets_text(place: Lan, server: Boots, tmp_path: Path) -> None:
    tftp_hpa(place, "text", tmp_path / "out", "ascii")

    assert (tmp_path / "out").read_bytes() == TEXT


def test_tftp_hpa_shows_why_a_file_is_refused(place: Lan, server: Boots, tmp_path: Path) -> None:
    said = tftp_hpa(place, "nothing", tmp_path / "out")

    assert 'there is no file "nothing"' in said
    assert server.until(events.FetchRefused).why == 'there is no file "nothing"'


def test_tftp_hpa_may_not_write(place: Lan, server: Boots, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    words = [need("tftp"), "-m", "binary", str(SERVER.ip), "-c", "put", "mine", "mine"]
    done = run(place.client, *words, cwd=tmp_path)

    assert "files cannot be written here" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["blksize 1428"],
        ["blksize 8192", "tsize 0"],
        ["tsize 0", "timeout 2"],
        ["windowsize 8", "blksize 1024"],
        ["windowsize 64"],
    ],
)
def test_atftp_gets_files_with_all_options(
    place: Lan, server: Boots, tmp_path: Path, options: list[str]
) -> None:
    out = tmp_path / "out"
    words = [word for option in options for word in ("--option", option)]
    run(place.client, need("atftp"), *words, "-g", "-r", "snponly.efi", "-l", out, str(SERVER.ip))

    assert out.read_bytes() == SMALL
    assert server.until(events.TransferFinished, name="snponly.efi").size == len(SMALL)


@pytest.mark.parametrize("blksize", ["512", "1400", "65464"])
def test_busybox_tftp_gets_files(place: Lan, server: Boots, tmp_path: Path, blksize: str) -> None:
    out = tmp_path / "out"
    words = ["tftp", "-g", "-b", blksize, "-r", f"/{MAC}/snponly.efi", "-l", out, str(SERVER.ip)]
    run(place.client, need("busybox"), *words)

    assert out.read_bytes() == SMALL


def test_curl_gets_large_files_over_tftp_past_the_wrap_of_block_numbers(
    place: Lan, server: Boots
) -> None:
    url = f"tftp://{SERVER.ip}/large"
    done = run(place.client, need("curl"), "-s", "--tftp-blksize", "512", "-o", "/dev/null",
               "-w", "%{size_download}", url, timeout=60)  # fmt: skip

    assert done.stdout == str(LARGE)


def test_a_tftp_client_that_is_killed_is_noticed(place: Lan, server: Boots, tmp_path: Path) -> None:
    url = f"tftp://{SERVER.ip}/large"
    with started(place.client, need("curl"), "-s", "-o", "/dev/null", url) as client:
        server.until(events.TransferStarted)
        os.kill(client.pid, signal.SIGKILL)
        client.wait()

    assert server.until(events.TransferFailed).why == "the client closed its port"


# --- HTTP


def curl(place: Lan, *words: str) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body."""
    done = run(place.client, need("curl"), "-s", "-i", "--path-as-is", *words, encoding="latin-1")
    head, _, body = done.stdout.partition("\n\n")
    status, *lines = head.splitlines()
    headers = dict(line.split(": ", 1) for line in lines)
    return status.split()[1], headers, body.encode("latin-1")


URL = f"http://{SERVER.ip}:8080"


def test_curl_gets_a_file(place: Lan, server: Boots, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(place.client, need("curl"), "-s", "-o", out, f"{URL}/{MAC}/snponly.efi")

    assert out.read_bytes() == SMALL
    finished = server.until(events.TransferFinished, door="http")
    assert (finished.mac, finished.size) == (MAC, len(SMALL))


def test_curl_gets_a_part(place: Lan, server: Boots, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(place.client, need("curl"), "-s", "-r", "100-199", "-o", out, f"{URL}/snponly.efi")
    assert out.read_bytes() == SMALL[100:200]

    run(place.client, need("curl"), "-s", "-r", "-3", "-o", out, f"{URL}/snponly.efi")
    assert out.read_bytes() == b"end"


def test_curl_asks_for_the_size_only(place: Lan, server: Boots) -> None:
    status, headers, body = curl(place, "-I", f"{URL}/snponly.efi")

    assert (status, headers["Content-Length"], body) == ("200", str(len(SMALL)), b"")
    assert server.until(events.TransferProbed, door="http").size == len(SMALL)


def test_curl_goes_on_where_it_stopped(place: Lan, server: Boots, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(SMALL[:1000])
    run(place.client, need("curl"), "-s", "-C", "-", "-o", out, f"{URL}/snponly.efi")

    assert out.read_bytes() == SMALL


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ([f"{URL}/nothing"], "404", b'there is no file "nothing"\n'),
        ([f"{URL}/../../etc/passwd"], "404", b'there is no file "../../etc/passwd"\n'),
        (
            [f"{URL}/52:54:00:70:00:99/snponly.efi"],
            "403",
            b"no machine of ours asks\n",
        ),
        (["-d", "x", f"{URL}/snponly.efi"], "405", b"405: Method Not Allowed"),
        (["-r", "999999-", f"{URL}/snponly.efi"], "416", b""),
    ],
)
def test_curl_is_refused_with_a_reason(
    place: Lan, server: Boots, words: list[str], status: str, said: bytes
) -> None:
    got, _, body = curl(place, *words)

    assert (got, body) == (status, said)


def test_curl_gets_the_script(place: Lan, server: Boots) -> None:
    status, _, body = curl(place, f"{URL}/{MAC}/auto.ipxe")

    assert (status, body[:6]) == ("200", b"#!ipxe")
    assert server.until(events.ScriptServed).script == body.decode()


def test_a_download_that_breaks_off_is_noticed(place: Lan, server: Boots) -> None:
    words = [need("curl"), "-s", "--limit-rate", "1M", "-o", "/dev/null", f"{URL}/large"]
    with started(place.client, *words) as client:
        server.until(events.TransferProgressed, door="http")
        os.kill(client.pid, signal.SIGKILL)
        client.wait()

    failed = server.until(events.TransferFailed, door="http")
    assert failed.why == "the client closed the connection"
    assert 0 < failed.sent < LARGE


# --- syslog


def test_logger_is_heard(place: Lan, server: Boots) -> None:
    words = [
        need("logger"),
        "-n",
        str(SERVER.ip),
        "-P",
        "514",
        "-d",
        "-t",
        "init",
        "-p",
        "user.err",
    ]
    run(place.client, *words, "--rfc3164", "no disk")

    line = server.until(events.ConsoleLine)
    assert (line.mac, line.severity, line.source, line.text) == (MAC, "error", "init", "no disk")


def test_the_listeners_are_where_the_defaults_say(server: Boots) -> None:
    (started_as,) = [each for each in server.seen if isinstance(each, events.ServerStarted)]

    assert started_as.listeners == [
        f"dhcp {LAN} 0.0.0.0:67",
        f"tftp {LAN} {SERVER.ip}:69",
        f"syslog {LAN} {SERVER.ip}:514",
        f"http {LAN} {SERVER.ip}:8080",
        "operator http 127.0.0.1:8081",
    ]
    assert RECORD.count("mac:") == started_as.machines
