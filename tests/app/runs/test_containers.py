"""Containers: refused, or handed out with every disk that is armed."""

import asyncio
from pathlib import Path

import pytest
from tests.app.runs.yard import SERIAL, TEMPLATE, Yard, in_yard, new_run, opened

from boots.api.desk import Refused

CONTAINER = """\
      - name: flatcar
        image: quay.io/me/flatcar-install:1
        timeout: 60
        volumes: ["/statedir:/statedir"]
        command: [install, --all]
        environment: {A: "1"}
      - {name: go,"""
OWN = TEMPLATE.replace("      - {name: go,", CONTAINER)


@in_yard
async def test_an_image_of_ones_own_is_refused(yard: Yard) -> None:
    with pytest.raises(Refused, match="template") as told:
        await yard.provision(new_run(OWN))
    assert "flatcar-install" in str([each.problem for each in told.value.errors])


def test_where_it_is_allowed_it_is_handed_out_with_all_armed_disks(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path, containers=True) as yard:
            await yard.provision(new_run(OWN))
            agent = await yard.boots()
            await yard.tells()
            await agent.do(await agent.next())
            await agent.do(await agent.next())
            hand = await agent.next()
            assert ("container", "quay.io/me/flatcar-install:1") == (hand["kind"], hand["image"])
            assert ["/statedir:/statedir"] == hand["volumes"]
            assert (["install", "--all"], {"A": "1"}) == (hand["command"], hand["environment"])
            assert [(SERIAL, True)] == [(each["serial"], each["taken"]) for each in hand["armed"]]

    asyncio.run(main())
