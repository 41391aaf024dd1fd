"""Whether a request comes from where it may: against DNS rebinding and other sites' forms.

A name that an attacker owns can be made to point to us; a page of theirs then asks us as if we
were theirs.  So the ``Host`` of a request must be an address, ``localhost``, or a name that the
settings have.  And a page of another site may lead to us, but neither change anything nor find out
by how we answer what is here: browsers say so in ``Sec-Fetch-Site``, older ones in ``Origin``; who
sends neither is no browser.
"""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from multidict import CIMultiDictProxy

from boots.api.desk import Refused

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OF_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}


def check_host(headers: CIMultiDictProxy[str], names: Collection[str]) -> None:
    """See whether we are called by a name of ours; `names` are in lower case.

    Raises:
        Refused: we are not.
    """
    hosts = headers.getall("Host", [])
    if len(hosts) != 1:
        raise Refused(400, "Bad Request", "there must be one Host header")
    name = _name(hosts[0])
    if name != "localhost" and name not in names and not _is_address(name):
        raise Refused(
            421,
            "Misdirected Request",
            f"this server is not known as {name[:80]!r};"
            " ask it by its address, or add the name to operator.hosts",
        )


def check_origin(
    method: str, headers: CIMultiDictProxy[str], *, cookie: bool, certificate: bool = False
) -> None:
    """See whether a request comes from a page of ours, or from none.

    Somebody may go to a page of ours from anywhere.  With a `cookie` what changes something must
    say where it comes from: a browser sends cookies along wherever it is told to go.  It shows a
    `certificate` as freely; but what shows one is mostly a program, that says nothing, and other
    sites' forms can only send what forms do.

    Raises:
        Refused: it comes from elsewhere, or does not say.
    """
    site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
    if site is not None:
        goes = method in SAFE and headers.get("Sec-Fetch-Mode") == "navigate"
        ours = site in {"same-origin", "none"} or goes
    elif method in SAFE:
        ours = True
    elif origin is not None:
        ours = _authority(origin) == headers.get("Host", "").lower()
    else:
        ours = not cookie and not (certificate and _is_a_forms(headers))
    if not ours:
        raise Refused(403, "Forbidden", "a page of another site asks; ours, or a program, may")


def _is_a_forms(headers: CIMultiDictProxy[str]) -> bool:
    """Whether a body is of a kind that a page may send anywhere without asking there first."""
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind in _OF_FORMS


def _authority(origin: str) -> str | None:
    """Host and port of an origin, as ``Host`` has them."""
    try:
        found = urlsplit(origin)
    except ValueError:
        return None
    return found.netloc.lower() if found.scheme in {"http", "https"} else None


def _name(host: str) -> str:
    """The name or address in a ``Host`` header."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
