"""A server is killed after any step of a run: the next one goes on, to the same end."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.app.runs.yard import Agent, Yard, opened

Step = Callable[[Yard, Agent], Awaitable[None]]


class Story:
    """A scripted run, one request after the other, as a machine and its agent make them."""

    def __init__(self) -> None:
        self.agent: Agent | None = None
        self.run = ""
        self.hands: list[tuple[str, int, int, int]] = []

    async def play(self, yard: Yard, step: int) -> bool:
        """One step; whether there is another."""
        if self.agent is not None:
            self.agent.meets(yard.base, yard.client)
        steps = (self.begin, self.hello, self.tells, *[self.act] * 11, self.lives)
        await steps[step](yard)
        return step + 1 < len(steps)

    async def begin(self, yard: Yard) -> None:
        self.run = (await yard.provision()).line.id

    async def hello(self, yard: Yard) -> None:
        self.agent = await yard.boots()

    async def tells(self, yard: Yard) -> None:
        await yard.tells()

    async def act(self, _: Yard) -> None:
        """What the agent does next: it asks, begins, sends ends, or tells an end."""
        agent = self.agent
        assert agent is not None
        if agent.hand is None:
            answer = await agent.next()
            if answer["do"] == "action":
                agent.hand, agent.begun = answer, False
                where = answer["name"], answer["step"], answer["attempt"], agent.session
                self.hands.append(where)
        elif not agent.begun:
            await agent.started(agent.hand)
            agent.begun = True
        elif agent.hand["armed"] and not agent.sent:
            (record,) = agent.hand["armed"]
            assert 204 == (await agent.edges(agent.hand, record))[0]
            agent.sent = True
        elif not agent.hand["terminal"]:
            await agent.ended(agent.hand)
            agent.hand = None

    async def lives(self, yard: Yard) -> None:
        async with yard.client.post(yard.home()) as answer:
            assert 204 == answer.status


async def whole(
    folder: Path, killed: frozenset[int]
) -> tuple[str, list[tuple[str, int, int, int]]]:
    """Play the story with a server that is killed after these steps; how it ended."""
    story, step, more = Story(), 0, True
    while more:
        async with opened(folder) as yard:
            while more:
                more = await story.play(yard, step)
                step += 1
                if step - 1 in killed:
                    break
            state = await yard.state(story.run) if story.run else ""
    return state, story.hands


@pytest.mark.parametrize("killed", [*range(15)])
def test_killed_after_any_step_a_run_goes_on_to_the_same_end(tmp_path: Path, killed: int) -> None:
    state, hands = asyncio.run(whole(tmp_path, frozenset({killed})))
    assert "SUCCESS" == state
    assert [("look", 0, 1, 1), ("write", 1, 1, 1), ("go", 2, 1, 1)] == hands


def test_killed_after_every_step_it_does_too(tmp_path: Path) -> None:
    state, hands = asyncio.run(whole(tmp_path, frozenset(range(15))))
    assert "SUCCESS" == state
    assert [("look", 0, 1, 1), ("write", 1, 1, 1), ("go", 2, 1, 1)] == hands
