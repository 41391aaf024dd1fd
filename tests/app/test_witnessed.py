"""Every change that operators can ask for stands in the audit log together with the change.

The server goes down as soon as something is changed: nothing that would be written after is.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
from tests.app.desks import FILE_MAC, STRANGE_MAC, Office
from tests.app.operators import Counter, counter
from tests.app.runs.test_desk import LOOK, failed
from tests.app.runs.yard import SERIAL, Yard, in_yard

from boots.api.auditing import CHANGE_NOTHING
from boots.api.desk import DONE
from boots.api.origin import SAFE
from boots.api.routes import TABLE
from boots.bmc import control
from boots.model.bmc import Bmc
from boots.store import audit
from boots.store.audit import Kept

MADE = {"name": "made", "mac": "52:54:00:00:00:31", "address": "192.168.1.31/24"}
BMC = {"url": "ipmi://192.168.1.99", "username": "root", "password": "geheim"}
ONCE = {"netboot": "once"}
RUN = {"machine": "file-1", "template": LOOK}


async def rows(office: Office) -> list[Kept]:
    found = await office.keeping.store.read(audit.read)
    return found[::-1]


async def _run(at: Counter) -> str:
    return str((await at.ask("POST", "/v1/workflows", RUN)).json["line"]["id"])


async def _over(at: Counter) -> str:
    identity = await _run(at)
    assert 200 == (await at.ask("POST", f"/v1/workflows/{identity}/cancel")).status
    return identity


async def _nothing(_: Counter) -> str:
    return ""


async def _record(at: Counter) -> str:
    assert 201 == (await at.ask("POST", "/v1/machines", {"record": MADE})).status
    return ""


async def _order(at: Counter) -> str:
    assert 200 == (await at.ask("PUT", "/v1/machines/file-1/order", ONCE)).status
    return ""


async def _token(at: Counter) -> str:
    made = await at.ask("POST", "/v1/tokens", {"name": "robot", "role": "viewer"})
    return str(made.json["token"]["id"])


async def _failed(at: Counter) -> str:
    """A run that failed after it wrote a disk."""
    assert isinstance(at.office, Yard)
    run, _ = await failed(at.office)
    return run.line.id


async def _cut(at: Counter) -> str:
    """A run whose machine was cut off while it wrote."""
    yard = at.office
    assert isinstance(yard, Yard)
    run = await yard.provision()
    await yard.tells()
    agent = await yard.boots()
    await agent.do(await agent.next())
    write = await agent.next()
    await agent.started(write)
    await yard.boots()
    return run.line.id


Before = Callable[[Counter], Awaitable[str]]
ASKED: Mapping[str, tuple[Before, str, Any, str]] = {
    "create": (_nothing, "/v1/machines", {"record": MADE}, "made"),
    "replace": (_record, "/v1/machines/made", {"record": MADE}, "made"),
    "remove": (_record, "/v1/machines/made", None, "made"),
    "adopt": (_nothing, f"/v1/discovered/{STRANGE_MAC}", {"record": MADE}, "made"),
    "order": (_nothing, "/v1/machines/file-1/order", ONCE, "file-1"),
    "withdraw": (_order, "/v1/machines/file-1/order", None, "file-1"),
    "provision": (_nothing, "/v1/machines/file-1/provision", {"profile": "osie"}, "file-1"),
    "make_token": (_nothing, "/v1/tokens", {"name": "robot", "role": "viewer"}, ""),
    "drop_token": (_token, "/v1/tokens/{id}", None, ""),
    "create_run": (_nothing, "/v1/workflows", RUN, "file-1"),
    "cancel_run": (_run, "/v1/workflows/{id}/cancel", None, "file-1"),
    "retry_run": (_over, "/v1/workflows/{id}/retry", {"power": False}, "file-1"),
    "settle_run": (_cut, "/v1/workflows/{id}/settle", {"step": 2, "again": True}, "file-1"),
    "undo": (
        _failed,
        "/v1/machines/file-1/undo-partition-table",
        {"edges": 1, "serial": SERIAL},
        "file-1",
    ),
    "set_freeze": (_nothing, "/v1/freeze", {"frozen": True, "why": "looks odd"}, ""),
}
"""What is there before, what is asked, and which machine it is about."""

ELSEWHERE = {"switch"}
"""What a BMC does: below."""


def test_each_change_that_can_be_asked_for_is_here() -> None:
    changing = {route.name for route in TABLE if route.method not in SAFE}
    assert changing - CHANGE_NOTHING == {*ASKED} | ELSEWHERE


@pytest.mark.parametrize("name", ASKED)
def test_a_change_stands_in_the_log_though_the_server_goes_down_after(
    name: str, tmp_path: Path
) -> None:
    before, path, body, machine = ASKED[name]
    route = next(each for each in TABLE if each.name == name)

    async def test(yard: Yard) -> None:
        async with counter(yard) as at:
            identity = await before(at)
            known = len(await rows(yard))
            yard.desk.write_down = _down  # type: ignore[method-assign, assignment]
            answer = await at.ask(route.method, path.format(id=identity), body)
            assert answer.status < 300, answer.body
            [row] = (await rows(yard))[known:]
        said = row.deed
        assert (name, DONE, machine, "local") == (said.what, said.outcome, said.machine, said.by)

    in_yard(test)(tmp_path)


async def _down(*_: object) -> NoReturn:
    raise AssertionError("nothing is written down after the change")


@in_yard
async def test_what_a_run_is_called_and_which_token_went_is_told_with_it(yard: Yard) -> None:
    async with counter(yard) as at:
        identity = await _run(at)
        number = await _token(at)
        await at.ask("DELETE", f"/v1/tokens/{number}")
    told = {each.deed.what: msgspec.json.decode(each.deed.details) for each in await rows(yard)}
    assert identity == told["create_run"]["run"]
    assert {"id": number, "name": "robot"} == told["drop_token"]


@in_yard
async def test_what_came_to_nothing_is_told_once_as_such(yard: Yard) -> None:
    async with counter(yard) as at:
        assert 404 == (await at.ask("DELETE", "/v1/tokens/99")).status
        assert 409 == (await at.ask("PUT", "/v1/machines/file-1", {"record": MADE})).status
        assert 204 == (await at.ask("DELETE", "/v1/machines/file-1/order")).status
    told = [(each.deed.what, each.deed.outcome[:12]) for each in await rows(yard)]
    assert [("drop_token", "refused: 404"), ("replace", "refused: 409"), ("withdraw", DONE)] == told


@in_yard
async def test_what_is_only_answered_again_is_told_as_such(yard: Yard) -> None:
    async with counter(yard) as at:
        for again in (False, True):
            made = await at.ask("POST", "/v1/machines", {"record": MADE}, Idempotency_Key="k")
            assert (201, again) == (made.status, "idempotency-replayed" in made.headers)
    told = [(each.deed.machine, each.deed.outcome) for each in await rows(yard)]
    assert [("made", DONE), ("", "repeated")] == told


@in_yard
async def test_what_is_done_by_a_page_is_told_of_its_machine(yard: Yard) -> None:
    async with counter(yard) as at:
        for action in ("netboot-once", "as-recorded"):
            answer = await at.fill_in(f"/machines/{FILE_MAC}/ask/{action}")
            assert 303 == answer.status, answer.body
    what = "POST /machines/{name}/ask/{action}"
    assert [(what, DONE, "file-1")] * 2 == [
        (each.deed.what, each.deed.outcome, each.deed.machine) for each in await rows(yard)
    ]


# --- what is done elsewhere


async def switched(yard: Yard, monkeypatch: pytest.MonkeyPatch, at: Counter) -> list[str]:
    """The record of a machine with a BMC; what its BMC is told while it is switched."""
    seen: list[str] = []

    def switch(_bmc: Bmc, action: Any) -> Any:
        seen.append(action.value)
        return control.State("on")

    monkeypatch.setattr("boots.app.desk.power.switch", switch)
    assert 201 == (await at.ask("POST", "/v1/machines", {"record": {**MADE, "bmc": BMC}})).status
    return seen


def test_power_is_told_as_begun_before_and_what_came_of_it_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(yard: Yard) -> None:
        async with counter(yard) as at:
            seen = await switched(yard, monkeypatch, at)
            assert 200 == (await at.ask("POST", "/v1/machines/made/power", {"action": "on"})).status
            yard.desk.write_down = _down  # type: ignore[method-assign, assignment]
            await at.ask("POST", "/v1/machines/made/power", {"action": "off"})
        assert ["on", "off"] == seen
        told = [(each.deed.what, each.deed.outcome) for each in await rows(yard)][1:]
        assert [("switch", "begun"), ("switch", DONE), ("switch", "begun")] == told
        assert "geheim" not in str(await rows(yard))

    in_yard(test)(tmp_path)


def test_what_nobody_can_write_down_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(yard: Yard) -> None:
        async with counter(yard) as at:
            seen = await switched(yard, monkeypatch, at)
            (yard.folder / "boots.db").rename(yard.folder / "gone.db")
            assert 503 == (await at.ask("POST", "/v1/machines/made/power", {"action": "on"})).status
            (yard.folder / "gone.db").rename(yard.folder / "boots.db")
        assert [] == seen

    in_yard(test)(tmp_path)
