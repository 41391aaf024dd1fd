"""Certificates that are renewed while the server runs, as clients see them."""

import hashlib
import signal
import ssl
from pathlib import Path

import pytest
from tests.app.certificates import NOW, YEAR, Issued, crl, issue
from tests.peers.conftest import SERVER, Lan, boots

from boots.journal import events
from boots.lab import network

pytestmark = pytest.mark.peers


def write(place: Path, issued: Issued) -> None:
    for name, content in (("key.pem", issued.key_pem), ("chain.pem", issued.pem)):
        (place / name).write_bytes(content)
        (place / name).chmod(0o644)


def seen(lan: Lan, host: str, port: int) -> str:
    with network.within(lan.server if host.startswith("127.") else lan.client):
        pem = ssl.get_server_certificate((host, port), timeout=10)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_both_listeners_show_a_renewed_certificate(lan: Lan, tmp_path: Path, workers: str) -> None:
    first, second = issue(), issue(kind="2048 other")
    pair = tmp_path / "tls"
    pair.mkdir()
    write(pair, first)
    environment = {
        f"BOOTS_{door}_{name}": str(pair / file)
        for door in ("HTTP", "OPERATOR")
        for name, file in (("CERTIFICATE", "chain.pem"), ("KEY", "key.pem"))
    }
    doors = ((str(SERVER.ip), 8443), ("127.0.0.1", 8081))
    with boots(lan.server, tmp_path, "--workers", workers, environment=environment) as server:
        before = [seen(lan, *door) for door in doors]
        assert before == [hashlib.sha256(first.der).hexdigest()] * 2

        write(pair, second)
        for door in ("http", "operator"):
            assert server.until(events.CertificateRenewed, door=door).until.startswith("2027-01-15")
        server.mark()
        server.signal(signal.SIGHUP)
        server.until(events.RecordsLoaded)

        assert [seen(lan, *door) for door in doors] == [hashlib.sha256(second.der).hexdigest()] * 2


def test_a_pair_that_does_not_fit_is_told_and_not_shown(lan: Lan, tmp_path: Path) -> None:
    first = issue()
    pair = tmp_path / "tls"
    pair.mkdir()
    write(pair, first)
    environment = {
        "BOOTS_HTTP_CERTIFICATE": str(pair / "chain.pem"),
        "BOOTS_HTTP_KEY": str(pair / "key.pem"),
    }
    with boots(lan.server, tmp_path, environment=environment) as server:
        (pair / "chain.pem").write_bytes(issue(kind="2048 other").pem)

        assert "key values mismatch" in server.until(events.SettingsRefused).why
        assert seen(lan, str(SERVER.ip), 8443) == hashlib.sha256(first.der).hexdigest()


def test_a_renewed_key_is_noticed_in_a_folder_that_nobody_may_list(
    lan: Lan, tmp_path: Path
) -> None:
    """As /etc/ssl/private: the kernel watches no folder for who cannot read it."""
    pair = tmp_path / "tls"
    pair.mkdir()
    write(pair, issue())
    pair.chmod(0o711)
    environment = {
        "BOOTS_HTTP_CERTIFICATE": str(pair / "chain.pem"),
        "BOOTS_HTTP_KEY": str(pair / "key.pem"),
    }
    with boots(lan.server, tmp_path, environment=environment) as server:
        write(pair, issue(kind="2048 other"))

        assert server.until(events.CertificateRenewed, door="http")
        record = tmp_path / "machines" / "machines.yaml"
        record.write_text(record.read_text().replace("one", "two"))
        assert server.until(events.RecordsLoaded)


def test_who_was_revoked_is_read_as_it_is_saved(lan: Lan, tmp_path: Path) -> None:
    ca = issue("Our CA", kind="2048 ca", ca=True)
    ann = issue("Ann", by=ca, names=(), client=True)
    pair = tmp_path / "tls"
    pair.mkdir()
    write(pair, issue())
    (pair / "ca.pem").write_bytes(ca.pem)
    (pair / "ca.crl").write_bytes(crl(ca, end=NOW + YEAR))
    environment = {
        "BOOTS_OPERATOR_CERTIFICATE": str(pair / "chain.pem"),
        "BOOTS_OPERATOR_KEY": str(pair / "key.pem"),
        "BOOTS_OPERATOR_CLIENT_CA": str(pair / "ca.pem"),
        "BOOTS_OPERATOR_CLIENT_CRL": str(pair / "ca.crl"),
        "BOOTS_OPERATOR_CLIENTS": "Ann admin",
    }
    with boots(lan.server, tmp_path, environment=environment) as server:
        assert server.until(events.RevocationsLoaded, certificates=0)

        (pair / "ca.crl").write_bytes(crl(ca, ann, start=NOW + YEAR / 2, end=NOW + YEAR))
        assert server.until(events.RevocationsLoaded, certificates=1).until.startswith("2027-01-15")

        server.mark()
        (pair / "ca.crl").write_bytes(crl(ca))
        assert "older than the one in force" in server.until(events.SettingsRefused).why
