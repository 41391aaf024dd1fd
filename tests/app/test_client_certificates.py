"""Operators who come with a certificate in place of a token."""

import asyncio
import http.client
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from tests.app.certificates import Issued, authority, issue
from tests.app.desks import RECORDS
from tests.app.runs.yard import opened

from boots.api.clients import bearer_of
from boots.app import reception, tls
from boots.client.words import Me, NewToken, Role
from boots.journal.events import ApiRefused
from boots.serve.sockets import StartError, tcp
from boots.settings import Operator, Settings, SettingsError, clients, load

CI = Me(name="ci.example", role=Role.OPERATOR, machines=("file-1",))
ANN = Me(name="Ann", role=Role.ADMIN)


@pytest.mark.parametrize(
    ("shown", "who"),
    [
        (None, None),
        ({}, None),
        ({"subject": ((("commonName", "Ann"),),)}, ANN),
        ({"subject": ((("organizationName", "Ann"),),)}, None),
        ({"subjectAltName": (("DNS", "ci.example"),)}, CI),
        ({"subjectAltName": (("URI", "ci.example"),)}, CI),
        ({"subjectAltName": (("IP Address", "ci.example"),)}, None),
        ({"subject": ((("commonName", "Ann"),),), "subjectAltName": (("DNS", "x"),)}, None),
        (
            {
                "subject": ((("commonName", "Ann"),),),
                "subjectAltName": (("IP Address", "192.0.2.1"),),
            },
            None,
        ),
        ({"subject": ((("commonName", "Ann"),),), "subjectAltName": ()}, ANN),
        ({"subjectAltName": (("DNS", "CI.EXAMPLE.net"),)}, None),
    ],
)
def test_who_somebody_is_stands_in_the_certificate(shown: Any, who: Me | None) -> None:
    assert who == bearer_of(shown, [CI, ANN])


def test_what_the_settings_say_of_them_is_read() -> None:
    said = ["ci.example operator ci-* build-7", "ann@example.com admin"]
    made = Settings(operator=Operator(client_ca="ca.pem", clients=said))
    assert clients(made) == (
        ("ci.example", "operator", ("ci-*", "build-7")),
        ("ann@example.com", "admin", ()),
    )


@pytest.mark.parametrize("text", ["ann", "", "ann boss", "ann admin ci-*"])
def test_what_says_no_role_is_refused(text: str) -> None:
    flags = {"operator.client_ca": "ca.pem", "operator.clients": [text]}
    with pytest.raises(SettingsError, match="write NAME ROLE"):
        load(None, {}, flags)


def test_without_an_authority_nobody_is_one() -> None:
    with pytest.raises(StartError, match="needs operator"):
        tls.of_operators(Settings(operator=Operator(clients=["ann admin"])))


def pair(folder: Path, name: str, issued: Issued) -> tuple[str, str]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(issued.pem)
    key.write_bytes(issued.key_pem)
    return str(certificate), str(key)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"client_ca": "ca.pem"}, "needs TLS"),
        ({"certificate": "own.pem", "key": "own.key", "client_ca": "none"}, "No such file"),
        ({"certificate": "own.pem", "key": "own.key", "client_ca": "own.key"}, "no certificates"),
    ],
)
def test_an_authority_that_cannot_be_is_refused_at_the_start(
    tmp_path: Path, given: dict[str, str], why: str
) -> None:
    pair(tmp_path, "own", issue())
    own = Operator(**{name: str(tmp_path / text) for name, text in given.items()})
    with pytest.raises(StartError, match=why):
        tls.of_operators(Settings(operator=own))


@asynccontextmanager
async def listening(
    folder: Path, revoked: Callable[[bytes], str] | None = None
) -> AsyncIterator[tuple[Any, int]]:
    ca, other = authority(), issue("Other", kind="2048 other", ca=True)
    pair(folder, "ca", ca)
    pair(folder, "server", issue(by=ca, addresses=("127.0.0.1",)))
    pair(folder, "ci", issue("ci", by=ca, names=("ci.example",), client=True))
    pair(folder, "ann", issue("Ann", by=ca, names=(), client=True))
    pair(folder, "eve", issue("Eve", by=ca, names=("eve.example",), client=True))
    pair(folder, "mallory", issue("Ann", by=other, names=(), client=True))
    said = Operator(
        certificate=str(folder / "server.pem"),
        key=str(folder / "server.key"),
        client_ca=str(folder / "ca.pem"),
        clients=["ci.example operator file-1", "Ann admin"],
        tokens_required=True,
    )
    settings = Settings(operator=said)
    shown = tls.of_operators(settings)
    assert shown is not None
    async with opened(folder, records=RECORDS) as yard:
        sock = tcp(IPv4Address("127.0.0.1"), 0)
        listener, _ = await reception.open_at(
            settings, sock, yard.desk, yard.told.append, shown.context, revoked=revoked
        )
        try:
            yield yard, sock.getsockname()[1]
        finally:
            await listener.close()


@pytest.mark.peers
def test_curl_with_a_certificate_is_who_the_settings_say(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (yard, port):

            async def curl(name: str, path: str, *words: str) -> tuple[str, str]:
                own = ["--cert", f"{name}.pem", "--key", f"{name}.key"] if name else []
                run = ["curl", "-sS", "-m", "10", "--cacert", "ca.pem", *own, *words]
                run += ["-w", "\n%{http_code}", f"https://127.0.0.1:{port}{path}"]
                done = await asyncio.to_thread(
                    subprocess.run, run, cwd=tmp_path, capture_output=True, text=True, check=False
                )
                body, _, status = done.stdout.rpartition("\n")
                return status, body

            assert '"name":"Ann","role":"admin"' in (await curl("ann", "/v1/me"))[1]
            assert '"machines":["file-1"]' in (await curl("ci", "/v1/me"))[1]
            assert "401" == (await curl("", "/v1/me"))[0]
            assert "401" == (await curl("eve", "/v1/me"))[0], "verified, and nobody here"
            assert "200" != (await curl("mallory", "/v1/me"))[0], "of another authority"
            assert "404" == (await curl("ci", "/v1/machines/file-2"))[0]
            order = ["-X", "PUT", "-H", "Content-Type: application/json", "-d"]
            asked = await curl("ci", "/v1/machines/file-1/order", *order, '{"netboot":"once"}')
            assert "200" == asked[0]
            site = ["-H", "Sec-Fetch-Site: cross-site", *order, '{"netboot":"once"}']
            assert "403" == (await curl("ci", "/v1/machines/file-1/order", *site))[0]
            made = await yard.desk.make_token(NewToken(name="v", role=Role.VIEWER), "me")
            form = ["-X", "PUT", "-d", '{"netboot":"once"}']  # which curl calls a form
            assert "403" == (await curl("ci", "/v1/machines/file-1/order", *form))[0]
            stale = ["-H", "Cookie: boots_token=dropped"]
            assert '"name":"Ann"' in (await curl("ann", "/v1/me", *stale))[1]
            assert "401" == (await curl("", "/v1/me", *stale))[0]
            token = f"Authorization: Bearer {made.secret}"
            assert '"name":"v"' in (await curl("ann", "/v1/me", "-H", token))[1]
            wrong = await curl("ann", "/v1/me", "-H", "Authorization: Bearer no")
            assert "401" == wrong[0], "a token that is not good is not mended by a certificate"
            [row] = [e for e in (await yard.desk.audit()).audit if e.outcome == "done"]
            assert ("ci.example", "operator", "file-1") == (row.by, row.role, row.machine)

    asyncio.run(asyncio.wait_for(main(), 60))


def asking(folder: Path, name: str, port: int) -> http.client.HTTPSConnection:
    """A connection that shows a certificate, and stays open between requests."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)


def status(at: http.client.HTTPSConnection, **headers: str) -> tuple[int, str]:
    at.request("GET", "/v1/me", headers=headers)
    answer = at.getresponse()
    return answer.status, answer.read().decode()


def test_who_is_revoked_is_nobody_at_the_next_request_though_connected(tmp_path: Path) -> None:
    revoked: dict[bytes, str] = {}

    async def main() -> None:
        async with listening(tmp_path, lambda der: revoked.get(der, "")) as (yard, port):
            made = await yard.desk.make_token(NewToken(name="v", role=Role.VIEWER), "me")
            token = f"Bearer {made.secret}"
            at = asking(tmp_path, "ann", port)
            assert 200 == (await asyncio.to_thread(status, at))[0]
            own = (tmp_path / "ann.pem").read_text()
            revoked[ssl.PEM_cert_to_DER_cert(own)] = "this certificate was revoked"

            refused, why = await asyncio.to_thread(status, at)
            assert (401, True) == (refused, "this certificate was revoked" in why)
            assert 200 == (await asyncio.to_thread(status, at, Authorization=token))[0]
            cookie = f"boots_token={made.secret}"
            assert '"name":"v"' in (await asyncio.to_thread(status, at, Cookie=cookie))[1]
            assert 401 == (await asyncio.to_thread(status, at, Cookie="boots_token=no"))[0]
            ci = asking(tmp_path, "ci", port)
            assert 200 == (await asyncio.to_thread(status, ci))[0]
            for each in (at, ci):
                each.close()
            said = [each.why for each in yard.told if isinstance(each, ApiRefused)]
            assert "this certificate was revoked" in said

    asyncio.run(asyncio.wait_for(main(), 60))
