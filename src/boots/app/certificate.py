"""The certificate of HTTPS, and what is wrong with it for those who boot by it.

Firmware and iPXE say next to nothing when a certificate does not suit them; so it is said here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from yarl import URL

from boots.settings import Settings

_SOON = timedelta(days=30)
_SMALLEST_RSA = 2048
_GOOD_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_CURVES = ("secp256r1", "secp384r1")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Doubt:
    """What will fail, and what to do about it."""

    problem: str
    advice: str

    def __str__(self) -> str:
        return f"{self.problem}; {self.advice}"


def doubts(settings: Settings, http_url: str, now: datetime) -> list[Doubt]:
    """What is doubtful about the certificate of the settings; nothing if there is none."""
    if not settings.http.certificate:
        return []
    try:
        pem = Path(settings.http.certificate).read_bytes()
    except OSError as error:
        why = f"{settings.http.certificate} cannot be read: {error.strerror}"
        return [Doubt(why, "mend http.certificate")]
    return list(lint(pem, URL(http_url).host or "", now))


def lint(pem: bytes, host: str, now: datetime) -> Iterator[Doubt]:
    """What iPXE and EDK2 will not take of a chain of certificates.

    `host` is how clients name us in URLs, empty where that is not known.
    """
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        yield Doubt(f"the certificate cannot be read: {error}", "write a PEM file")
        return
    for each in chain:
        yield from _dates(each, now)
        yield from _key(each)
        yield from _signature(each)
    yield from _usage(chain[0])
    yield from _names(chain[0], host)
    yield from _order(chain)


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "the certificate without a subject"


def _dates(each: x509.Certificate, now: datetime) -> Iterator[Doubt]:
    if each.not_valid_before_utc > now:
        yield Doubt(
            f"{_name(each)} is not valid before {each.not_valid_before_utc:%Y-%m-%d %H:%M} UTC",
            "wait, or set the clock right: every client will refuse it",
        )
    if each.not_valid_after_utc <= now:
        yield Doubt(
            f"{_name(each)} expired on {each.not_valid_after_utc:%Y-%m-%d}",
            "renew it: every client refuses it",
        )
    elif each.not_valid_after_utc - now < _SOON:
        yield Doubt(
            f"{_name(each)} expires on {each.not_valid_after_utc:%Y-%m-%d}",
            "renew it before then",
        )


def _key(each: x509.Certificate) -> Iterator[Doubt]:
    key = each.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _SMALLEST_RSA:
            yield Doubt(
                f"the RSA key of {_name(each)} has {key.key_size} bits",
                f"make one of {_SMALLEST_RSA}: EDK2 refuses a chain with a weaker key",
            )
    elif isinstance(key, ec.EllipticCurvePublicKey):
        yield Doubt(
            f"the key of {_name(each)} is ECDSA",
            "use RSA unless every iPXE here is of 2025 or later: older ones know no other",
        )
        if key.curve.name not in _CURVES:
            yield Doubt(
                f"the curve of {_name(each)} is {key.curve.name}",
                "use P-256 or P-384: no iPXE knows another",
            )
    else:
        yield Doubt(
            f"the key of {_name(each)} is neither RSA nor ECDSA",
            "use RSA: no firmware knows this kind",
        )


def _signature(each: x509.Certificate) -> Iterator[Doubt]:
    # Nobody checks how a root signed itself.
    if each.issuer != each.subject and not isinstance(each.signature_hash_algorithm, _GOOD_HASHES):
        used = each.signature_hash_algorithm
        yield Doubt(
            f"{_name(each)} is signed with {used.name if used else 'no hash of its own'}",
            "have it signed with SHA-256 or better",
        )


def _usage(leaf: x509.Certificate) -> Iterator[Doubt]:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.SERVER_AUTH not in usage:
        yield Doubt(f"{_name(leaf)} is not for servers", "add serverAuth to its extended key usage")


def _names(leaf: x509.Certificate, host: str) -> Iterator[Doubt]:
    names, addresses = _alternatives(leaf)
    if not names and not addresses:
        yield Doubt(
            f"{_name(leaf)} has no subject alternative name",
            "add one: iPXE of 2025 and many others look nowhere else",
        )
        return
    if not host:
        return
    try:
        address = ip_address(host)
    except ValueError:
        if not any(_matches(name, host) for name in names):
            yield Doubt(
                f"{_name(leaf)} is not for {host}, where clients find us",
                f"add DNS:{host} to its subject alternative names, or mend http.url",
            )
        return
    if address not in addresses:
        yield Doubt(
            f"{_name(leaf)} is not for the address {host}, where clients find us",
            f"add IP:{host} to its subject alternative names, or give http.url a name",
        )
    yield Doubt(
        f"clients find us by an address, {host}",
        "use a name in http.url for UEFI firmware: EDK2 takes no certificate for an address",
    )


def _alternatives(leaf: x509.Certificate) -> tuple[list[str], list[Address]]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [], []
    addresses = [
        each
        for each in found.get_values_for_type(x509.IPAddress)
        if isinstance(each, IPv4Address | IPv6Address)
    ]
    return found.get_values_for_type(x509.DNSName), addresses


def _matches(name: str, host: str) -> bool:
    name, host = name.lower().rstrip("."), host.lower().rstrip(".")
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return name == host


def _order(chain: Sequence[x509.Certificate]) -> Iterator[Doubt]:
    """Each must be signed by the next.  A root need not be among them: clients must have it."""
    leaf = chain[0]
    if leaf.issuer == leaf.subject:
        yield Doubt(
            f"{_name(leaf)} is signed by itself",
            "enrol it in each firmware and build it into iPXE (TRUST=), or have a CA sign one",
        )
    for lower, upper in pairwise(chain):
        if not _signed(lower, upper):
            yield Doubt(
                f"{_name(lower)} is not signed by the next in the file, {_name(upper)}",
                "put the server's certificate first, then each one's issuer",
            )
    if len(chain) == 1 and leaf.issuer != leaf.subject:
        yield Doubt(
            f"the file has no certificate of {leaf.issuer.rfc4514_string()}, which signed"
            f" {_name(leaf)}",
            "add it, unless it is the root that clients trust: they fetch no missing ones",
        )


def _signed(lower: x509.Certificate, upper: x509.Certificate) -> bool:
    try:
        lower.verify_directly_issued_by(upper)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def now() -> datetime:
    """This moment, as certificates count it."""
    return datetime.now(UTC)
