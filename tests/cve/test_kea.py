"""Kea's faults: an API that is open, files that others may read, and a log that ends the server."""

import asyncio
import io
import random
import re
import socket
import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.api.bench import bench
from tests.app.desks import Office, at_desk
from tests.app.pools import Bench
from tests.cve.test_garbage import bent

from boots.api.openapi import document
from boots.api.routes import TABLE
from boots.app.copied import Copied, write
from boots.app.key import token_key
from boots.app.told import Told
from boots.client.words import NewToken, Role
from boots.journal.events import AnyEvent, Entry
from boots.journal.file import FileSink
from boots.journal.log import LogSink
from boots.model.site import Mode
from boots.policy.destination import Destination
from boots.serve.dhcp import DhcpDoor
from boots.settings.words import Settings

SAID = ("\x1b]0;x\x07", "%s%n{0}{x.y}", "\x00", "\ud800", "a\r\nINFO b", "\u202e", "=" * 9000, "")


@pytest.mark.parametrize("form", ["console", "json"])
def test_cve_2015_8373_no_packet_is_too_odd_for_the_log_at_its_finest(
    tmp_path: Path, form: str
) -> None:
    """Kea 0.9.2: a malformed packet ended the server only where it logged at debug level 40."""
    office = Bench(tmp_path, mode=Mode.POOL, unknown="osie")
    out = io.StringIO()
    sink = LogSink(form, "debug", 0, lambda _: None, out)
    rng = random.Random(form)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        ask = office.answers.dhcp("lan0")
        door = DhcpDoor(sock, "lan0", ask, lambda event: sink.write([_entry(event)]))
        door._replies.close()
        door._replies = _Nowhere()  # type: ignore[assignment]
        for _ in range(1500):
            raw = bytearray(bent(rng))
            for _ in range(rng.randrange(3)):
                raw[rng.randrange(len(raw))] = rng.randrange(256)
            door.handle(
                bytes(raw[: rng.choice([len(raw), rng.randrange(len(raw))])]), ("192.0.2.9", 68)
            )
    office.close()
    sink.close()
    assert out.getvalue().count("\n") > 1000
    assert "PacketDropped" in out.getvalue()
    assert "OfferSent" in out.getvalue()


class _Nowhere:
    """Where replies go."""

    def send(self, data: bytes, to: Destination) -> None:
        """Not sent."""


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("said", SAID)
def test_cve_2015_8373_every_event_can_be_logged_whatever_its_texts_say(
    tmp_path: Path, form: str, said: str
) -> None:
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace")
    sink = LogSink(form, "debug", 0, lambda _: None, out)
    file = FileSink(tmp_path / "journal", lambda _: None)
    made = list(_each_event(said))
    for event in made:
        sink.write([_entry(event)])
        file.write([_entry(event)])
    sink.close()
    file.close()
    out.seek(0)
    lines = out.read().splitlines()
    assert len(made) == len(lines)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", "".join(lines))


def test_cve_2026_3608_a_body_nested_without_end_is_a_mistake_of_who_sent_it() -> None:
    """Kea: deeply nested JSON to its API overflowed the stack."""

    async def asked() -> set[int]:
        found = set()
        async with bench() as at:
            for route in TABLE:
                if route.takes is not None and "{" not in route.path:
                    for text in (b"[" * 30_000, b'{"record":' * 30_000, b"[" * 900 + b"]" * 900):
                        found.add((await at.ask(route.method, route.path, text)).status)
            assert 200 == (await at.ask("GET", "/v1/me")).status
        return found

    assert asyncio.run(asked()) <= {400, 413, 422}


def test_cve_2025_32801_nothing_that_is_set_or_sent_names_code_to_load() -> None:
    """Kea: whoever reached the API had it load any library as a hook."""
    names = set(_names(msgspec.json.schema(Settings))) | set(_names(_taken()))
    assert "profile" in names
    assert not names & {"library", "libraries", "hooks", "plugin", "plugins", "module", "modules"}


def test_cve_2025_32802_nothing_that_is_sent_names_a_file_of_the_server() -> None:
    """Kea: config-write put the configuration wherever its caller said."""
    names = set(_names(_taken()))
    assert "record" in names
    assert not names & {"file", "filename", "path", "folder", "output", "certificate", "journal"}


def test_cve_2025_32801_the_api_is_on_a_loopback_address_unless_somebody_says_otherwise() -> None:
    assert ip_address(Settings().operator.address).is_loopback


@at_desk
async def test_cve_2025_32803_what_the_server_keeps_nobody_else_may_read(office: Office) -> None:
    """Kea: leases and logs were readable by every account of the machine."""
    state = office.folder / "state"
    token_key(state)
    await office.desk.make_token(NewToken(name="a", role=Role.ADMIN), "me")
    write(state / "store-copy.json", Copied())
    Told(state / "told", lambda: 1.0).note("m", 0.0)
    FileSink(state / "journal", lambda _: None).close()
    (office.folder / "pool").mkdir()
    await asyncio.to_thread(_leases, office.folder / "pool")
    found = [each for each in office.folder.rglob("*") if each.is_file()]
    names = {each.name for each in found}
    assert {"key", "store-copy.json", "told", "journal", "leases", "boots.db"} <= names
    open_to_others = {
        each.name
        for each in found
        if each.name != "machines.yaml" and stat.S_IMODE(each.stat().st_mode) & 0o007
    }
    assert set() == open_to_others


def _leases(folder: Path) -> None:
    Bench(folder).close()


def _entry(event: AnyEvent) -> Entry:
    return Entry(1.0, event)


def _each_event(said: str) -> Iterator[AnyEvent]:
    """One of each kind, with this wherever it has a text."""
    for kind in AnyEvent.__args__:
        values = {field.name: _of(field.type, said) for field in msgspec.structs.fields(kind)}
        yield kind(**values)


def _of(kind: Any, said: str) -> Any:
    if kind is str:
        return said
    if kind in {int, float, bool, bytes}:
        return kind()
    if getattr(kind, "__origin__", None) is list:
        return [said]
    if getattr(kind, "__origin__", None) is dict:
        return {said: said}
    return None


def _taken() -> dict[str, Any]:
    """The schemas of all that the API is sent."""
    schemas = document()["components"]["schemas"]
    return {each.takes.__name__: schemas[each.takes.__name__] for each in TABLE if each.takes}


def _names(schema: Any) -> Iterator[str]:
    """All names of properties."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for each in schema.values():
            yield from _names(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _names(each)
