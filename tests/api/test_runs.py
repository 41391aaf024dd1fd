"""Workflows over the API: planned, begun, followed, settled, and all writing stopped."""

import asyncio
import json

from msgspec.structs import replace
from tests.api.bench import bench, events_of
from tests.api.workflows import (
    DONE,
    TEMPLATE,
    WRITING,
    failed,
    run_of,
    steps,
    succeeded,
    waiting,
)

from boots.api.runs import RunBox
from boots.client.workflows import HINTED, OVER, STATES, WAITS, Arming, LogLine, NewRun
from boots.workflow.hints import UNSETTLED
from boots.workflow.run import FINAL, State, Sub

NEW = {"machine": "one", "template": TEMPLATE, "arm": {"policy": "empty-only"}}
VIEWER = {"Authorization": "Bearer viewer-token"}
OPERATOR = {"Authorization": "Bearer operator-token"}
ADMIN = {"Authorization": "Bearer admin-token"}


def test_the_words_for_states_are_those_of_runs() -> None:
    assert STATES == tuple(state.value for state in State)
    assert OVER == {state.value for state in FINAL}
    assert HINTED == UNSETTLED
    assert WAITS == {each.value for each in Sub} - {"", "CANCELLED"}


async def test_runs_are_listed_the_latest_first_by_machine_and_state() -> None:
    async with bench() as at:
        at.desk.runs_ = {"w-1": failed("w-1"), "w-2": run_of("w-2", machine="two")}
        every = (await at.ask("GET", "/v1/workflows")).json
        named = (await at.ask("GET", "/v1/workflows?key=one")).json
        over = (await at.ask("GET", "/v1/workflows?state=FAILED")).json
        first = await at.ask("GET", "/v1/workflows?limit=1")
        none = await at.ask("GET", "/v1/workflows?state=failed")

    assert ["w-2", "w-1"] == [each["id"] for each in every["runs"]]
    assert ["w-1"] == [each["id"] for each in named["runs"]]
    assert ["w-1"] == [each["id"] for each in over["runs"]]
    assert '</v1/workflows?limit=1&after=w-2>; rel="next"' == first.headers["link"]
    assert 400 == none.status


async def test_a_run_is_planned_begun_and_has_a_place() -> None:
    async with bench() as at:
        plan = await at.ask("POST", "/v1/workflows/plan", NEW)
        made = await at.ask("POST", "/v1/workflows", NEW)
        again = await at.ask("GET", made.headers["location"])

    assert ["stream-image", "users", "boot-it"] == [each["name"] for each in plan.json["steps"]]
    assert (201, "/v1/workflows/w-1") == (made.status, made.headers["location"])
    assert made.json == again.json
    assert [NewRun(machine="one", template=TEMPLATE, arm=Arming())] == at.desk.planned
    assert [("create", at.desk.planned[0], "local")] == at.desk.done


async def test_a_run_that_is_done_twice_with_one_word_is_begun_once() -> None:
    async with bench() as at:
        first = await at.ask("POST", "/v1/workflows", NEW, Idempotency_Key="k")
        second = await at.ask("POST", "/v1/workflows", NEW, Idempotency_Key="k")
        other = await at.ask("POST", "/v1/workflows", NEW)

    assert first.json == second.json
    assert "w-2" == other.json["line"]["id"]


async def test_a_policy_that_is_none_is_refused() -> None:
    async with bench() as at:
        new = NEW | {"arm": {"policy": "always"}}
        answer = await at.ask("POST", "/v1/workflows", new)

    assert (422, []) == (answer.status, at.desk.done)


async def test_a_run_is_cancelled_settled_and_taken_up() -> None:
    async with bench() as at:
        at.desk.runs_["w-1"] = waiting()
        settled = await at.ask("POST", "/v1/workflows/w-1/settle", {"step": 1, "again": True})
        early = await at.ask("POST", "/v1/workflows/w-1/retry", {"first": 1})
        cancelled = await at.ask("POST", "/v1/workflows/w-1/cancel")
        taken = await at.ask("POST", "/v1/workflows/w-1/retry", {"first": 1})

    assert ["cancel"] == settled.json["needs"]
    assert (409, True) == (early.status, early.is_problem)
    assert "CANCELLED" == cancelled.json["line"]["sub"]
    assert (201, "/v1/workflows/w-1b", "w-1") == (
        taken.status,
        taken.headers["location"],
        taken.json["of"],
    )


async def test_a_viewer_sees_a_run_without_its_template_and_begins_none() -> None:
    async with bench(tokens_required=True) as at:
        at.desk.runs_["w-1"] = run_of()
        whole = await at.ask("GET", "/v1/workflows/w-1", **OPERATOR)
        seen = await at.ask("GET", "/v1/workflows/w-1", **VIEWER)
        plan = await at.ask("POST", "/v1/workflows/plan", NEW, **VIEWER)
        begun = await at.ask("POST", "/v1/workflows", NEW, **VIEWER)

    assert TEMPLATE == whole.json["template"]
    assert "" == seen.json["template"]
    assert whole.json["steps"] == seen.json["steps"]
    assert (403, 403) == (plan.status, begun.status)


async def test_each_operator_stops_all_writing_and_an_admin_allows_it_again() -> None:
    stop, go = {"frozen": True, "why": "power work"}, {"frozen": False}
    async with bench(tokens_required=True) as at:
        viewer = await at.ask("PUT", "/v1/freeze", stop, **VIEWER)
        frozen = await at.ask("PUT", "/v1/freeze", stop, **OPERATOR)
        begun = await at.ask("POST", "/v1/workflows", NEW, **OPERATOR)
        operator = await at.ask("PUT", "/v1/freeze", go, **OPERATOR)
        still = await at.ask("GET", "/v1/freeze", **VIEWER)
        admin = await at.ask("PUT", "/v1/freeze", go, **ADMIN)

    assert (403, 200, 409, 403, 200) == (
        viewer.status,
        frozen.status,
        begun.status,
        operator.status,
        admin.status,
    )
    assert (True, "power work", "a operator") == (
        still.json["frozen"],
        still.json["why"],
        still.json["by"],
    )
    assert admin.json["frozen"] is False


async def test_the_ends_of_a_disk_are_put_back_by_a_run() -> None:
    async with bench() as at:
        kept = await at.ask("GET", "/v1/machines/one/edges")
        path = "/v1/machines/one/undo-partition-table"
        wrong = await at.ask("POST", path, {"edges": 7, "serial": "OTHER"})
        made = await at.ask("POST", path, {"edges": 7, "serial": "BOOTS-1"})

    assert [7] == [each["id"] for each in kept.json["edges"]]
    assert (409, 201, "/v1/workflows/w-9") == (
        wrong.status,
        made.status,
        made.headers["location"],
    )


async def test_a_viewer_sees_what_proves_that_disks_were_erased() -> None:
    async with bench() as at:
        proved = await at.ask("GET", "/v1/workflows/w-1/certificate")
        unknown = await at.ask("GET", "/v1/workflows/w-none/certificate")

    (only,) = proved.json["certificates"]
    assert ("BOOTS-1", "c2ln", "discard") == (
        only["serial"],
        only["signature"],
        json.loads(only["text"])["certificate"]["method"],
    )
    assert 404 == unknown.status


async def test_lines_come_in_pages() -> None:
    async with bench() as at:
        at.desk.runs_["w-1"] = run_of()
        for number in range(5):
            at.desk.say(f"line {number}")
        first = (await at.ask("GET", "/v1/workflows/w-1/lines?limit=3")).json
        rest = (await at.ask("GET", f"/v1/workflows/w-1/lines?after={first['next']}")).json

    assert (3, 0) == (first["next"], rest["next"])
    assert [1, 2, 3, 4, 5] == [each["id"] for each in first["lines"] + rest["lines"]]


# --- followed


async def test_a_stream_has_what_was_said_then_how_it_stands_then_each_change() -> None:
    async with bench() as at:
        at.desk.runs_["w-1"] = run_of()
        at.desk.say("one")
        reader, writer = await at.stream("/v1/workflows/w-1/stream")
        line, stands = await events_of(reader, 2)
        at.desk.say("two")
        at.desk.move(run_of(steps=steps(DONE, WRITING)))
        more, changed = await events_of(reader, 2)
        writer.close()

    assert ("line", "1", "one") == (line["event"], line["id"], json.loads(line["data"])["text"])
    assert "run" == stands["event"]
    assert "" == json.loads(stands["data"])["template"]
    assert ("2", "two") == (more["id"], json.loads(more["data"])["text"])
    assert 1 == json.loads(changed["data"])["line"]["done"]


async def test_a_stream_ends_with_its_run_and_misses_none_of_its_last_lines() -> None:
    async with bench() as at:
        at.desk.runs_["w-1"] = run_of()
        reader, writer = await at.stream("/v1/workflows/w-1/stream")
        await events_of(reader, 1)
        at.desk.move(succeeded())
        await asyncio.sleep(0.1)
        at.desk.say("the last word")
        rest = (await reader.read()).decode()
        writer.close()

    assert "the last word" in rest
    assert rest.index("the last word") < rest.index('"state":"SUCCESS"')
    assert 0 == at.desk.run_followers


async def test_a_reader_goes_on_after_the_line_it_had() -> None:
    async with bench() as at:
        at.desk.runs_["w-1"] = succeeded()
        for text in ("one", "two", "three"):
            at.desk.say(text)
        reader, writer = await at.stream("/v1/workflows/w-1/stream?after=1", Last_Event_ID="2")
        rest = (await reader.read()).decode()
        writer.close()

    assert '"three"' in rest
    assert '"two"' not in rest
    assert rest.count("event: run") == 1


async def test_lines_come_though_nothing_else_changes() -> None:
    async with bench() as at:
        at.desk.runs_["w-1"] = run_of()
        reader, writer = await at.stream("/v1/workflows/w-1/stream")
        await events_of(reader, 1)
        at.desk.say("a word")
        (line,) = await events_of(reader, 1)
        writer.close()

    assert "a word" == json.loads(line["data"])["text"]


async def test_a_run_that_is_none_has_no_stream() -> None:
    async with bench() as at:
        answer = await at.ask("GET", "/v1/workflows/none/stream")
        odd = await at.ask("GET", "/v1/workflows/none/stream", Last_Event_ID="x")

    assert (404, 400) == (answer.status, odd.status)


def test_of_several_changes_a_slow_reader_gets_the_last_and_all_lines() -> None:
    box = RunBox(most=300)
    for number in range(1, 4):
        box.say(LogLine(id=number, at=1.0, step=1, attempt=1, text="x" * 50))
        box.put(replace(run_of(), revision=number))
    found = b"".join(box.take()).decode()

    assert box.take() == []
    assert 3 == found.count("event: line")
    assert 1 == found.count("event: run")
    assert '"revision":3' in found


def test_a_reader_that_is_behind_is_waited_for() -> None:
    box = RunBox(most=100)
    line = LogLine(id=1, at=1.0, step=1, attempt=1, text="x" * 200)
    before = box.is_full
    box.say(line)

    assert (False, True) == (before, box.is_full)
