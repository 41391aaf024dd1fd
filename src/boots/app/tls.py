"""What the HTTPS door needs of OpenSSL."""

import hashlib
import os
import re
import ssl
from pathlib import Path

from boots.serve.sockets import StartError
from boots.settings import Settings

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

    `word` names the settings that it comes from.  Call it on the loop's thread: OpenSSL makes
    connections there.

    Raises:
        StartError: certificate or key cannot be read, or do not belong together.
    """

    def __init__(self, word: str, certificate: str, key: str, ciphers: str) -> None:
        self.word = word
        self._certificate, self._key = certificate, key
        self._ciphers = ciphers
        self._held = self._content()  # first: what is renewed meanwhile is seen at the next look
        self.context = self._made()

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
        self._held = held
        return True

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
    if not operator.certificate:
        return None
    return Shown("operator", operator.certificate, operator.key, _OF_OPERATORS)


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
    """The SHA-256 of the certificate that the HTTPS door shows; empty without one."""
    if not settings.http.certificate:
        return ""
    try:
        text = Path(settings.http.certificate).read_text(encoding="ascii", errors="replace")
        shown = ssl.PEM_cert_to_DER_cert(_FIRST.findall(text)[0])
    except (OSError, IndexError, ValueError):  # the door itself says what is wrong
        return ""
    return hashlib.sha256(shown).hexdigest()


def _unreadable(certificate: str, key: str) -> str:
    """Which of the two it is: OpenSSL does not say."""
    return certificate if not key or not os.access(certificate, os.R_OK) else key
