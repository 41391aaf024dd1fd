"""Certificates made by the tests: a CA, and what it signs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
NOW = datetime(2026, 1, 15, tzinfo=UTC)
YEAR = timedelta(days=365)


@cache
def key(kind: str) -> Any:
    if kind == "p256":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "p521":
        return ec.generate_private_key(ec.SECP521R1())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.partition(" ")[0]))


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass
class Issued:
    certificate: x509.Certificate
    key: Any
    name: str

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


def issue(
    name: str = "boots.example",
    by: Issued | None = None,
    kind: str = "2048 leaf",
    *,
    names: tuple[str, ...] = ("boots.example",),
    addresses: tuple[str, ...] = (),
    start: datetime = NOW - YEAR,
    end: datetime = NOW + YEAR,
    hash_of: hashes.HashAlgorithm | None = None,
    client: bool = False,
    ca: bool = False,
    crl_sign: bool = True,
) -> Issued:
    own = key(kind)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(by.name if by else name))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    )
    if ca:  # this, and the next, Python 3.13 wants of all that it trusts
        usage = dict.fromkeys(_USES, False) | {"key_cert_sign": True, "crl_sign": crl_sign}
        builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    if by:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False
        )
    alternatives: list[x509.GeneralName] = [x509.DNSName(each) for each in names]
    alternatives += [x509.IPAddress(ip_address(each)) for each in addresses]
    if alternatives and not ca:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if client:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(usage, critical=False)
    signer = by.key if by else own
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hash_of
    if algorithm is None and not isinstance(signer, ed25519.Ed25519PrivateKey):
        algorithm = hashes.SHA256()
    return Issued(builder.sign(signer, algorithm), own, name)


def crl(
    by: Issued,
    *revoked: Issued,
    start: datetime = NOW,
    end: datetime = NOW + timedelta(days=7),
    critical: bool = False,
) -> bytes:
    """A list of certificates that were revoked, in PEM; a `critical` one is about a part alone."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(named(by.name))
        .last_update(start)
        .next_update(end)
    )
    for each in revoked:
        row = x509.RevokedCertificateBuilder().revocation_date(start)
        row = row.serial_number(each.certificate.serial_number)
        builder = builder.add_revoked_certificate(row.build())
    if critical:
        builder = builder.add_extension(x509.DeltaCRLIndicator(1), critical=True)
    signed = builder.sign(by.key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def authority(kind: str = "2048 ca") -> Issued:
    return issue("Our CA", kind=kind, ca=True)
