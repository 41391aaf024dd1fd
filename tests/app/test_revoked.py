"""Certificates of operators that were revoked."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from tests.app.certificates import NOW, Issued, authority, crl, issue

from boots.app import tls
from boots.app.revoked import Revocations
from boots.serve.sockets import StartError
from boots.settings import Operator, Settings

CA = authority()
OTHER = issue("Other", kind="2048 other", ca=True)
ANN = issue("Ann", by=CA, client=True)
BOB = issue("Bob", by=CA, client=True)
EVE = issue("Eve", by=OTHER, client=True)
DAY = timedelta(days=1)


class Place:
    """A folder with authorities and lists, and a clock."""

    def __init__(self, folder: Path, *lists: bytes, ca: bytes = CA.pem) -> None:
        self.folder, self.now = folder, NOW + DAY
        (folder / "ca.pem").write_bytes(ca)
        self.write(*lists)
        self.known = Revocations(
            str(folder / "ca.pem"),
            [str(folder / f"{number}.crl") for number in range(len(lists))],
            self.clock,
        )

    def clock(self) -> float:
        return self.now.timestamp()

    def write(self, *lists: bytes) -> None:
        for number, content in enumerate(lists):
            (self.folder / f"{number}.crl").write_bytes(content)

    def refusal(self, of: Issued) -> str:
        return self.known.refusal(of.der)


def test_who_is_in_a_list_is_refused_and_nobody_else(tmp_path: Path) -> None:
    place = Place(tmp_path, crl(CA, BOB))
    assert "this certificate was revoked" == place.refusal(BOB)
    assert "" == place.refusal(ANN)


def test_what_is_no_certificate_opens_nothing(tmp_path: Path) -> None:
    assert "cannot be read" in Place(tmp_path, crl(CA)).known.refusal(b"\x30\x03\x02\x01\x00")


def test_a_list_that_the_library_cannot_read_is_refused_whatever_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_: bytes) -> None:
        raise x509.DuplicateExtension("twice", x509.ObjectIdentifier("1.2.3"))

    monkeypatch.setattr(x509, "load_pem_x509_crl", refuses)
    with pytest.raises(StartError, match="cannot be understood: twice"):
        Place(tmp_path, crl(CA))


def test_what_two_lists_say_counts_together(tmp_path: Path) -> None:
    place = Place(tmp_path, crl(CA, BOB), crl(CA, ANN, end=NOW + DAY / 2))
    assert "this certificate was revoked" == place.refusal(BOB)
    assert "this certificate was revoked" == place.refusal(ANN), "though that list ended"


def test_one_file_may_hold_the_lists_of_several(tmp_path: Path) -> None:
    place = Place(tmp_path, crl(CA, BOB) + crl(OTHER, EVE), ca=CA.pem + OTHER.pem)
    assert ("", "this certificate was revoked") == (place.refusal(ANN), place.refusal(EVE))
    assert 2 == place.known.summary().certificates


def test_whose_signer_has_no_list_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path, crl(CA), ca=CA.pem + OTHER.pem)
    assert "no list of who signed" in place.refusal(EVE)


def test_a_list_is_its_signers_alone_though_another_has_that_name(tmp_path: Path) -> None:
    twin = issue("Our CA", kind="2048 twin", ca=True)
    place = Place(tmp_path, crl(CA), ca=CA.pem + twin.pem)
    assert "no list of who signed" in place.refusal(issue("Ann", by=twin, client=True))


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (NOW - DAY, "is good from"),
        (NOW - timedelta(seconds=200), ""),
        (NOW + timedelta(days=7), "ended at"),
        (NOW + timedelta(days=70), "ended at"),
    ],
)
def test_a_list_out_of_its_time_lets_nobody_in(tmp_path: Path, now: datetime, why: str) -> None:
    place = Place(tmp_path, crl(CA, BOB))
    place.now = now
    assert why in place.refusal(ANN)
    assert bool(why) == bool(place.refusal(ANN)) == bool(place.known.summary().late)
    assert "this certificate was revoked" == place.refusal(BOB)


@pytest.mark.parametrize(
    ("days", "said"), [(1, ""), (6.5, "ends at"), (8, "ended at"), (-1, "is good from")]
)
def test_a_list_that_is_to_be_renewed_is_said_before_it_ends(
    tmp_path: Path, days: float, said: str
) -> None:
    place = Place(tmp_path, crl(CA))
    place.now = NOW + days * DAY
    assert ([said] if said else []) == [said for due in place.known.due() if said in due]


def test_a_newer_list_is_taken_up(tmp_path: Path) -> None:
    place = Place(tmp_path, crl(CA))
    assert not place.known.renew()
    place.write(crl(CA, ANN, start=NOW + DAY))
    assert place.known.renew()
    assert "this certificate was revoked" == place.refusal(ANN)


def bad(how: str) -> bytes:
    whole = crl(CA, ANN, start=NOW + DAY)
    return {
        "empty": b"",
        "a part": whole[:-40],
        "no list": CA.pem,
        "of nobody": crl(OTHER, ANN),
        "in its name": crl(issue("Our CA", kind="2048 other", ca=True), ANN),
        "a delta": crl(CA, ANN, critical=True),
        "older": crl(CA, start=NOW - DAY),
        "bent": whole.replace(whole[60:70], b"AAAAAAAAAA"),
    }[how]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("empty", "holds no lists"),
        ("a part", "a part of one"),
        ("no list", "holds no lists"),
        ("of nobody", "signed by nobody of operator.client_ca"),
        ("in its name", "signed by nobody of operator.client_ca"),
        ("a delta", "complete lists"),
        ("older", "older than the one in force"),
        ("bent", "0.crl"),
    ],
)
def test_what_cannot_be_a_list_is_refused_and_the_last_one_stays(
    tmp_path: Path, how: str, why: str
) -> None:
    place = Place(tmp_path, crl(CA, BOB))
    place.write(bad(how))
    with pytest.raises(StartError, match=why):
        place.known.renew()
    assert "this certificate was revoked" == place.refusal(BOB)
    assert "" == place.refusal(ANN)
    place.now += timedelta(days=30)
    assert "ended at" in place.refusal(ANN)


def test_a_file_that_goes_away_takes_no_list_with_it(tmp_path: Path) -> None:
    place = Place(tmp_path, crl(CA, BOB))
    (tmp_path / "0.crl").unlink()
    with pytest.raises(StartError, match="No such file"):
        place.known.renew()
    assert "this certificate was revoked" == place.refusal(BOB)


def test_who_may_not_sign_lists_signs_none(tmp_path: Path) -> None:
    signs_nothing = issue("Our CA", kind="2048 ca", ca=True, crl_sign=False)
    with pytest.raises(StartError, match="signed by nobody"):
        Place(tmp_path, crl(CA), ca=signs_nothing.pem)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"client_crl": ["0.crl"]}, "needs operator.client_ca"),
        ({"client_crl": ["none"], "client_ca": "ca.pem"}, "No such file"),
        ({"client_crl": ["0.crl"], "client_ca": "none"}, "No such file"),
    ],
)
def test_lists_that_cannot_be_are_refused_at_the_start(
    tmp_path: Path, given: dict[str, str | list[str]], why: str
) -> None:
    Place(tmp_path, crl(CA))
    placed = {
        name: [str(tmp_path / each) for each in text]
        if isinstance(text, list)
        else str(tmp_path / text)
        for name, text in given.items()
    }
    with pytest.raises(StartError, match=why):
        tls.revocations(Settings(operator=Operator(**placed)), lambda: 0.0)  # type: ignore[arg-type]


def test_without_lists_nobody_is_asked_for_one() -> None:
    assert tls.revocations(Settings(operator=Operator(client_ca="ca.pem")), lambda: 0.0) is None
