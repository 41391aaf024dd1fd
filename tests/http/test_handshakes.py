"""TLS at the HTTPS door: who comes through, who does not, and what is told of those."""

import asyncio
import contextlib
import os
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Self

import pytest
from tests.app.certificates import YEAR, Issued, authority, issue
from tests.serve.bench import LOOPBACK, Told

from boots.http.failures import HUNG_UP, why
from boots.http.handshakes import Handshakes
from boots.journal import events
from boots.policy.got import Ground, Refusal
from boots.serve.connections import Bounds
from boots.serve.doors import Given
from boots.serve.http import Extras, HttpDoor

MAC = "52:54:00:12:34:56"
NAME = "boots.example"


@cache
def ours() -> tuple[Issued, Issued]:
    """Our CA, and our certificate."""
    ca = authority()
    now = datetime.now(UTC)
    return ca, issue(NAME, ca, start=now - YEAR, end=now + YEAR)


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    _, own = ours()
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(own.pem)
    key.write_bytes(own.key_pem)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(chain, key)
    return made


def client(*, trusting: bool = True) -> ssl.SSLContext:
    made = ssl.create_default_context()
    if trusting:
        made.load_verify_locations(cadata=ours()[0].pem.decode())
    return made


class Bench:
    """An HTTPS door on loopback."""

    def __init__(self, context: ssl.SSLContext, bounds: Bounds | None = None) -> None:
        self.told = Told()
        self.sock = socket.create_server((LOOPBACK, 0))
        self.sock.setblocking(False)
        self.at = self.sock.getsockname()
        self.door = HttpDoor(
            self.sock,
            lambda asked, _: Given(MAC, asked, Refusal(Ground.MISSING, "there is none")),
            self.told.record,
            asyncio.get_running_loop().time,
            lambda: {"version": "1"},
            extras=Extras(
                tls=context,
                mac_of=lambda address: MAC if address == IPv4Address(LOOPBACK) else "",
                bounds=bounds or Bounds(),
            ),
        )

    async def fails(self, context: ssl.SSLContext, name: str = NAME) -> None:
        """In a thread: a client of asyncio keeps OpenSSL's last word to itself."""
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.to_thread(self._connect, context, name)

    def _connect(self, context: ssl.SSLContext, name: str) -> None:
        with socket.create_connection(self.at, timeout=5) as plain:
            context.wrap_socket(plain, server_hostname=name).close()

    async def refused(self) -> events.TlsRefused:
        async with asyncio.timeout(5):
            return await self.told.first(events.TlsRefused)


@contextlib.asynccontextmanager
async def opened(context: ssl.SSLContext, bounds: Bounds | None = None) -> AsyncIterator[Bench]:
    made = Bench(context, bounds)
    await made.door.open()
    try:
        yield made
    finally:
        await made.door.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: boots\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    return await reader.readexactly(2)


async def test_who_trusts_us_is_answered_and_the_connection_is_kept(
    context: ssl.SSLContext,
) -> None:
    async with opened(context) as bench:
        reader, writer = await asyncio.open_connection(
            *bench.at, ssl=client(), server_hostname=NAME
        )
        assert b"ok" == await ask(reader, writer)
        assert b"ok" == await ask(reader, writer)
        writer.close()

        assert [] == bench.told.of(events.TlsRefused)


async def test_who_does_not_trust_our_certificate_is_told_with_its_mac(
    context: ssl.SSLContext,
) -> None:
    async with opened(context) as bench:
        await bench.fails(client(trusting=False))
        refused = await bench.refused()

        assert MAC == refused.mac
        assert refused.peer.startswith(f"{LOOPBACK}:")
        assert (
            "the client does not trust our certificate: it does not know who signed it"
            " (alert unknown ca)" == refused.why
        )


async def test_who_expects_another_name_is_told(context: ssl.SSLContext) -> None:
    async with opened(context) as bench:
        await bench.fails(client(), "other.example")

        assert (await bench.refused()).why.startswith(
            "the client finds our certificate wrong: it is for another name"
        )


async def test_who_knows_none_of_our_ciphers_is_told(context: ssl.SSLContext) -> None:
    async with opened(context) as bench:
        context.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        other = client()
        other.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
        other.maximum_version = ssl.TLSVersion.TLSv1_2
        await bench.fails(other)

        assert "the client knows none of our ciphers" == (await bench.refused()).why


async def test_who_speaks_an_old_tls_only_is_told(context: ssl.SSLContext) -> None:
    async with opened(context) as bench:
        old = client()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            old.minimum_version = ssl.TLSVersion.TLSv1
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        await bench.fails(old)

        assert (
            "the client knows no version of TLS that we speak (1.2 or 1.3)"
            == (await bench.refused()).why
        )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "plain HTTP was spoken at the HTTPS port"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "what the client sent is no TLS"),
        (b"\x16\x03\x01", HUNG_UP),
    ],
    ids=["HTTP", "no TLS", "the beginning of a hello"],
)
async def test_who_speaks_no_tls_is_told(context: ssl.SSLContext, said: bytes, told: str) -> None:
    async with opened(context) as bench:
        reader, writer = await asyncio.open_connection(*bench.at)
        writer.write(said)
        writer.write_eof()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

        assert (await bench.refused()).why.startswith(told)


async def test_who_leaves_without_a_word_is_not_told_of(context: ssl.SSLContext) -> None:
    """A load balancer that looks whether the port is open does so every few seconds."""
    async with opened(context) as bench:
        _, writer = await asyncio.open_connection(*bench.at)
        writer.close()
        await writer.wait_closed()
        await bench.fails(client(trusting=False))
        await bench.refused()

        assert 1 == len(bench.told.events)


async def test_who_is_let_go_need_not_agree(context: ssl.SSLContext) -> None:
    """The end of TLS is said by both sides, for which asyncio would wait half a minute."""
    async with opened(context, Bounds(first_word=0.1)) as bench:
        assert await asyncio.to_thread(_is_cut, bench.at)
        assert "first-word" == (await bench.told.first(events.LimitReached)).limit


def _is_cut(at: tuple[str, int]) -> bool:
    """Whether the connection ends below TLS, while nobody says a word."""
    with (
        socket.create_connection(at, timeout=5) as plain,
        client().wrap_socket(plain, server_hostname=NAME) as secure,
        socket.socket(fileno=os.dup(secure.fileno())) as below,
    ):
        below.settimeout(2)
        try:
            while below.recv(1 << 16):
                pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True


# --- handshakes that take long


class Shaking:
    """Handshakes of a listening socket, with what they are allowed."""

    def __init__(self, context: ssl.SSLContext, **allowed: float) -> None:
        self.refused: asyncio.Queue[str] = asyncio.Queue()
        self.connected: asyncio.Queue[str] = asyncio.Queue()
        self.sock = socket.create_server((LOOPBACK, 0))
        self.at = self.sock.getsockname()
        self.shaking = Handshakes(
            self.sock,
            context,
            lambda: Connected(self.connected),
            lambda _address, _port, why: self.refused.put_nowait(why),
            **allowed,  # type: ignore[arg-type]
        )

    async def __aenter__(self) -> Self:
        self.shaking.open(16)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shaking.close()

    @contextlib.contextmanager
    def staller(self, said: bytes) -> Iterator[socket.socket]:
        with socket.create_connection(self.at) as stalling:
            if said:
                stalling.sendall(said)
            yield stalling


async def ended(connection: socket.socket) -> bool:
    """Whether the other end closes it."""
    connection.setblocking(False)
    receiving = asyncio.get_running_loop().sock_recv(connection, 1)
    try:
        return b"" == await asyncio.wait_for(receiving, 5)
    except ConnectionError:
        return True


class Connected(asyncio.Protocol):
    def __init__(self, told: asyncio.Queue[str]) -> None:
        self._told = told

    def connection_made(self, _transport: asyncio.BaseTransport) -> None:
        self._told.put_nowait("connected")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"", "the client connected, and said nothing for 0.05 s"),
        (b"\x16\x03\x01", "the client did not go on with the handshake for 0.05 s"),
    ],
    ids=["silent", "stalled"],
)
async def test_who_takes_too_long_is_let_go_and_told(
    context: ssl.SSLContext, said: bytes, told: str
) -> None:
    async with Shaking(context, patience=0.05) as bench:
        with bench.staller(said) as stalling:
            assert told == await asyncio.wait_for(bench.refused.get(), 5)
            assert await ended(stalling)


async def test_those_who_stall_keep_nobody_out(context: ssl.SSLContext) -> None:
    async with Shaking(context, most=2, slow=0.02) as bench:
        with bench.staller(b"\x16"), bench.staller(b""), bench.staller(b""):
            _, writer = await asyncio.wait_for(
                asyncio.open_connection(*bench.at, ssl=client(), server_hostname=NAME), 5
            )
            assert "connected" == await asyncio.wait_for(bench.connected.get(), 5)
            writer.close()
        assert (await bench.refused.get()).startswith("the client was slow, and gave way")


async def test_a_crowd_waits_for_its_turn_and_nobody_is_lost(context: ssl.SSLContext) -> None:
    async with Shaking(context, most=2) as bench:
        coming = [
            asyncio.open_connection(*bench.at, ssl=client(), server_hostname=NAME)
            for _ in range(12)
        ]
        for _, writer in await asyncio.wait_for(asyncio.gather(*coming), 20):
            writer.close()
        assert 12 == bench.connected.qsize()
        assert bench.refused.empty()


async def test_at_the_end_no_handshake_is_left(context: ssl.SSLContext) -> None:
    async with Shaking(context) as bench:
        with bench.staller(b"\x16") as one, bench.staller(b"") as other:
            while len(bench.shaking._under_way) < 2:  # noqa: ASYNC110  # nothing tells of it
                await asyncio.sleep(0)
            await bench.shaking.close()
            for left in (one, other):
                assert await ended(left)
        assert bench.refused.empty()


# --- words


def failure(reason: str) -> ssl.SSLError:
    made = ssl.SSLError(1, f"[SSL: {reason}] it failed")
    made.reason = reason
    return made


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            failure("TLSV1_ALERT_PROTOCOL_VERSION"),
            "the client wants another version of TLS (alert protocol version)",
        ),
        (
            failure("SSLV3_ALERT_CERTIFICATE_EXPIRED"),
            "our certificate has expired by the client's clock (alert certificate expired)",
        ),
        (failure("TLSV1_ALERT_USER_CANCELLED"), "the client gave up (alert user cancelled)"),
        (failure("NO_SUCH_THING"), "the handshake failed: no such thing"),
        (ConnectionResetError(104, "Connection reset by peer"), HUNG_UP),
    ],
)
def test_a_failure_has_its_words(error: OSError, said: str) -> None:
    assert said == why(error)
