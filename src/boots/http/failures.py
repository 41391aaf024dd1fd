"""Why a TLS handshake failed, in words: from what OpenSSL says of it."""

import re
import ssl
from collections.abc import Mapping

HUNG_UP = (
    "the client hung up in the middle of the handshake; iPXE and edk2 do so without a word where"
    " they do not trust our certificate"
)

# What the client said last (RFC 8446 §6.2), by the names of OpenSSL without their heads.
_ALERTS: Mapping[str, str] = {
    "UNKNOWN_CA": "the client does not trust our certificate: it does not know who signed it",
    "CERTIFICATE_UNKNOWN": "the client does not take our certificate",
    "BAD_CERTIFICATE": "the client finds our certificate wrong: it is for another name than that"
    " of the URL, damaged, or not valid yet by the client's clock",
    "CERTIFICATE_EXPIRED": "our certificate has expired by the client's clock",
    "CERTIFICATE_REVOKED": "the client says that our certificate is revoked",
    "UNSUPPORTED_CERTIFICATE": "the client cannot use a certificate of this kind",
    "HANDSHAKE_FAILURE": "the client finds no cipher that both know",
    "INSUFFICIENT_SECURITY": "the client wants stronger ciphers or keys",
    "PROTOCOL_VERSION": "the client wants another version of TLS",
    "DECRYPT_ERROR": "the client could not verify what we signed",
    "INTERNAL_ERROR": "the client has a fault of its own",
}
# What we found ourselves.
_FOUND: Mapping[str, str] = {
    "NO_SHARED_CIPHER": "the client knows none of our ciphers",
    "NO_SUITABLE_SIGNATURE_ALGORITHM": "the client cannot verify signatures of our kind of key",
    "NO_SHARED_SIGNATURE_ALGORITHMS": "the client cannot verify signatures of our kind of key",
    "NO_SUITABLE_KEY_SHARE": "the client knows none of our elliptic curves",
    "NO_SHARED_GROUPS": "the client knows none of our elliptic curves",
    "UNSUPPORTED_PROTOCOL": "the client knows no version of TLS that we speak (1.2 or 1.3)",
    "VERSION_TOO_LOW": "the client knows no version of TLS that we speak (1.2 or 1.3)",
    "HTTP_REQUEST": "plain HTTP was spoken at the HTTPS port; the URL must begin with https://",
    "HTTPS_PROXY_REQUEST": "the client takes us for a proxy",
    "WRONG_VERSION_NUMBER": "what the client sent is no TLS",
    "UNEXPECTED_EOF_WHILE_READING": HUNG_UP,
}
_ALERT = re.compile(r"(?:SSLV3|TLSV1|TLSV13|SSL/TLS)_ALERT_(.+)")


def why(error: OSError) -> str:
    """What to say of a handshake that ended with this."""
    if not isinstance(error, ssl.SSLError):
        return HUNG_UP
    reason = error.reason or ""
    alert = _ALERT.fullmatch(reason)
    if alert is None:
        return _FOUND.get(reason) or f"the handshake failed: {_plain(reason) or error}"
    said = f"alert {_plain(alert[1])}"
    known = _ALERTS.get(alert[1])
    return f"{known} ({said})" if known else f"the client gave up ({said})"


def _plain(name: str) -> str:
    return name.lower().replace("_", " ")
