"""Redfish against sushy-tools' emulator, over TLS and with a password; and against liars."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from msgspec.structs import replace
from tests.bmc.conftest import SYSTEMS, Certificates, Emulator
from tests.bmc.running import PASSWORD, free_port

from boots.bmc import redfish
from boots.bmc.control import control, power, switch
from boots.bmc.words import Action, State, Trouble
from boots.model.bmc import Bmc, NetworkBoot, address


def trouble(bmc: Bmc, action: Action | None = None, **more: float) -> str:
    with pytest.raises(Trouble) as found:
        control(bmc, action, **more)
    assert PASSWORD not in str(found.value)
    return str(found.value)


# --- what it does


def test_the_power_is_what_the_bmc_says(emulator: Emulator) -> None:
    assert State.ON is power(emulator.bmc("On"))
    assert State.OFF is power(emulator.bmc("Off"))
    assert [] == emulator.told()


def test_power_goes_on_and_off_and_on_again(emulator: Emulator) -> None:
    bmc = emulator.bmc("Off")
    assert State.ON is switch(bmc, Action.ON)
    assert ["On"] == emulator.told()
    assert State.OFF is switch(bmc, Action.OFF)
    assert ["ForceOff"] == emulator.told()


@pytest.mark.parametrize(("power", "action"), [("On", Action.ON), ("Off", Action.OFF)])
def test_what_is_so_already_is_left_so(emulator: Emulator, power: str, action: Action) -> None:
    switch(emulator.bmc(power), action)
    assert [] == emulator.told()


def test_a_cycle_restarts_what_is_on_and_starts_what_is_off(emulator: Emulator) -> None:
    switch(emulator.bmc("On"), Action.CYCLE)
    assert ["ForceRestart"] == emulator.told()
    switch(emulator.bmc("Off"), Action.CYCLE)
    assert ["On"] == emulator.told()


@pytest.mark.parametrize(
    ("power", "told"),
    [("Off", "On"), ("On", "ForceRestart")],
)
def test_netboot_is_from_the_network_and_a_start(emulator: Emulator, power: str, told: str) -> None:
    bmc = emulator.bmc(power)
    assert "Hdd" == override(bmc)
    assert State.ON is switch(bmc, Action.NETBOOT)
    assert [told] == emulator.told()
    assert "Pxe" == override(bmc)


def override(bmc: Bmc) -> str:
    url = bmc.url.replace("redfish://", "https://")
    auth = (bmc.username, bmc.password)
    said = requests.get(url, auth=auth, verify=bmc.authority, timeout=10).json()
    return str(said["Boot"]["BootSourceOverrideTarget"])


def test_the_password_may_stand_in_a_file(emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    assert State.ON is power(emulator.bmc("On", password="", password_file=str(file)))


# --- what it says when it cannot


def test_a_wrong_password_is_told(emulator: Emulator) -> None:
    said = trouble(emulator.bmc("On", password="wrong word"))
    assert "127.0.0.1 refuses the user name or the password; check username and" in said
    assert "wrong word" not in said


def test_a_system_that_is_not_there_is_told_with_those_that_are(emulator: Emulator) -> None:
    url = f"https://127.0.0.1:{emulator.port}/redfish/v1/Systems/17"
    said = trouble(emulator.bmc("On", url=url))
    wanted = f"no system /redfish/v1/Systems/17; write one of /redfish/v1/Systems/{SYSTEMS[0]}, /"
    assert wanted in said


def test_several_systems_and_none_named_is_told(emulator: Emulator) -> None:
    said = trouble(emulator.bmc("On", url=f"https://127.0.0.1:{emulator.port}"))
    assert "127.0.0.1 has 40 systems, and the URL names none; write one of /redfish" in said


def test_a_certificate_that_nobody_signed_is_not_trusted(emulator: Emulator) -> None:
    said = trouble(emulator.bmc("On", authority=""))
    assert "the certificate of 127.0.0.1 is not trusted: " in said
    assert "write verify: and the file" in said


def test_a_certificate_can_be_left_unchecked(emulator: Emulator) -> None:
    assert State.ON is power(emulator.bmc("On", authority="", verify=False))


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_file_without_a_certificate_is_told(
    emulator: Emulator, tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)
    said = trouble(emulator.bmc("On", authority=str(file)))
    assert f"no certificate can be read from {file}: " in said


# --- others that are no BMC, or want to be another


class Liar(BaseHTTPRequestHandler):
    """Answers everything with what the server was given, and notes what it is asked."""

    def answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((f"{self.command} {self.path}", sent))  # type: ignore[attr-defined]
        status, headers, body = self.server.says  # type: ignore[attr-defined]
        body = self.server.pages.get(self.path, body)  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = do_PATCH = answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


class Server:
    """One of those, over TLS."""

    def __init__(self, certificates: Certificates) -> None:
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.http.asked = []  # type: ignore[attr-defined]
        self.http.pages = {}  # type: ignore[attr-defined]
        self.port = self.http.server_address[1]
        self.bmc = Bmc(
            url=f"https://127.0.0.1:{self.port}/redfish/v1/Systems/1",
            username="boots",
            password=PASSWORD,
            authority=str(certificates.authority),
        )
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def says(self, status: int, body: Any = b"", **headers: str) -> None:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.http.says = (status, headers, text)  # type: ignore[attr-defined]

    def has(self, path: str, body: Any) -> None:
        self.http.pages[path] = json.dumps(body).encode()  # type: ignore[attr-defined]

    @property
    def asked(self) -> list[tuple[str, bytes]]:
        return self.http.asked  # type: ignore[attr-defined, no-any-return]

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def liar(certificates: Certificates) -> Iterator[Server]:
    server = Server(certificates)
    yield server
    server.close()


@pytest.fixture
def other(certificates: Certificates) -> Iterator[Server]:
    server = Server(certificates)
    server.says(200, {})
    yield server
    server.close()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_leads_nowhere_else(liar: Server, other: Server, status: int) -> None:
    liar.says(status, Location=f"https://127.0.0.1:{other.port}/redfish/v1/")
    assert "127.0.0.1 sends us to another server, which gets no password" in trouble(liar.bmc)
    assert [] == other.asked


def test_a_link_leads_nowhere_else(liar: Server, other: Server) -> None:
    there = f"https://127.0.0.1:{other.port}/redfish/v1"
    links = {name: {"@odata.id": f"{there}/{name}"} for name in ("Systems", "SessionService")}
    root = {"Id": "RootService", "Links": {"Sessions": {"@odata.id": f"{there}/Sessions"}}}
    liar.says(200, {**root, **links})
    assert "127.0.0.1 sends us to another server" in trouble(liar.bmc)
    assert [] == other.asked
    assert liar.asked


def test_the_same_server_without_tls_is_another(liar: Server) -> None:
    liar.says(302, Location=f"http://127.0.0.1:{liar.port}/redfish/v1/")
    assert "127.0.0.1 sends us to another server" in trouble(liar.bmc)


def system(*, boots: list[str], resets: list[str], power: str) -> dict[str, Any]:
    reset = {"target": "/reset", "ResetType@Redfish.AllowableValues": resets}
    boot = {"BootSourceOverrideTarget@Redfish.AllowableValues": boots}
    known = {"@odata.id": "/redfish/v1/Systems/1", "Id": "1", "PowerState": power, "Boot": boot}
    return {**known, "Actions": {"#ComputerSystem.Reset": reset}}


@pytest.mark.parametrize(
    ("boot", "wanted"),
    [
        (NetworkBoot.PXE, {"BootSourceOverrideTarget": "Pxe"}),
        (
            NetworkBoot.UEFI_PXE,
            {"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideMode": "UEFI"},
        ),
        (
            NetworkBoot.UEFI_HTTP,
            {"BootSourceOverrideTarget": "UefiHttp", "BootSourceOverrideMode": "UEFI"},
        ),
    ],
)
def test_the_network_is_for_the_next_start_alone(
    liar: Server, boot: NetworkBoot, wanted: dict[str, str]
) -> None:
    liar.says(200, {})
    liar.has("/redfish/v1/", {"Id": "RootService"})
    resets = ["ForceRestart", "PowerCycle"]
    liar.has("/redfish/v1/Systems/1", system(boots=["Pxe", "UefiHttp"], resets=resets, power="On"))
    assert State.ON is switch(replace(liar.bmc, username="", boot=boot), Action.NETBOOT)
    changes = [(how, json.loads(sent)) for how, sent in liar.asked if sent]
    once = {"BootSourceOverrideEnabled": "Once"}
    assert [
        ("PATCH /redfish/v1/Systems/1", {"Boot": {**wanted, **once}}),
        ("POST /reset", {"ResetType": "PowerCycle"}),
    ] == changes


def test_what_a_bmc_cannot_do_is_told_before_anything_happens(liar: Server) -> None:
    liar.says(200, {})
    liar.has("/redfish/v1/", {"Id": "RootService"})
    liar.has("/redfish/v1/Systems/1", system(boots=["Pxe"], resets=["ForceOff"], power="Off"))
    by_http = replace(liar.bmc, username="", boot=NetworkBoot.UEFI_HTTP)
    assert "cannot have the machine boot by UefiHttp; write another" in trouble(
        by_http, Action.NETBOOT
    )
    assert "the BMC knows no On or ForceOn; switch the machine" in trouble(by_http, Action.ON)
    wanted = {("GET /redfish/v1/", b""), ("GET /redfish/v1/Systems/1", b"")}
    assert wanted == set(liar.asked)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"3", b'{"a": [', b"\xff", b""])
def test_what_is_no_redfish_is_told(liar: Server, body: bytes) -> None:
    liar.says(200, body)
    assert trouble(liar.bmc)


def test_a_bmc_that_repeats_the_password_is_not_repeated(liar: Server) -> None:
    liar.says(400, {"error": {"message": f"bad: {PASSWORD}"}})
    assert "127.0.0.1 refuses it: bad: …;" in trouble(liar.bmc)


def test_a_user_without_rights_is_told(liar: Server) -> None:
    liar.says(403, {})
    assert "127.0.0.1 does not let this user do that; give it" in trouble(liar.bmc)


def test_one_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bmc = Bmc(url=f"https://127.0.0.1:{silent.getsockname()[1]}")
        assert "127.0.0.1 took the connection and said nothing for" in trouble(bmc, answer=0.5)


def test_all_of_it_has_an_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bmc = Bmc(url=f"https://127.0.0.1:{silent.getsockname()[1]}")
        assert "the BMC did not get it done within 1 seconds" in trouble(bmc, whole=1)


def test_a_port_where_nothing_is_is_told() -> None:
    port = free_port(socket.SOCK_STREAM)
    bmc = Bmc(url=f"https://127.0.0.1:{port}")
    assert f"127.0.0.1 refuses connections on port {port}; check the port" in trouble(bmc)


def test_a_port_without_tls_is_told(certificates: Certificates) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as plain:
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        port = plain.server_address[1]
        said = trouble(Bmc(url=f"https://127.0.0.1:{port}", authority=str(certificates.authority)))
        plain.shutdown()
    assert f"127.0.0.1 speaks no TLS on port {port} that is known here: " in said


def test_the_environment_leads_nowhere_else(
    liar: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{other.port}")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.delenv("no_proxy", raising=False)
    liar.says(403, {})
    assert "does not let this user" in trouble(liar.bmc)
    assert liar.asked


def test_addresses_of_version_6_are_written_with_brackets() -> None:
    here = redfish._Here(address("https://[::1]:8443"))
    assert ("https", "::1", 8443) == here._only
