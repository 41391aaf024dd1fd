"""Workflows in a browser: listed, followed, planned and asked for, settled, and frozen."""

import re
from typing import Any

import pytest
from msgspec.structs import replace
from tests.api.workflows import (
    BROKEN,
    DONE,
    REFUSED,
    TEMPLATE,
    WRITING,
    failed,
    run_of,
    steps,
    succeeded,
    waiting,
)
from tests.web.fleet import HOSTILE, Fleet
from tests.web.served import served

from boots.client import shipped
from boots.client.words import Me, Role
from boots.client.workflows import Arming, NewRun, Retry, Run, RunPlan, Undo
from boots.model.arming import Policy
from boots.web.deciding import DECISIONS
from boots.web.looks import run_state

NAME = "rack-0001"
VIEWER = {"Authorization": "Bearer seen"}
OPERATOR = {"Authorization": "Bearer changed"}


def fleet(*runs: Run) -> Fleet:
    made = Fleet(20)
    made.bearers = {
        "seen": Me(name="vera", role=Role.VIEWER),
        "changed": Me(name="otto", role=Role.OPERATOR),
    }
    for run in runs:
        made.runs_[run.line.id] = replace(run, line=replace(run.line, machine=NAME))
    return made


def plain(text: str) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


async def test_workflows_are_listed_the_latest_first_with_how_far_they_are() -> None:
    async with served(fleet(failed("w-1"), waiting("w-2"), run_of("w-3"))) as site:
        text = (await site.get("/workflows")).text

    assert ["w-3", "w-2", "w-1"] == re.findall(r'<tr id="run:([^"]+)"', text)
    assert '<progress value="0.42" max="1" aria-label="1 stream-image">' in text
    assert "needs a person" in text
    assert "the image ends after 1,024 of 4,096 bytes" in text


async def test_the_list_is_filtered_by_machine_and_state() -> None:
    made = fleet(failed("w-1"), run_of("w-2"))
    async with served(made) as site:
        over = (await site.get("/workflows?state=FAILED")).text
        none = (await site.get("/workflows?key=rack-0002")).text
        odd = (await site.get("/workflows?state=%3Cb%3E")).text

    assert ["w-1"] == re.findall(r'<tr id="run:([^"]+)"', over)
    assert "boots provision NAME --workflow FILE" in none
    assert 2 == odd.count('<tr id="run:')


@pytest.mark.parametrize(
    ("run", "sign", "word"),
    [
        (run_of(state="PREPARING"), "○", "preparing"),
        (run_of(), "▶", "running"),
        (run_of(state="POST"), "▶", "post"),
        (run_of(state="POST", sub="UNCONFIRMED"), "◼", "no sign of life"),
        (waiting(), "◼", "needs a person"),
        (failed(), "✕", "failed"),
        (failed(sub="CANCELLED"), "✕", "cancelled"),
        (succeeded(), "✓", "success"),
    ],
)
def test_each_state_has_a_sign_and_a_word(run: Run, sign: str, word: str) -> None:
    found = str(run_state(run.line))

    assert f">{sign}</span> {word}</span>" in found


async def test_a_run_shows_its_actions_its_disks_its_log_and_its_template() -> None:
    made = fleet(run_of(steps=steps(DONE, WRITING)))
    made.say(f"fetching {HOSTILE}\x1b[31m")
    async with served(made) as site:
        text = (await site.get("/workflows/w-1")).text

    said = plain(text)
    assert "1 stream-image done 20.0 s" in said
    assert "2 users running" in said
    assert "write 105 MiB/s, 12.0 s left" in said
    assert "Armed by ann (empty-only), until" in said
    assert "10.0 GiB BOOTS-1 QEMU HARDDISK empty all of it is lost , by stream-image" in said
    assert HOSTILE not in text
    assert "fetching &lt;script&gt;" in text
    assert "IMG_URL: http://192.0.2.1/images/debian.raw" in text


async def test_an_action_that_failed_shows_its_status_and_its_last_words() -> None:
    lines = "\n".join(f"line {number}" for number in range(40))
    made = fleet(failed(steps=steps(BROKEN | {"message": lines})))
    async with served(made) as site:
        text = (await site.get("/workflows/w-1")).text

    assert "failed with status 1" in text
    assert "line 28\nline 29" in text
    assert "line 27\n" not in text


async def test_a_viewer_sees_no_template_and_no_button() -> None:
    made = fleet(waiting())
    async with served(made, tokens=True) as site:
        page = await site.get("/workflows/w-1", **VIEWER)
        listed = await site.get("/workflows", **VIEWER)
        ask = await site.get("/workflows/w-1/ask/again", **VIEWER)
        done = await site.post("/workflows/w-1/ask/again", {"step": "1"}, **VIEWER)
        form = await site.get(f"/machines/{NAME}/provision", **VIEWER)
        begun = await site.post(f"/machines/{NAME}/provision/begin", {}, **VIEWER)
        freeze = await site.post("/freeze", {"frozen": "1"}, **VIEWER)

    assert 200 == page.status == listed.status
    assert "geheim" not in page.text
    assert "/ask/" not in page.text
    assert "/freeze" not in listed.text
    assert {403} == {each.status for each in (ask, done, form, begun, freeze)}
    assert [] == made.done


# --- what a person decides


@pytest.mark.parametrize("action", DECISIONS)
async def test_asking_decides_nothing(action: str) -> None:
    made = fleet(replace(waiting(), needs=tuple(DECISIONS)))
    async with served(made) as site:
        got = await site.get(f"/workflows/w-1/ask/{action}")

    assert 200 == got.status
    assert DECISIONS[action].means.partition("'")[0] in got.text
    assert [] == made.done


@pytest.mark.parametrize(
    ("action", "form", "done", "place"),
    [
        ("cancel", {}, ("cancel", "w-1", "local"), "w-1"),
        ("again", {"step": "1"}, ("settle", "w-1", 1, True, "local"), "w-1"),
        ("done", {"step": "2"}, ("settle", "w-1", 2, False, "local"), "w-1"),
        (
            "retry",
            {"first": "2", "policy": "wipe-known", "hours": "1", "power": "1"},
            (
                "retry",
                "w-1",
                Retry(first=2, arm=Arming(policy=Policy.WIPE_KNOWN, hours=1.0)),
                "local",
            ),
            "w-1b",
        ),
    ],
)
async def test_the_button_decides(action: str, form: dict[str, str], done: Any, place: str) -> None:
    one = failed() if action == "retry" else waiting()
    made = fleet(one)
    async with served(made) as site:
        page = await site.get("/workflows/w-1")
        got = await site.post(f"/workflows/w-1/ask/{action}", form)

    assert f'href="/workflows/w-1/ask/{action}"' in page.text
    assert (303, f"/workflows/{place}") == (got.status, got.headers["Location"])
    assert [done] == made.done


@pytest.mark.parametrize(
    ("action", "form", "status"),
    [
        ("retry", {}, 409),
        ("explode", {}, 404),
        ("again", {"step": "x"}, 400),
        ("again", {}, 400),
    ],
)
async def test_what_makes_no_sense_now_is_not_done(
    action: str, form: dict[str, str], status: int
) -> None:
    made = fleet(waiting())
    async with served(made) as site:
        page = await site.get("/workflows/w-1")
        got = await site.post(f"/workflows/w-1/ask/{action}", form)

    assert "/ask/retry" not in page.text
    assert (status, []) == (got.status, made.done)


async def test_a_run_is_taken_up_under_force_only_with_the_machines_name() -> None:
    made = fleet(failed())
    form = {"first": "1", "policy": "force", "disks": "BOOTS-1", "hours": "2"}
    async with served(made) as site:
        bare = await site.post("/workflows/w-1/ask/retry", form)
        other = await site.post("/workflows/w-1/ask/retry", form | {"typed": "rack-0002"})
        right = await site.post("/workflows/w-1/ask/retry", form | {"typed": NAME})

    assert (400, 400, 303) == (bare.status, other.status, right.status)
    assert 1 == len(made.done)


# --- provisioned


FORM = {"template": TEMPLATE, "policy": "empty-only", "hours": "2", "power": "1"}


async def test_a_machine_is_provisioned_by_a_workflow_that_is_planned_first() -> None:
    made = fleet()
    async with served(made) as site:
        machine = await site.get(f"/machines/{NAME}")
        form = await site.get(f"/machines/{NAME}/provision")
        plan = await site.post(f"/machines/{NAME}/provision", FORM)
        before = list(made.done)
        begun = await site.post(f"/machines/{NAME}/provision/begin", FORM)
        after = await site.get(f"/machines/{NAME}")

    assert f'href="/machines/{NAME}/provision"' in machine.text
    assert '<textarea id="template"' in form.text
    assert "debian on rack-0001?" in plan.text
    assert "10.0 GiB BOOTS-1 QEMU HARDDISK empty all of it is lost" in plain(plan.text)
    assert '<button class="grave">Begin</button>' in plan.text
    assert "geheim" in plan.text  # it is sent again by the button
    wanted = NewRun(machine=NAME, template=TEMPLATE, arm=Arming())
    assert ([], [wanted]) == (before, made.planned)
    assert [("create", wanted, "local")] == made.done
    assert (303, "/workflows/w-1") == (begun.status, begun.headers["Location"])
    assert 'href="/workflows/w-1"><strong>debian</strong>' in after.text


async def test_a_plan_that_would_be_refused_has_no_button_to_begin() -> None:
    made = fleet()
    async with served(made) as site:
        made.plan_ = REFUSED
        held = await site.post(f"/machines/{NAME}/provision", FORM)
        made.plan_ = RunPlan(name="debian", faults=("template:2:10: <b>no</b>",))
        wrong = await site.post(f"/machines/{NAME}/provision", FORM)

    assert "refused: it holds NTFS on 2 partitions" in plain(held.text)
    assert "template:2:10: &lt;b&gt;no&lt;/b&gt;" in wrong.text
    assert ">Begin<" not in held.text + wrong.text
    assert ">Change it<" in held.text


async def test_a_machine_that_has_a_run_gets_no_second_one() -> None:
    async with served(fleet(run_of())) as site:
        plan = await site.post(f"/machines/{NAME}/provision", FORM)

    assert "It has a run that is not over: debian" in plain(plan.text)
    assert ">Begin<" not in plan.text


async def test_for_a_workflow_that_writes_no_disk_none_is_armed() -> None:
    made = fleet()
    made.plan_ = replace(made.plan_, disks=())
    async with served(made) as site:
        plan = await site.post(f"/machines/{NAME}/provision", FORM)
        await site.post(f"/machines/{NAME}/provision/begin", FORM | {"unarmed": "1"})

    assert '<input type="hidden" name="unarmed" value="1">' in plan.text
    assert [("create", NewRun(machine=NAME, template=TEMPLATE), "local")] == made.done


async def test_the_form_comes_back_as_it_was_filled_in() -> None:
    form = FORM | {"disk": "smallest", "map": "device_2", "disks": "S1"}
    async with served(fleet()) as site:
        wrong = await site.post(f"/machines/{NAME}/provision", form)
        changed = await site.post(f"/machines/{NAME}/provision/change", form)

    assert 400 == wrong.status
    assert "device_2: write device_2=MAC" in wrong.text
    for page in (wrong, changed):
        assert 'value="smallest"' in page.text
        assert 'value="S1"' in page.text
        assert "DEST_DISK: /dev/vda1" in page.text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"template": " "}, "choose one, or write its template"),
        ({"policy": "always"}, "one of empty-only, wipe-known, force"),
        ({"policy": "force"}, "force wants the serial number or WWN of each"),
        ({"hours": "nan"}, "hours: more than 0, at most 168"),
        ({"hours": "x"}, "hours: more than 0, at most 168"),
    ],
)
async def test_what_makes_no_sense_is_told_and_not_begun(form: dict[str, str], told: str) -> None:
    made = fleet()
    async with served(made) as site:
        plan = await site.post(f"/machines/{NAME}/provision", FORM | form)
        begun = await site.post(f"/machines/{NAME}/provision/begin", FORM | form)

    assert (400, 400, []) == (plan.status, begun.status, made.done)
    assert told in plan.text


async def test_under_force_the_machines_name_is_typed() -> None:
    made = fleet()
    form = FORM | {"policy": "force", "disks": "BOOTS-1, BOOTS-2", "map": "device_2=x"}
    async with served(made) as site:
        plan = await site.post(f"/machines/{NAME}/provision", form)
        bare = await site.post(f"/machines/{NAME}/provision/begin", form)
        begun = await site.post(f"/machines/{NAME}/provision/begin", form | {"typed": NAME})

    assert f'<label for="typed">Type {NAME} to go on</label>' in plan.text
    assert (400, 303) == (bare.status, begun.status)
    ((_, wanted, _),) = made.done
    assert Arming(policy=Policy.FORCE, disks=("BOOTS-1", "BOOTS-2")) == wanted.arm
    assert {"device_2": "x"} == wanted.map


async def test_a_workflow_that_is_shipped_is_chosen_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "wipe.yaml").write_text("name: wipe\n")
    monkeypatch.setattr(shipped, "_FOLDER", tmp_path)
    made = fleet()
    async with served(made) as site:
        form = await site.get(f"/machines/{NAME}/provision")
        await site.post(f"/machines/{NAME}/provision", FORM | {"template": "", "shipped": "wipe"})

    assert "<option>wipe</option>" in form.text
    assert ["name: wipe\n"] == [each.template for each in made.planned]


# --- what becomes of disks


async def test_the_ends_of_a_disk_are_put_back_once_its_serial_number_was_said() -> None:
    made = fleet()
    path = "/machines/rack-0003/undo/7"
    async with served(made, tokens=True) as site:
        machine = await site.get("/machines/rack-0003", **OPERATOR)
        other = await site.get(f"/machines/{NAME}", **OPERATOR)
        viewer = await site.get("/machines/rack-0003", **VIEWER)
        asked = await site.get(path, **OPERATOR)
        wrong = await site.post(path, {"serial": "BOOTS-2"}, **OPERATOR)
        none = await site.post("/machines/rack-0003/undo/8", {"serial": "BOOTS-1"}, **OPERATOR)
        before = list(made.done)
        right = await site.post(path, {"serial": "BOOTS-1", "power": "1"}, **OPERATOR)

    assert f'href="{path}"' in machine.text
    assert "NTFS on 2 partitions" in viewer.text
    assert "/undo/" not in other.text + viewer.text
    assert "when the disk held NTFS on 2 partitions" in plain(asked.text)
    assert (400, 404, []) == (wrong.status, none.status, before)
    assert (303, "/workflows/w-9") == (right.status, right.headers["Location"])
    assert [("undo", "rack-0003", Undo(edges=7, serial="BOOTS-1"), "otto")] == made.done


async def test_a_run_that_erased_disks_leads_to_what_proves_it() -> None:
    async with served(fleet(succeeded("w-1"), run_of("w-2"))) as site:
        over = await site.get("/workflows/w-1")
        on = await site.get("/workflows/w-2")

    assert "Erased disks BOOTS-1 of one" in plain(over.text)
    assert 'href="/v1/workflows/w-1/certificate"' in over.text
    assert "Erased disks" not in on.text


# --- frozen


async def test_that_all_is_frozen_is_said_where_it_matters() -> None:
    made = fleet(run_of())
    paths = [
        "/",
        "/workflows",
        "/workflows/w-1",
        f"/machines/{NAME}",
        f"/machines/{NAME}/provision",
    ]
    async with served(made) as site:
        before = [(await site.get(path)).text for path in paths]
        await site.post("/freeze", {"frozen": "1", "why": "power <work>"})
        pages = [(await site.get(path)).text for path in paths]

    assert not any("is frozen" in page for page in before)
    assert all("All writing of disks is frozen" in page for page in pages)
    assert all("power &lt;work&gt;" in page for page in pages)
    assert [("freeze", True, "power <work>", "local")] == made.done


async def test_an_operator_freezes_and_an_admin_allows_writing_again() -> None:
    made = fleet()
    async with served(made, tokens=True) as site:
        await site.post("/freeze", {"frozen": "1"}, **OPERATOR)
        page = await site.get("/workflows", **OPERATOR)
        asked = await site.get("/freeze", **OPERATOR)
        refused = await site.post("/freeze", {"frozen": "0"}, **OPERATOR)
    async with served(made) as site:
        link = await site.get("/workflows")
        thawed = await site.post("/freeze", {"frozen": "0"})

    assert "Allow it again" not in page.text
    assert "needs the role admin" in asked.text
    assert (403, 303) == (refused.status, thawed.status)
    assert 'href="/freeze">Allow it again' in link.text
    assert [True, False] == [frozen for _, frozen, *_ in made.done]


# --- alive


async def test_a_run_is_followed_with_its_log() -> None:
    made = fleet(run_of())
    made.say("before")
    async with served(made) as site, site.live("/live/workflows/w-1?last=1") as live:
        first = await live.next()
        made.say("after")
        made.move(fleet(succeeded()).runs_["w-1"])
        told = [await live.next(), await live.next()]
        over = await live.next()

    assert {} == over  # and the page asks no more
    assert "stream-image" in first["parts"]["run"]
    assert "success" in next(each["parts"]["run"] for each in told if each["parts"])
    (said,) = [each for each in told if each["lines"]]
    assert 2 == said["last"]
    assert "after" in said["lines"]["log"][0]
    assert "before" not in str(said)


async def test_the_list_and_the_machine_follow_too() -> None:
    made = fleet(run_of())
    async with (
        served(made) as site,
        site.live("/live/workflows") as listed,
        site.live(f"/live/machines/{NAME}?last=99") as machine,
    ):
        first = await listed.next()
        await machine.next()
        made.move(fleet(failed()).runs_["w-1"])
        made.change(made.lines[NAME])
        later = await listed.next()
        doing = await machine.next()
        while "failed" not in doing.get("parts", {}).get("doing", ""):
            doing = await machine.next()

    assert "running" in first["parts"]["runs"]
    assert "failed" in later["parts"]["runs"]


async def test_a_run_that_is_over_is_not_followed() -> None:
    async with served(fleet(succeeded())) as site:
        text = (await site.get("/workflows/w-1")).text

    assert "data-live" not in text
