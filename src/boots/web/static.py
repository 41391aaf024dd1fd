"""Static files: each name holds a digest of what is in it, so browsers may keep it for ever."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import hdrs, web

from boots.api.asked import Asked
from boots.api.desk import Refused

_FILES: Mapping[str, str] = {
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Static:
    """One file, as it is and packed."""

    body: bytes
    packed: bytes
    kind: str
    digest: str


class Shelf:
    """All static files, read once."""

    def __init__(self) -> None:
        folder = files("boots.web") / "static"
        self._files: dict[str, Static] = {}
        self.addresses: dict[str, str] = {}
        for name, kind in _FILES.items():
            body = (folder / name).read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:12]
            stem, _, ending = name.partition(".")
            address = f"{stem}-{digest}.{ending}"
            packed = gzip.compress(body, mtime=0)
            self._files[address] = Static(body, packed, kind, digest)
            self.addresses[name] = f"/static/{address}"

    async def answer(self, asked: Asked) -> web.StreamResponse:
        """Give one; nothing else is below this path."""
        found = self._files.get(asked.keys["file"])
        if found is None:
            raise Refused(404, "There is no such file")
        said = asked.request.headers
        tag = f'"{found.digest}"'
        headers = {
            hdrs.ETAG: tag,
            hdrs.CACHE_CONTROL: _FOR_EVER,
            hdrs.CONTENT_TYPE: found.kind,
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
            "X-Content-Type-Options": "nosniff",
        }
        if said.get(hdrs.IF_NONE_MATCH) == tag:
            return web.Response(status=304, headers=headers)
        if "gzip" in said.get(hdrs.ACCEPT_ENCODING, ""):
            headers[hdrs.CONTENT_ENCODING] = "gzip"
            return web.Response(body=found.packed, headers=headers)
        return web.Response(body=found.body, headers=headers)
