"""The certificate's lint: what firmware refuses without a word is said at the start."""

import contextlib
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from tests.app.certificates import NOW, authority, issue

from boots.app import tls
from boots.app.certificate import doubts, lint
from boots.serve.sockets import StartError
from boots.settings import Http, Settings

CA = authority()
GOOD = issue(by=CA)


def context(settings: Settings) -> ssl.SSLContext:
    shown = tls.of_machines(settings)
    assert shown is not None
    return shown.context


def said(pem: bytes, host: str = "boots.example") -> list[str]:
    return [str(doubt) for doubt in lint(pem, host, NOW)]


def test_a_good_chain_leaves_nothing_to_say() -> None:
    assert [] == said(GOOD.pem + CA.pem)


@pytest.mark.parametrize(
    ("pem", "host", "words"),
    [
        (
            issue(by=CA, end=NOW - timedelta(days=1)).pem + CA.pem,
            "boots.example",
            "expired on 2026-01-14",
        ),
        (issue(by=CA, end=NOW + timedelta(days=9)).pem + CA.pem, "boots.example", "expires on"),
        (
            issue(by=CA, start=NOW + timedelta(days=1)).pem + CA.pem,
            "boots.example",
            "not valid before 2026-01-16 00:00 UTC",
        ),
        (issue(by=CA, kind="1024").pem + CA.pem, "boots.example", "has 1024 bits"),
        (issue(by=CA, kind="p256").pem + CA.pem, "boots.example", "is ECDSA; use RSA unless"),
        (issue(by=CA, kind="p521").pem + CA.pem, "boots.example", "secp521r1"),
        (issue(by=CA, kind="ed25519").pem + CA.pem, "boots.example", "neither RSA nor ECDSA"),
        (
            issue(by=CA, hash_of=hashes.SHA224()).pem + CA.pem,
            "boots.example",
            "signed with sha224",
        ),
        (issue(by=CA, client=True).pem + CA.pem, "boots.example", "not for servers"),
        (issue(by=CA, names=()).pem + CA.pem, "boots.example", "no subject alternative name"),
        (GOOD.pem + CA.pem, "other.example", "is not for other.example"),
        (GOOD.pem + CA.pem, "192.0.2.1", "is not for the address 192.0.2.1"),
        (
            issue(by=CA, addresses=("192.0.2.1",)).pem + CA.pem,
            "192.0.2.1",
            "EDK2 takes no certificate for an address",
        ),
        (issue().pem, "boots.example", "is signed by itself"),
        (CA.pem + GOOD.pem, "boots.example", "put the server's certificate first"),
        (GOOD.pem, "boots.example", "they fetch no missing ones"),
        (b"no PEM", "boots.example", "cannot be read"),
    ],
)
def test_what_will_fail_is_said(pem: bytes, host: str, words: str) -> None:
    assert any(words in doubt for doubt in said(pem, host)), said(pem, host)


@pytest.mark.parametrize(
    ("name", "host", "fits"),
    [
        ("*.example", "boots.example", True),
        ("*.example", "a.boots.example", False),
        ("BOOTS.example", "boots.EXAMPLE", True),
    ],
)
def test_a_star_stands_for_one_label(name: str, host: str, *, fits: bool) -> None:
    assert fits is (said(issue(by=CA, names=(name,)).pem + CA.pem, host) == [])


def written(folder: Path, certificate: bytes, key: bytes) -> Settings:
    for name, content in (("c.pem", certificate), ("k.pem", key)):
        folder.joinpath(name).write_bytes(content)
    return Settings(http=Http(certificate=str(folder / "c.pem"), key=str(folder / "k.pem")))


def test_https_speaks_tls_1_2_and_later(tmp_path: Path) -> None:
    made = context(written(tmp_path, GOOD.pem + CA.pem, GOOD.key_pem))

    assert ssl.TLSVersion.TLSv1_2 is made.minimum_version


# What EDK2 of 2022 offers: nothing with elliptic curves.
EDK2 = "DHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384:AES128-GCM-SHA256:AES256-SHA256:AES128-SHA"


@pytest.mark.parametrize(
    ("offered", "taken"),
    [(EDK2, "AES256-GCM-SHA384"), (f"{EDK2}:ECDHE+AESGCM", "ECDHE-RSA-AES256-GCM-SHA384")],
)
def test_firmware_without_elliptic_curves_is_spoken_to(
    tmp_path: Path, offered: str, taken: str
) -> None:
    made = context(written(tmp_path, GOOD.pem + CA.pem, GOOD.key_pem))
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    theirs.check_hostname, theirs.verify_mode = False, ssl.CERT_NONE
    theirs.maximum_version = ssl.TLSVersion.TLSv1_2
    theirs.set_ciphers(offered)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client, server = theirs.wrap_bio(down, up), made.wrap_bio(up, down, server_side=True)

    for side in (client, server) * 3:
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()

    chosen = client.cipher()
    assert chosen is not None
    assert taken == chosen[0]


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="do not work: key values mismatch"):
        context(written(tmp_path, GOOD.pem, CA.key_pem))


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=f"{tmp_path}/none.pem cannot be read: No such file"):
        context(Settings(http=Http(certificate=str(tmp_path / "none.pem"))))
    here = written(tmp_path, GOOD.pem, b"").http.certificate
    with pytest.raises(StartError, match=f"{tmp_path}/no.key cannot be read: No such file"):
        context(Settings(http=Http(certificate=here, key=str(tmp_path / "no.key"))))
    gone = Settings(http=Http(certificate=str(tmp_path / "none.pem")))
    assert "mend http.certificate" == doubts(gone, "", NOW)[0].advice


def test_without_a_certificate_there_is_nothing_to_say() -> None:
    assert [] == doubts(Settings(), "http://192.0.2.1:8080", NOW)
