"""The certificates that doors show, and how renewed ones are taken up."""

import hashlib
import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.app.certificates import Issued, issue

from boots.app import tls
from boots.app.tls import Shown
from boots.serve.sockets import StartError
from boots.settings import Http, Operator, Settings


def write(place: Path, issued: Issued) -> None:
    (place / "chain.pem").write_bytes(issued.pem)
    (place / "key.pem").write_bytes(issued.key_pem)


def shown(place: Path) -> Shown:
    paths = Http(certificate=str(place / "chain.pem"), key=str(place / "key.pem"))
    found = tls.of_machines(Settings(http=paths))
    assert found is not None
    return found


def seen(server: ssl.SSLContext, client: ssl.SSLContext | None = None) -> tuple[str, str, str]:
    """What a client sees: the fingerprint, the version, the cipher."""
    asks = client or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asks.check_hostname, asks.verify_mode = False, ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    one, other = asks.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True)
    done: set[ssl.SSLObject] = set()
    while len(done) < 2:
        for end in (one, other):
            try:
                end.do_handshake()
                done.add(end)
            except ssl.SSLWantReadError:
                continue
    shown_to_us = one.getpeercert(binary_form=True)
    assert shown_to_us is not None
    cipher = one.cipher()
    assert cipher is not None
    return hashlib.sha256(shown_to_us).hexdigest(), one.version() or "", cipher[0]


def print_of(issued: Issued) -> str:
    return hashlib.sha256(issued.der).hexdigest()


def test_a_renewed_certificate_is_shown_to_who_comes_next(tmp_path: Path) -> None:
    first, second = issue(), issue(kind="2048 other")
    write(tmp_path, first)
    door = shown(tmp_path)
    assert seen(door.context)[0] == print_of(first)

    write(tmp_path, second)

    assert door.renew()
    assert seen(door.context)[0] == print_of(second)
    assert door.ends == "2027-01-15T00:00:00+00:00"


def test_what_is_the_same_is_no_renewal(tmp_path: Path) -> None:
    write(tmp_path, issue())

    assert not shown(tmp_path).renew()


def test_the_fingerprint_that_is_told_is_that_of_what_is_shown(tmp_path: Path) -> None:
    first, second = issue(), issue(kind="2048 other")
    write(tmp_path, first)
    door = shown(tmp_path)
    write(tmp_path, second)  # and nobody has taken it up yet
    assert seen(door.context)[0] == print_of(first) == door.pin
    door.renew()
    assert seen(door.context)[0] == print_of(second) == door.pin


def test_so_it_is_where_files_change_between_two_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = issue(), issue(kind="2048 other"), issue(kind="2048")
    write(tmp_path, first)
    coming = iter([second, third])
    load = tls._load

    def renewed_meanwhile(*given: Any) -> None:
        for issued in coming:
            write(tmp_path, issued)
            break
        load(*given)

    monkeypatch.setattr(tls, "_load", renewed_meanwhile)
    door = shown(tmp_path)
    assert seen(door.context)[0] == print_of(third) == door.pin


def test_half_of_a_pair_is_refused_and_the_one_before_is_shown_on(tmp_path: Path) -> None:
    first, second = issue(), issue(kind="2048 other")
    write(tmp_path, first)
    door = shown(tmp_path)
    (tmp_path / "chain.pem").write_bytes(second.pem)

    with pytest.raises(StartError) as refused:
        door.renew()

    assert str(refused.value) == (
        f"http.certificate = '{tmp_path}/chain.pem' and its key do not work: key values mismatch;"
        " both are PEM files, the key without a password"
    )
    assert seen(door.context)[0] == print_of(first)
    (tmp_path / "key.pem").write_bytes(second.key_pem)
    assert door.renew()
    assert seen(door.context)[0] == print_of(second)


def test_a_certificate_that_is_away_for_a_moment_is_shown_on(tmp_path: Path) -> None:
    first = issue()
    write(tmp_path, first)
    door = shown(tmp_path)
    (tmp_path / "key.pem").unlink()

    with pytest.raises(StartError):
        door.renew()

    assert seen(door.context)[0] == print_of(first)


@pytest.mark.parametrize("make", [tls.of_machines, tls.of_operators])
def test_nothing_older_than_tls_1_2_is_spoken(tmp_path: Path, make: object) -> None:
    write(tmp_path, issue())
    paths = (str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))
    settings = Settings(
        http=Http(certificate=paths[0], key=paths[1]),
        operator=Operator(certificate=paths[0], key=paths[1]),
    )
    door = make(settings)  # type: ignore[operator]
    assert seen(door.context)[1] == "TLSv1.3"
    older = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        older.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        older.maximum_version = ssl.TLSVersion.TLSv1_1
    older.set_ciphers("ALL:@SECLEVEL=0")

    with pytest.raises(ssl.SSLError):
        seen(door.context, older)


def test_operators_have_forward_secrecy_whatever_they_offer(tmp_path: Path) -> None:
    write(tmp_path, issue())
    paths = Operator(certificate=str(tmp_path / "chain.pem"), key=str(tmp_path / "key.pem"))
    door = tls.of_operators(Settings(operator=paths))
    assert door is not None
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    plain.maximum_version = ssl.TLSVersion.TLSv1_2
    plain.set_ciphers("AES128-GCM-SHA256")

    with pytest.raises(ssl.SSLError):
        seen(door.context, plain)
