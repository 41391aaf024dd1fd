"""Certificates of operators that were revoked: lists (RFC 5280, 5), and what they say of one.

OpenSSL would ask them in handshakes only: who is connected, or takes a session up again, would
stay until they leave.  So each request asks here.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from boots.serve.sockets import StartError

_LIST = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)
_AHEAD = 300.0  # seconds that the clock of who signs may be ahead of ours
_SOON = 86_400.0  # seconds before its end in which a list is to be renewed
_REMEMBERED = 1024  # certificates of which it is known who signed them

Authorities = tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class _Listed:
    """One list: the serial numbers in it, who of the authorities signed it, and when it is good."""

    file: str
    serials: frozenset[int]  # the library looks through all of them each time
    signers: frozenset[int]
    since: datetime
    until: datetime


class Summary(NamedTuple):
    """How many certificates are in the lists, until when all of them are good, and which are not.

    `until` is as RFC 3339 writes it; empty without any list.
    """

    certificates: int
    until: str
    late: tuple[str, ...]


class Revocations:
    """What the lists in these files say, each signed by one of the authorities in the file `ca`.

    Once there are lists, whoever has a certificate of an authority without one that is good now
    is refused: what is not known opens nothing.  `clock` is in seconds since 1970.

    Raises:
        StartError: a list cannot be read, or is not of these authorities.
    """

    def __init__(self, ca: str, files: Sequence[str], clock: Callable[[], float]) -> None:
        self._files = tuple(files)
        self._clock = clock
        self._authorities = _authorities(ca)
        self._held = self._content()
        self._lists = self._read(self._held)
        self._signers = lru_cache(_REMEMBERED)(self._signed_by)

    def renew(self) -> bool:
        """Take up what the files hold by now; whether that is something else.

        Raises:
            StartError: it cannot be; the lists that were in force stay so, until they end.
        """
        held = self._content()
        if held == self._held:
            return False
        fresh = self._read(held)
        for each in fresh:
            newest = max((o.since for o in self._lists if o.signers & each.signers), default=None)
            own = max(other.since for other in fresh if other.signers & each.signers)
            if newest is not None and own < newest:
                raise _faulty(each.file, f"is older than the one in force, of {newest}", _NEWEST)
        self._held, self._lists = held, fresh
        return True

    def refusal(self, certificate: bytes) -> str:
        """Why a certificate (DER) that an authority signed opens nothing; empty if it does."""
        try:
            signers, serial = self._signers(certificate)
        except Exception as error:  # noqa: BLE001  # as in _lists
            return f"this certificate cannot be read: {error}"
        lists = [each for each in self._lists if each.signers & signers]
        if any(serial in each.serials for each in lists):
            return "this certificate was revoked"
        now = self._clock()
        if any(each.since.timestamp() - _AHEAD <= now < each.until.timestamp() for each in lists):
            return ""
        if not lists:
            return "operator.client_crl has no list of who signed this certificate"
        return f"{_late(max(lists, key=lambda each: each.until), now)}; ask who runs this server"

    def summary(self) -> Summary:
        """What is in force."""
        now = self._clock()
        late = [each for each in self._lists if not each.since.timestamp() - _AHEAD <= now]
        late += [each for each in self._lists if each.until.timestamp() <= now]
        until = min((each.until for each in self._lists), default=None)
        count = sum(len(each.serials) for each in self._lists)
        said = tuple(f"{each.file}: {_late(each, now)}" for each in late)
        return Summary(count, until.isoformat() if until is not None else "", said)

    def due(self) -> tuple[str, ...]:
        """Which lists are to be renewed: those that are not good now, or not for long."""
        now = self._clock()
        ending = [each for each in self._lists if now < each.until.timestamp() <= now + _SOON]
        ends = (f"{e.file}: the list of revoked certificates ends at {e.until}" for e in ending)
        return (*self.summary().late, *ends)

    def _signed_by(self, certificate: bytes) -> tuple[frozenset[int], int]:
        found = x509.load_der_x509_certificate(certificate)
        issuers = (n for n, each in enumerate(self._authorities) if _issued(found, each))
        return frozenset(issuers), found.serial_number

    def _content(self) -> tuple[bytes, ...]:
        return tuple(_bytes(file) for file in self._files)

    def _read(self, held: Sequence[bytes]) -> tuple[_Listed, ...]:
        pairs = zip(self._files, held, strict=True)
        return tuple(each for file, content in pairs for each in _lists(file, content, self))

    def signers(self, crl: x509.CertificateRevocationList) -> frozenset[int]:
        """Which of the authorities signed a list."""
        return frozenset(n for n, each in enumerate(self._authorities) if _signed(crl, each))


_NEWEST = "put the newest that was signed in its place"
_WHOLE = "Boots reads complete lists of their own signer alone: have it make one"
_FORM = "a list in PEM begins with -----BEGIN X509 CRL-----: openssl crl -inform DER -in … -out …"


def _faulty(file: str, what: str, advice: str) -> StartError:
    return StartError(f"operator.client_crl: {file} {what}; {advice}")


def _bytes(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise _faulty(file, f"cannot be read: {error.strerror}", "mend it, or who may") from None


def _authorities(file: str) -> Authorities:
    try:
        return tuple(x509.load_pem_x509_certificates(Path(file).read_bytes()))
    except (OSError, ValueError) as error:
        raise StartError(
            f"operator.client_ca = {file!r} cannot be read: {error};"
            " operator.client_crl needs to know who signs"
        ) from None


def _lists(file: str, content: bytes, of: Revocations) -> Iterator[_Listed]:
    blocks = _LIST.findall(content)
    if not blocks or content.count(b"-----BEGIN X509 CRL-----") != len(blocks):
        raise _faulty(file, "holds no lists, or a part of one", _FORM)
    for block in blocks:
        try:
            yield _listed(file, x509.load_pem_x509_crl(block), of)
        except _OfOthers:  # RFC 5280, 5.2: what has such extensions must not be used
            why = "is a list of a part, or of others' certificates"
            raise _faulty(file, why, _WHOLE) from None
        except StartError:
            raise
        except Exception as error:  # noqa: BLE001  # of a dozen kinds, which have nothing in common
            raise _faulty(file, f"cannot be understood: {error}", _FORM) from None


def _listed(file: str, crl: x509.CertificateRevocationList, of: Revocations) -> _Listed:
    if any(each.critical for each in crl.extensions):
        raise _OfOthers
    serials = frozenset(_serials(crl))
    until, signers = crl.next_update_utc, of.signers(crl)
    if until is None:
        raise _faulty(file, "does not say until when it is good (nextUpdate)", _WHOLE)
    if not signers:
        name = crl.issuer.rfc4514_string()
        raise _faulty(file, f"({name}) is signed by nobody of operator.client_ca", _WHOLE)
    return _Listed(file, serials, signers, crl.last_update_utc, until)


class _OfOthers(Exception):
    """A row is about a certificate of another signer, or needs to be understood."""


def _serials(crl: x509.CertificateRevocationList) -> Iterator[int]:
    for each in crl:
        if any(extension.critical for extension in each.extensions):
            raise _OfOthers
        yield each.serial_number


def _late(listed: _Listed, now: float) -> str:
    if listed.since.timestamp() > now:
        return f"the list of revoked certificates is good from {listed.since} on"
    return f"the list of revoked certificates ended at {listed.until}"


def _issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _signed(crl: x509.CertificateRevocationList, by: x509.Certificate) -> bool:
    """Whether an authority signed a list, and may."""
    if crl.issuer != by.subject:
        return False
    try:
        usage = by.extensions.get_extension_for_class(x509.KeyUsage).value
        if not usage.crl_sign:
            return False
    except x509.ExtensionNotFound:
        pass
    except ValueError:
        return False
    try:
        return crl.is_signature_valid(by.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
