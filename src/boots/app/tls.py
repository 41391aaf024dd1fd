"""What the HTTPS door needs of OpenSSL."""

import hashlib
import os
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from boots.serve.sockets import StartError
from boots.settings import Settings

if TYPE_CHECKING:
    from boots.app.revoked import Revocations

_TRIES = 5  # times that files are read which change while they are
_FIRST = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


_OF_MACHINES = (
    # EDK2 as Debian has it in 2022 knows no elliptic curves, and Diffie-Hellman without them needs
    # parameters of its own: RSA comes last, for it alone.
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES:AES256-GCM-SHA384:AES128-GCM-SHA256"
    ":AES256-SHA256:AES128-SHA256:!aNULL"
)
_OF_OPERATORS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # no firmware comes there


class Shown:
    """The certificate that a door shows, in a context that outlives its renewal.

    `word` names the settings that it comes from.  Who comes with a certificate of their own must
    have it of `client_ca`; nobody has to.  Call it on the loop's thread: OpenSSL makes
    connections there.

    Raises:
        StartError: certificate or key cannot be read, or do not belong together.
    """

    def __init__(
        self, word: str, certificate: str, key: str, ciphers: str, client_ca: str = ""
    ) -> None:
        self.word = word
        self._client_ca = client_ca
        self._certificate, self._key = certificate, key
        self._ciphers = ciphers
        self._held = self._content()
        self.context = self._made()
        self._held = self._taken(self._held)

    def renew(self) -> bool:
        """Take up what the files hold by now; whether that is something else.

        Raises:
            StartError: it does not work; what was shown is shown on.
        """
        held = self._content()
        if held == self._held:
            return False
        self._made()  # a half of a pair would stay in the context that is in use
        _load(self.context, self.word, self._certificate, self._key)
        self._held = self._taken(held)
        return True

    def _taken(self, held: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        """What the context holds: what the files held before and after, loaded until that is one.

        OpenSSL reads them by itself, and they may be renewed while it does.
        """
        for _ in range(_TRIES):
            now = self._content()
            if now == held:
                break
            held = now
            _load(self.context, self.word, self._certificate, self._key)
        return held

    @property
    def pin(self) -> str:
        """The SHA-256 of the certificate that is shown."""
        return _pin_of(self._held[0])

    @property
    def ends(self) -> str:
        """When it expires, as RFC 3339 writes it; empty where that cannot be read."""
        from cryptography import x509  # noqa: PLC0415  # it takes long to load

        try:
            found = x509.load_pem_x509_certificate(self._held[0])
        except ValueError:
            return ""
        return found.not_valid_after_utc.isoformat()

    def _made(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.set_ciphers(self._ciphers)
        _load(made, self.word, self._certificate, self._key)
        if self._client_ca:
            made.verify_mode = ssl.CERT_OPTIONAL
            _trust(made, self.word, self._client_ca)
        return made

    def _content(self) -> tuple[bytes, bytes]:
        try:
            key = Path(self._key).read_bytes() if self._key else b""
            return Path(self._certificate).read_bytes(), key
        except OSError as error:
            raise _closed(self.word, self._certificate, self._key, error) from None


def of_machines(settings: Settings) -> Shown | None:
    """What the HTTPS door shows; nothing without a certificate.

    Raises:
        StartError: certificate or key cannot be read, or do not belong together.
    """
    http = settings.http
    if not http.certificate:
        return None
    return Shown("http", http.certificate, http.key, _OF_MACHINES)


def of_operators(settings: Settings) -> Shown | None:
    """What the operators' listener shows, and whom it takes; nothing without a certificate.

    Raises:
        StartError: certificate or key cannot be read, or do not belong together.
    """
    operator = settings.operator
    if operator.clients and not operator.client_ca:
        raise StartError(
            "operator.clients needs operator.client_ca: the certificates of who signs theirs"
        )
    if not operator.certificate:
        if operator.client_ca:
            raise StartError(
                "operator.client_ca needs TLS: name operator.certificate and operator.key, too"
            )
        return None
    own = operator.certificate, operator.key
    return Shown("operator", *own, _OF_OPERATORS, operator.client_ca)


def revocations(settings: Settings, clock: Callable[[], float]) -> "Revocations | None":
    """Which certificates of operators were revoked; None where the settings have no lists.

    Raises:
        StartError: a list cannot be read, or is not of `operator.client_ca`.
    """
    operator = settings.operator
    if not operator.client_crl or not operator.enabled:
        return None
    if not operator.client_ca:
        raise StartError("operator.client_crl needs operator.client_ca: who signs the lists")
    from boots.app.revoked import Revocations  # noqa: PLC0415  # it takes long to load

    return Revocations(operator.client_ca, operator.client_crl, clock)


def _trust(context: ssl.SSLContext, word: str, file: str) -> None:
    try:
        context.load_verify_locations(cafile=file)
    except ssl.SSLError:
        why = "holds no certificates in PEM"
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    else:
        return
    raise StartError(f"{word}.client_ca = {file!r} {why}; name who signs operators' certificates")


def _load(context: ssl.SSLContext, word: str, certificate: str, key: str) -> None:
    try:
        context.load_cert_chain(certificate, key or None, password=lambda: b"")
    except ssl.SSLError as error:
        what = (error.reason or str(error)).lower().replace("_", " ")
        raise StartError(
            f"{word}.certificate = {certificate!r} and its key do not work: {what};"
            " both are PEM files, the key without a password"
        ) from None
    except OSError as error:
        raise _closed(word, certificate, key, error) from None


def _closed(word: str, certificate: str, key: str, error: OSError) -> StartError:
    return StartError(
        f"{_unreadable(certificate, key)} cannot be read: {error.strerror};"
        f" mend {word}.certificate or {word}.key, or who may read it"
    )


def pin(settings: Settings) -> str:
    """The SHA-256 of the certificate that the HTTPS door would show; empty without one."""
    if not settings.http.certificate:
        return ""
    try:
        return _pin_of(Path(settings.http.certificate).read_bytes())
    except OSError:  # the door itself says what is wrong
        return ""


def _pin_of(content: bytes) -> str:
    try:
        text = content.decode("ascii", errors="replace")
        first = ssl.PEM_cert_to_DER_cert(_FIRST.findall(text)[0])
    except (IndexError, ValueError):
        return ""
    return hashlib.sha256(first).hexdigest()


def _unreadable(certificate: str, key: str) -> str:
    """Which of the two it is: OpenSSL does not say."""
    return certificate if not key or not os.access(certificate, os.R_OK) else key
