"""``/login`` and ``/logout``: a token for a browser, in a cookie that no script reads."""

from collections.abc import Sequence
from urllib.parse import parse_qs

from aiohttp import hdrs, web

from boots.api import reading
from boots.api.asked import Asked, PageRoute
from boots.api.auth import COOKIE, Guard, peer
from boots.api.desk import Refused

_LARGEST = 8192  # bytes of a form
_PATIENCE = 5.0  # seconds for it to arrive: anybody may send one


class Login:
    """Takes a token and gives the cookie, and takes that back; `secure` is for TLS."""

    def __init__(self, guard: Guard, *, secure: bool) -> None:
        self._guard = guard
        self._secure = secure

    @property
    def routes(self) -> Sequence[PageRoute]:
        """Both."""
        return (
            PageRoute("POST", "/login", None, self._login),
            PageRoute("POST", "/logout", None, self._logout),
        )

    async def _login(self, asked: Asked) -> web.StreamResponse:
        form = await self._form(asked.request)
        secret = form.get("token", "").strip()
        if not secret:
            raise Refused(400, "Bad Request", "there is no token in this form")
        await self._guard.of(secret, peer(asked.request))
        response = _to(form.get("to", ""))
        response.set_cookie(
            COOKIE, secret, path="/", httponly=True, samesite="Strict", secure=self._secure
        )
        return response

    async def _logout(self, _asked: Asked) -> web.StreamResponse:
        response = _to("/login")
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=self._secure)
        return response

    async def _form(self, request: web.BaseRequest) -> dict[str, str]:
        """The fields of a form, as browsers send them."""
        if request.content_type != "application/x-www-form-urlencoded":
            raise Refused(415, "Unsupported Media Type", "send a form with the field token")
        raw = await reading.bytes_of(request, _LARGEST, _PATIENCE)
        try:
            found = parse_qs(raw.decode("ascii"), errors="strict", max_num_fields=8)
        except ValueError:
            raise Refused(400, "Bad Request", "this is no form") from None
        return {name: values[0] for name, values in found.items()}


def _to(path: str) -> web.Response:
    """Go on at a path of ours, and nowhere else."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return web.Response(status=303, headers={hdrs.LOCATION: path if ours else "/"})
