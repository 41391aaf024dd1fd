"""Who asks hides another request in its own, which a proxy before us would send on as one.

In that one it would say for itself who it is, as proxies do.
"""

from tests.app.desks import KEY
from tests.attacks.lan import HOSTILE, NEIGHBOUR, OWN, VICTIM, Lan, on_lan

from boots.journal.events import PacketDropped, SystemSeen
from boots.model.mac import Mac
from boots.policy import token

HIDDEN = f"GET /{VICTIM}/preseed.cfg HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {OWN}\r\n\r\n".encode()
MINE = f"Host: x\r\nX-Forwarded-For: {NEIGHBOUR}\r\n".encode()
LENGTH = b"Content-Length: %d\r\n" % len(HIDDEN)
AROUND = b"Content-Length: %d\r\n" % (5 + len(HIDDEN))
CHUNKED = b"Transfer-Encoding: chunked\r\n"


AROUND_IT = [
    b"GET /a HTTP/1.1\r\n" + MINE + LENGTH + b"\r\n",
    b"HEAD /a HTTP/1.1\r\n" + MINE + LENGTH + b"\r\n",
    b"DELETE /a HTTP/1.1\r\n" + MINE + LENGTH + b"\r\n",
    b"CONNECT a:80 HTTP/1.1\r\n" + MINE + LENGTH + b"\r\n",
    b"POST /phone-home HTTP/1.1\r\n" + MINE + LENGTH + b"\r\n",
    b"POST /%b/agent/v1/hello HTTP/1.1\r\n" % VICTIM.encode() + MINE + LENGTH + b"\r\n",
    b"POST /phone-home HTTP/1.1\r\n" + MINE + AROUND + CHUNKED + b"\r\n0\r\n\r\n",
    b"POST /phone-home HTTP/1.1\r\n" + MINE + CHUNKED + AROUND + b"\r\n0\r\n\r\n",
    b"GET /a HTTP/1.1\r\n" + MINE + AROUND + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    b"GET /a HTTP/1.1\r\n" + MINE + AROUND + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"GET /a HTTP/1.1\r\n" + MINE + LENGTH + b"Transfer-Encoding: xchunked\r\n\r\n",
    b"GET /a HTTP/1.1\r\n" + MINE + b"Content-Length: 0\r\n" + LENGTH + b"\r\n",
    b"GET /a HTTP/1.1\r\n" + MINE + LENGTH.replace(b": ", b": +") + b"\r\n",
    b"GET /a HTTP/1.1\r\n" + MINE + LENGTH.replace(b": ", b":\r\n ") + b"\r\n",
    b"GET /a HTTP/1.0\r\n" + MINE + b"Connection: keep-alive\r\n" + LENGTH + CHUNKED + b"\r\n",
    b"GET /a HTTP/1.1\r\n" + MINE + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + LENGTH + b"\r\n",
    b"GET /a HTTP/1.1\r\n" + MINE.replace(b"\r\n", b"\n") + b"\n",
    b"POST /phone-home HTTP/1.1\r\n" + MINE + CHUNKED + b"\r\n0x0\r\n\r\n",
    b"POST /phone-home HTTP/1.1\r\n" + MINE + CHUNKED + b"\r\n0\n\n",
    b"POST /phone-home HTTP/1.1\r\n" + MINE + CHUNKED + b"\r\n0;a=\nb\r\n\r\n",
]


@on_lan
async def test_no_request_is_found_in_the_body_of_another(lan: Lan) -> None:
    assert b"$6$" in await lan.said(HIDDEN), "by itself it is answered"
    for around in AROUND_IT:
        assert b"$6$" not in await lan.said(around + HIDDEN), around


@on_lan
async def test_a_trailer_or_another_name_says_not_who_asks(lan: Lan) -> None:
    for more in (b"X_Forwarded_For: %b\r\n", b"X-Real-IP: %b\r\n", b"Forwarded: for=%b\r\n"):
        asked = b"GET /%b/preseed.cfg HTTP/1.1\r\n" % VICTIM.encode() + MINE
        assert b"$6$" not in await lan.said(asked + more % str(OWN).encode() + b"\r\n")
    trailer = b"0\r\nX-Forwarded-For: %b\r\n\r\n" % str(OWN).encode()
    await lan.said(b"POST /phone-home HTTP/1.1\r\n" + MINE + CHUNKED + b"\r\n" + trailer)
    assert [HOSTILE] == [each.mac for each in lan.heard(SystemSeen)]


@on_lan
async def test_what_cannot_be_read_is_told_without_the_tokens_in_it(lan: Lan) -> None:
    own = token.of(Mac(VICTIM), KEY).encode()
    for asked in (
        b"GET /%b/%b HTTP/1.1\r\n\r\n" % (own, b"a" * 9000),
        b"GET /%b HTTP/9.9\r\n\r\n" % own,
        b"GET http://[/%b HTTP/1.1\r\n\r\n" % own,
        b"GE%b T / HTTP/1.1\r\n\r\n" % own,
        b"GET / HTTP/1.1\r\nAuthorization: Bearer %b%b\r\n\r\n" % (own, b"a" * 9000),
        b"GET / HTTP/1.1\r\nCookie: a=%b\x01\r\n\r\n" % own,
    ):
        await lan.said(asked)
    assert 6 == len(lan.heard(PacketDropped))
    assert own.decode() not in str(lan.told)
