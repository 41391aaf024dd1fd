"""curl against the running server: HTTPS, an ISO in pieces, a proxy's word."""

import hashlib
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.app.certificates import issue
from tests.peers.conftest import CLIENT, MAC, SERVER, Lan, boots, need, run

from boots.journal import events
from boots.policy.placeholder import PLACEHOLDER

pytestmark = pytest.mark.peers
HTTP = f"http://{SERVER.ip}:8080"
HTTPS = "https://boots.example:8443"
DASHED = MAC.replace(":", "-")

REFUSED = {
    "the client knows no version of TLS that we speak (1.2 or 1.3)",
    "the client does not trust our certificate: it does not know who signed it (alert unknown ca)",
}


def curl(lan: Lan, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return run(lan.client, need("curl"), "--silent", "--show-error", "--max-time", "10", *words)


def files_in(folder: Path) -> Path:
    files = folder / "files"
    files.mkdir()
    files.joinpath("own.efi").write_bytes(bytes(range(256)) * 4000)
    return files


def test_curl_believes_our_certificate_and_loads_over_https(lan: Lan, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    span = {"start": now - timedelta(days=1), "end": now + timedelta(days=9)}
    ca = issue("Our CA", kind="2048 ca", ca=True, **span)
    leaf = issue(by=ca, **span)
    for name, content in (("c.pem", leaf.pem + ca.pem), ("k.pem", leaf.key_pem), ("ca", ca.pem)):
        tmp_path.joinpath(name).write_bytes(content)
    files = files_in(tmp_path)
    environment = {
        "BOOTS_HTTP_CERTIFICATE": str(tmp_path / "c.pem"),
        "BOOTS_HTTP_KEY": str(tmp_path / "k.pem"),
        "BOOTS_HTTP_URL": "https://boots.example:8443",
    }
    with boots(lan.server, tmp_path, "--boot-files", files, environment=environment) as server:
        named = ("--resolve", f"boots.example:8443:{SERVER.ip}", "--cacert", tmp_path / "ca")
        got = curl(lan, *named, "-o", tmp_path / "got", f"{HTTPS}/{MAC}/own.efi")
        script = curl(lan, *named, f"{HTTPS}/{MAC}/auto.ipxe")
        # OpenSSL 3.5 says nothing at all of 1.1 at its usual level.
        weak = ("--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
        old = curl(lan, *named, *weak, f"{HTTPS}/healthz")
        strange = curl(lan, *named[:2], f"{HTTPS}/healthz")
        finished = server.until(events.TransferFinished, name="own.efi")
        refused = {server.until(events.TlsRefused, mac=MAC, why=why).why for why in REFUSED}
        warned = server.errors.read_text()

    assert (0, "") == (got.returncode, got.stderr)
    assert (tmp_path / "got").read_bytes() == (files / "own.efi").read_bytes()
    assert "#!ipxe" in script.stdout
    assert 0 not in {old.returncode, strange.returncode}
    assert refused == REFUSED
    assert finished.size == 256 * 4000
    assert "expires on" in warned


def test_curl_reads_a_patched_iso_whole_and_resumed(lan: Lan, tmp_path: Path) -> None:
    tree, files = tmp_path / "tree", files_in(tmp_path)
    tree.mkdir()
    tree.joinpath("grub.cfg").write_bytes(b"linux /k " + PLACEHOLDER + b"\n")
    tree.joinpath("kernel").write_bytes(bytes(range(256)) * 8000)
    words = [need("xorriso"), "-as", "mkisofs", "-quiet", "-R", "-o", files / "hook.iso", tree]
    subprocess.run(list(map(str, words)), check=True, capture_output=True)
    environment = {"BOOTS_ISO_ENABLED": "true", "BOOTS_ISO_URL": "hook.iso"}
    url = f"{HTTP}/iso/any/{DASHED}/hook.iso"
    with boots(lan.server, tmp_path, "--boot-files", files, environment=environment):
        curl(lan, "-o", tmp_path / "whole", url)
        size = files.joinpath("hook.iso").stat().st_size
        place = files.joinpath("hook.iso").read_bytes().index(PLACEHOLDER)
        (tmp_path / "parts").write_bytes((tmp_path / "whole").read_bytes()[: place + 100])
        resumed = curl(lan, "-C", "-", "-o", tmp_path / "parts", url)

    whole = (tmp_path / "whole").read_bytes()
    assert size == len(whole)
    assert 0 == resumed.returncode, resumed.stderr
    assert (
        hashlib.sha256(whole).digest() == hashlib.sha256((tmp_path / "parts").read_bytes()).digest()
    )
    source = files.joinpath("hook.iso").read_bytes()
    assert source[:place] == whole[:place]
    assert source[place + 1024 :] == whole[place + 1024 :]
    assert f"hw_addr={MAC}".encode() in whole[place : place + 1024]


def test_a_proxy_is_believed_only_where_it_is_trusted(lan: Lan, tmp_path: Path) -> None:
    files = files_in(tmp_path)
    environment = {"BOOTS_HTTP_TRUSTED_PROXIES": str(CLIENT.network)}
    said = ("--header", "X-Forwarded-For: 192.0.2.77", "-o", "/dev/null", "-w", "%{http_code}")
    with boots(lan.server, tmp_path, "--boot-files", files, environment=environment) as server:
        forwarded = curl(lan, *said, f"{HTTP}/own.efi")
        refused = server.until(events.FetchRefused)
        own = curl(lan, *said[2:], f"{HTTP}/own.efi")

    assert ("403", "200") == (forwarded.stdout, own.stdout)
    assert refused.peer.startswith("192.0.2.77:")
