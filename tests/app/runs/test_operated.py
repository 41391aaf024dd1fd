"""A run from an operator's side: by the API, the client, the commands and the pages, end to end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.app.runs.yard import SERIAL, TEMPLATE, Agent, Yard, disk, in_yard, inventory, new_run
from typer.testing import CliRunner

from boots.api.listener import Listener, Rules
from boots.cli import app
from boots.client.client import Client
from boots.client.words import NewToken, Role
from boots.client.workflows import Arming, LogLine, Retry, Run, Undo
from boots.model.arming import Policy
from boots.web.pages import OperatorPages

SECRET = "s3cret-of-the-template"


@asynccontextmanager
async def listening(yard: Yard, *, tokens: bool = False) -> AsyncIterator[str]:
    """The operator's listener before a server's desk; where it is."""
    sock = socket.create_server(("127.0.0.1", 0))
    pages = OperatorPages(yard.desk)
    rules = Rules(tokens_required=tokens)
    listener = Listener(sock, yard.desk, lambda _: None, rules, pages)
    await listener.open()
    try:
        yield listener.url
    finally:
        await listener.close()


async def page(url: str, path: str, **headers: str) -> str:
    async with (
        aiohttp.ClientSession(headers={"Accept": "text/html", **headers}) as session,
        session.get(url + path) as got,
    ):
        return await got.text()


async def works(yard: Yard, agent: Agent) -> None:
    """All that is to be done is done, and said, and the system starts."""
    while True:
        told = await agent.next()
        if told["do"] != "action":
            return
        lines = [{"number": 1, "at": 1.0, "step": told["step"], "attempt": 1, "text": "a word"}]
        if told["step"] == 0:
            await agent.tell(lines=lines)
        await agent.do(told)
        if told["terminal"]:
            break
    async with yard.client.post(yard.home()) as answer:
        assert answer.status < 300


@in_yard
async def test_a_machine_is_provisioned_over_http_from_the_plan_to_the_systems_sign_of_life(
    yard: Yard,
) -> None:
    await yard.tells()
    async with listening(yard) as url:
        client = Client(url)
        plan = await asyncio.to_thread(client.plan_run, new_run())
        made = await asyncio.to_thread(client.create_run, new_run())
        following = asyncio.create_task(asyncio.to_thread(list, client.follow_run(made.line.id)))
        listed = await page(url, "/workflows")
        await works(yard, await yard.boots())
        seen: list[Run | LogLine] = await asyncio.wait_for(following, 20)
        whole = await page(url, f"/workflows/{made.line.id}")
        machine = await page(url, "/machines/file-1")

    assert ((), [SERIAL], "empty") == (
        plan.faults,
        [each.serial for each in plan.disks],
        plan.disks[0].found,
    )
    assert made.line.id in listed
    states = [each.line.state for each in seen if isinstance(each, Run)]
    assert ["PENDING", "SUCCESS"] == [states[0], states[-1]]
    assert ["a word"] == [each.text for each in seen if isinstance(each, LogLine)]
    assert "success" in whole
    assert "a word" in whole
    assert f"/workflows/{made.line.id}" in machine


@in_yard
async def test_a_machine_that_was_never_seen_is_planned_and_waits_for_its_inventory(
    yard: Yard,
) -> None:
    async with listening(yard) as url:
        client = Client(url)
        plan = await asyncio.to_thread(client.plan_run, new_run())
        made = await asyncio.to_thread(client.create_run, new_run())
        await yard.tells()
        later = await asyncio.to_thread(client.run, made.line.id)

    assert ((), "not seen yet", "") == (plan.faults, plan.disks[0].found, plan.disks[0].problem)
    assert ("PREPARING", "PENDING") == (made.line.state, later.line.state)
    assert [SERIAL] == [each.serial for each in later.disks]


def test_a_disk_that_holds_something_is_refused_by_the_command_until_it_is_forced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "debian.yaml"
    file.write_text(TEMPLATE)

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["provision", "file-1", "--workflow", str(file), *words])

    @in_yard
    async def test(yard: Yard) -> None:
        await yard.tells(inventory(disk(content="NTFS")))
        async with listening(yard) as url:
            monkeypatch.setenv("BOOTS_SERVER", url)
            refused = await asyncio.to_thread(run, "-y")
            force = ("--policy", "force", "--arm", SERIAL, "--yes-wipe", SERIAL, "--no-wait")
            begun = await asyncio.to_thread(run, *force)
            runs = (await yard.desk.runs()).runs

        assert (1, 0) == (refused.exit_code, begun.exit_code)
        assert "holds data → refused: it holds data, and the policy" in refused.stderr
        assert f"--arm {SERIAL} --policy force" in refused.stderr
        assert [f"{runs[0].id} began; boots workflow logs {runs[0].id} -f follows it"] == (
            begun.stdout.splitlines()[-1:]
        )

    test(tmp_path)


@in_yard
async def test_a_run_whose_agent_was_lost_is_settled_by_a_person(yard: Yard) -> None:
    await yard.tells()
    made = await yard.provision()
    agent = await yard.boots()
    await agent.do(await agent.next())
    hand = await agent.next()
    await agent.started(hand)
    await yard.boots()
    async with listening(yard) as url:
        client = Client(url)
        lost = await asyncio.to_thread(client.run, made.line.id)
        shown = await page(url, f"/workflows/{made.line.id}")
        settled = await asyncio.to_thread(client.settle_run, made.line.id, 2, again=True)
        cancelled = await asyncio.to_thread(client.cancel_run, made.line.id)
        wanted = Arming(policy=Policy.FORCE, disks=(SERIAL,))
        retry = await asyncio.to_thread(_retried, client, made.line.id, wanted)

    assert (True, "needs a person") == (lost.line.waits, lost.line.word)
    assert {"again", "done", "cancel"} == set(lost.needs)
    assert "Do it again…" in shown
    assert "" == settled.line.sub
    assert "cancelled" == cancelled.line.word
    assert (made.line.id, 2) == (retry.of, sum(s.state != "SKIPPED" for s in retry.steps))


def _retried(client: Client, identity: str, arm: Arming) -> Run:
    return client.retry_run(identity, Retry(first=2, arm=arm))


@in_yard
async def test_all_writing_is_frozen_for_real(yard: Yard) -> None:
    await yard.tells()
    async with listening(yard) as url:
        client = Client(url)
        frozen = await asyncio.to_thread(client.set_freeze, frozen=True, why="work")
        home = await page(url, "/")
        thawed = await asyncio.to_thread(client.set_freeze, frozen=False)

    assert (True, "work", "local") == (frozen.frozen, frozen.why, frozen.by)
    assert "All writing of disks is frozen" in home
    assert not thawed.frozen


@in_yard
async def test_the_ends_of_a_disk_are_listed_and_put_back_by_a_run(yard: Yard) -> None:
    await yard.tells()
    await yard.provision()
    await works(yard, await yard.boots())
    async with listening(yard) as url:
        client = Client(url)
        kept = await asyncio.to_thread(client.edges, "file-1")
        wanted = Undo(edges=kept.edges[0].id, serial=SERIAL)
        undoing = await asyncio.to_thread(client.undo, "file-1", wanted)

    assert [SERIAL] == [each.serial for each in kept.edges]
    assert [SERIAL] == [each.serial for each in undoing.disks]


@in_yard
async def test_nothing_of_a_run_that_a_viewer_reads_holds_a_secret_of_its_template(
    yard: Yard,
) -> None:
    given = f"image: inventory, environment: {{A: {SECRET}}},"
    template = TEMPLATE.replace("image: inventory,", given)
    await yard.tells()
    made = await yard.provision(new_run(template))
    viewer = (await yard.desk.make_token(NewToken(name="v", role=Role.VIEWER), "me")).secret
    operator = (await yard.desk.make_token(NewToken(name="o", role=Role.OPERATOR), "me")).secret
    paths = [
        f"/v1/workflows/{made.line.id}",
        "/v1/workflows",
        f"/v1/workflows/{made.line.id}/lines",
        f"/workflows/{made.line.id}",
        "/workflows",
        "/machines/file-1",
    ]
    async with listening(yard, tokens=True) as url:
        seen = [await page(url, path, Authorization=f"Bearer {viewer}") for path in paths]
        whole = await page(url, paths[0], Authorization=f"Bearer {operator}")

    assert [] == [path for path, text in zip(paths, seen, strict=True) if SECRET in text]
    assert made.line.id in seen[0]
    assert SECRET in whole
