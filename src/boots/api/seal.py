"""Headers that every answer of the operator's listener has."""

from aiohttp import hdrs, web

_OF_PAGES = (
    "default-src 'self'; script-src 'self'{nonce}; style-src 'self'{nonce}; img-src 'self' data:;"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_OF_DATA = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS = {
    hdrs.SERVER: "Boots",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


_YEAR = 31_536_000  # seconds


def seal(response: web.StreamResponse, nonce: str = "", *, secure: bool = False) -> None:
    """Put them on.  What is HTML may run scripts of ours, and inline those with the `nonce`.

    Where it is `secure`, browsers are to ask over TLS only from now on (RFC 6797).
    Nothing is kept by a browser or a proxy, but where a handler says so of its own.
    """
    if response.prepared:
        return
    for name, value in _ALWAYS.items():
        response.headers[name] = value
    if secure:
        response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    policy = _OF_DATA
    if response.content_type == "text/html":
        policy = _OF_PAGES.format(nonce=f" 'nonce-{nonce}'" if nonce else "")
    response.headers["Content-Security-Policy"] = policy
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
