"""What the HTTPS door needs of OpenSSL."""

import hashlib
import os
import re
import ssl
from pathlib import Path

from boots.serve.sockets import StartError
from boots.settings import Settings

# EDK2 as Debian has it in 2022 knows no elliptic curves, and Diffie-Hellman without them needs
# parameters of its own: RSA comes last, for it alone.
_CIPHERS = (
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES:AES256-GCM-SHA384:AES128-GCM-SHA256"
    ":AES256-SHA256:AES128-SHA256:!aNULL"
)
_FIRST = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def context(settings: Settings) -> ssl.SSLContext:
    """What the HTTPS door needs.

    Raises:
        StartError: certificate or key cannot be read, or do not belong together.
    """
    http = settings.http
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(_CIPHERS)
    try:
        made.load_cert_chain(http.certificate, http.key or None, password=lambda: b"")
    except ssl.SSLError as error:
        what = (error.reason or str(error)).lower().replace("_", " ")
        raise StartError(
            f"http.certificate = {http.certificate!r} and its key do not work: {what};"
            " both are PEM files, the key without a password"
        ) from None
    except OSError as error:
        raise StartError(
            f"{_unreadable(http.certificate, http.key)} cannot be read: {error.strerror};"
            " mend http.certificate or http.key, or who may read it"
        ) from None
    return made


def of_operators(settings: Settings) -> ssl.SSLContext:
    """What the operators' listener needs: no firmware comes there.

    Raises:
        StartError: certificate or key cannot be read, or do not belong together.
    """
    operator = settings.operator
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        made.load_cert_chain(operator.certificate, operator.key or None, password=lambda: b"")
    except (ssl.SSLError, OSError) as error:
        raise StartError(
            f"operator.certificate = {operator.certificate!r} and its key do not work: {error};"
            " both are PEM files, the key without a password"
        ) from None
    return made


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
