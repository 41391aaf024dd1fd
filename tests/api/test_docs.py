"""What the pages show of the API does what they say."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from tests.api.bench import bench
from tests.api.workflows import TEMPLATE, failed, waiting

from boots.api.desk import Refused
from boots.api.problems import of
from boots.api.reading import decode
from boots.client.words import NewOrder

PAGE = (Path(__file__).parents[2] / "docs/howto/api.md").read_text()
RUN = {"machine": "one", "template": TEMPLATE, "arm": {"policy": "empty-only"}}
ASKED = re.findall(r"^\$ curl (.*)$", PAGE, re.MULTILINE)


def read(command: str) -> tuple[str, str, Any, dict[str, str]]:
    """Method, target, body and headers of a command line of curl."""
    words = iter(shlex.split(command))
    method, target, body, headers = "", "", None, {}
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "--json":
                text = next(words)
                body = RUN if text == "@run.json" else json.loads(text)
            case "-o":
                next(words)
            case "-s" | "-sN":
                pass
            case _:
                target = word.removeprefix("$BOOTS")
    return method or ("POST" if body is not None else "GET"), target, body, headers


def test_the_page_shows_some() -> None:
    assert 15 < len(ASKED)


@pytest.mark.parametrize("command", ASKED)
async def test_what_the_page_shows_is_answered(command: str) -> None:
    method, target, body, headers = read(command)
    async with bench() as at:
        if "/new" in target or ":07" in target:
            record = {"name": "new", "mac": "52:54:00:00:00:07"}
            await at.ask("POST", "/v1/machines", {"record": record})
        run = failed if "/retry" in target else waiting
        at.desk.runs_["w-01jx5"] = run("w-01jx5")
        if "/stream" in target:
            method = "HEAD"
        answer = await at.ask(method, target, body, **headers)

    expected = {422} if "netbot" in command else {200, 201, 204}
    assert answer.status in expected


def test_the_problem_that_the_page_shows_is_the_one_that_comes() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    with pytest.raises(Refused) as caught:
        decode(b'{"netbot": "on"}', NewOrder)
    problem = of(caught.value, "/v1/machines/one/order")

    told = json.loads(shown)
    assert told == {
        **{name: getattr(problem, name) for name in told if name != "errors"},
        "errors": [
            {name: getattr(each, name) for name in each.__struct_fields__}
            for each in problem.errors
        ],
    }
