"""Who asks: bearer tokens, the cookie of the pages, and those who try tokens out."""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from aiohttp import hdrs, web
from multidict import CIMultiDictProxy

from boots.api import origin
from boots.api.clients import bearer_of
from boots.api.desk import Refused
from boots.client.words import Me, Role

COOKIE = "boots_token"
LOCAL = Me(name="local", role=Role.ADMIN)
NOBODY = Me(name="nobody", role=Role.VIEWER)
_RANK = {role: rank for rank, role in enumerate(Role)}
_LONGEST = 512  # characters of a token
_TRIES = 10  # wrong tokens of one peer
_WITHIN = 60.0  # seconds
_PEERS = 4096  # whose tries are remembered
_PROVED = 4096  # tokens that were good, by their digests
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")

Whose = Callable[[str], Awaitable[Me | None]]
Told = Callable[[str, str], None]
"""Is told of a peer that was refused, and why."""


def may(me: Me, role: Role) -> bool:
    """Whether somebody may do what needs this role."""
    return _RANK[me.role] >= _RANK[role]


class Unknown(Refused):
    """Nobody knows who asks; `headers` say what would do."""

    def __init__(self, detail: str, challenge: str = "") -> None:
        super().__init__(401, "Unauthorized", detail)
        self.headers = {hdrs.WWW_AUTHENTICATE: f'Bearer realm="boots"{challenge}'}


class TooMany(Refused):
    """A peer tried too many tokens."""

    def __init__(self) -> None:
        super().__init__(429, "Too Many Requests", "too many wrong tokens; wait a minute")
        self.headers = {hdrs.RETRY_AFTER: str(int(_WITHIN))}


@dataclass(slots=True)
class _Tries:
    """Wrong tokens of one peer since a moment."""

    since: float
    count: int = 0


class Tries:
    """How many wrong tokens each peer tried lately; `clock` is in seconds.

    A token that was good before is looked at even then: who shares an address with one that
    tries tokens out is not shut out.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._peers: OrderedDict[str, _Tries] = OrderedDict()
        self._proved: OrderedDict[bytes, None] = OrderedDict()

    def check(self, peer: str, secret: str) -> None:
        """See whether a token of this peer is to be looked at.

        Raises:
            TooMany: it is not.
        """
        tries = self._peers.get(peer)
        if tries is None or self.is_proved(secret):
            return
        if self._clock() - tries.since >= _WITHIN:
            del self._peers[peer]
        elif tries.count >= _TRIES:
            raise TooMany

    def is_proved(self, secret: str) -> bool:
        """Whether this token was good when it was last looked at."""
        return _digest(secret) in self._proved

    def good(self, secret: str) -> None:
        """Take note of a token that is good."""
        digest = _digest(secret)
        self._proved[digest] = None
        self._proved.move_to_end(digest)
        while len(self._proved) > _PROVED:
            self._proved.popitem(last=False)

    def wrong(self, peer: str, secret: str) -> None:
        """Take note of one that is not."""
        self._proved.pop(_digest(secret), None)
        tries = self._peers.setdefault(peer, _Tries(self._clock()))
        tries.count += 1
        while len(self._peers) > _PEERS:
            self._peers.popitem(last=False)


class Guard:
    """Tells who asks, and refuses who may not ask at all.

    `whose` knows tokens.  Where the listener is `open`, on a loopback address, who brings no
    token is `LOCAL`; not so behind a proxy: what it forwards comes from anywhere.  `hosts` are
    the names that we may be called by, `clients` who may come with a certificate; `revoked`
    says of one (DER) why it opens nothing, or is empty.  `told` hears of each that is refused.
    """

    def __init__(
        self,
        whose: Whose,
        clock: Callable[[], float],
        told: Told,
        *,
        open_to_all: bool,
        hosts: Iterable[str] = (),
        clients: Sequence[Me] = (),
        revoked: Callable[[bytes], str] | None = None,
    ) -> None:
        self._clients = clients
        self._revoked = revoked
        self._whose = whose
        self._told = told
        self._open = open_to_all
        self._hosts = {name.lower().removesuffix(".") for name in hosts}
        self._tries = Tries(clock)

    def check(self, request: web.BaseRequest) -> None:
        """See whether a request comes from where one may.

        Raises:
            Refused: it does not.
        """
        try:
            origin.check_host(request.headers, self._hosts)
            no_header = hdrs.AUTHORIZATION not in request.headers
            origin.check_origin(
                request.method,
                request.headers,
                cookie=no_header and bool(of_cookie(request)),
                certificate=no_header and self._by_certificate(request) is not None,
            )
        except Refused as refused:
            self._told(peer(request), refused.detail)
            raise

    def whose(self, request: web.BaseRequest) -> str:
        """By what one who asks is told from others: the digest of a token, or the address.

        Only of a token that was good: anybody can make up another for each request.
        """
        try:
            header = of_header(request.headers)
        except Unknown:
            return peer(request)
        secret = header or of_cookie(request)
        if secret and self._tries.is_proved(secret):
            return _digest(secret).hex()
        known = self._by_certificate(request) if header is None else None
        return f"certificate {known.name}" if known is not None else peer(request)

    async def who(self, request: web.BaseRequest) -> Me:
        """Who asks.

        Raises:
            Refused: nobody knows.
        """
        secret, here = of_header(request.headers), self._is_local(request)
        if secret is not None:
            return await self.of(secret, peer(request))
        secret = of_cookie(request)
        without = self._by_certificate(request) or (LOCAL if here else None)
        refusal = self._refusal(request)
        if refusal and not secret:
            self._told(peer(request), refusal)
            raise Unknown(refusal)
        if without is None or refusal:
            if not secret:
                raise Unknown("a token is needed: Authorization: Bearer TOKEN")
            return await self.of(secret, peer(request))
        known = await self._look(secret) if secret else None  # an old cookie does not matter here
        if known is not None:
            self._tries.good(secret)
        return known or without

    def _by_certificate(self, request: web.BaseRequest) -> Me | None:
        """Who has shown a certificate that OpenSSL verified; a good token counts before it."""
        if not self._clients or request.transport is None:
            return None
        return bearer_of(request.transport.get_extra_info("peercert"), self._clients)

    def _refusal(self, request: web.BaseRequest) -> str:
        """Why the certificate of somebody who is known by it opens nothing."""
        if self._revoked is None or self._by_certificate(request) is None:
            return ""
        shown = request.transport.get_extra_info("ssl_object") if request.transport else None
        whole = shown.getpeercert(binary_form=True) if shown is not None else None
        return self._revoked(whole) if whole else "this certificate cannot be read"

    async def of(self, secret: str, peer: str) -> Me:
        """Who bears this token.

        Raises:
            Refused: it is not good, or too many were tried.
        """
        self._tries.check(peer, secret)
        me = await self._look(secret)
        if me is None:
            self._tries.wrong(peer, secret)
            self._told(peer, "a token that is not good")
            raise Unknown("this token is not good, or not any more", ', error="invalid_token"')
        self._tries.good(secret)
        return me

    async def _look(self, secret: str) -> Me | None:
        if len(secret) > _LONGEST or not secret.isascii():
            return None
        return await self._whose(secret)

    def _is_local(self, request: web.BaseRequest) -> bool:
        return self._open and not any(name in request.headers for name in _FORWARDED)


def peer(request: web.BaseRequest) -> str:
    """The address of who asks."""
    return request.remote or ""


def of_header(headers: CIMultiDictProxy[str]) -> str | None:
    """The token of ``Authorization``; None without one.

    Raises:
        Unknown: it is not written as it should be.
    """
    given = headers.get(hdrs.AUTHORIZATION)
    if given is None:
        return None
    scheme, _, secret = given.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unknown("write Authorization: Bearer TOKEN", ', error="invalid_request"')
    return secret.strip()


def of_cookie(request: web.BaseRequest) -> str:
    """The token of the pages' cookie; empty without one."""
    for each in request.headers.get(hdrs.COOKIE, "").split(";"):
        name, _, value = each.strip().partition("=")
        if name == COOKIE:
            return value.strip('"')
    return ""


def by(request: web.BaseRequest, me: Me) -> str:
    """By what one who asks is known: names of tokens and certificates may be the same."""
    if me is LOCAL:
        return "here"
    secret = of_header(request.headers) or of_cookie(request)
    return f"token {_digest(secret).hex()}" if secret else "certificate"


def _digest(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(errors="replace"), digest_size=16).digest()
